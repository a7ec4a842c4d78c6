"""Take a tag away from the contact."""

from __future__ import annotations

from datetime import datetime

from wagtail_drip.enrolments.effects import ChangeTag, Decision
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        tag = str(step.settings["tag"])
        done = Decision(step=step.id, rule={"name": "remove_tag", "tag": tag}, value=tag, outcome="changed")
        return GoOn(effects=(ChangeTag(tag=tag, add=False),), decisions=(done,))
