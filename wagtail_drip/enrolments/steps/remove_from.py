"""End the contact's runs of another sequence."""

from __future__ import annotations

from datetime import datetime

from wagtail_drip.enrolments.effects import Decision, RemoveFrom
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        sequence_id = int(step.settings["sequence"])
        asked = Decision(step=step.id, rule={"name": "remove_from"}, value=sequence_id, outcome="asked")
        return GoOn(effects=(RemoveFrom(sequence_id=sequence_id, step_id=step.id),), decisions=(asked,))
