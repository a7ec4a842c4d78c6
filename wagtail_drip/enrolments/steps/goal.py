"""Reaching this step is what the sequence is for: it ends here as a success."""

from __future__ import annotations

from datetime import datetime

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import End, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    acts = False

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        reached = Decision(step=step.id, rule={"name": "goal_step"}, outcome="reached")
        return End(state="completed", reason="goal_met", decisions=(reached,))
