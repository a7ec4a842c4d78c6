"""Leave the sequence here, before its end. Texts already in the outbox still go."""

from __future__ import annotations

from datetime import datetime

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import End, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    acts = False

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        why = Decision(
            step=step.id, rule={"name": "exit", "reason": step.settings.get("reason") or ""}, outcome="exited"
        )
        return End(state="exited", reason="exit_rule", decisions=(why,))
