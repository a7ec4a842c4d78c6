"""Let the contact into another sequence; its own rules decide whether they enter."""

from __future__ import annotations

from datetime import datetime

from wagtail_drip.enrolments.effects import Decision, EnrolIn
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        sequence_id = int(step.settings["sequence"])
        # Whether its rules let them in is known when it is carried out, which writes it over "asked".
        asked = Decision(step=step.id, rule={"name": "enrol_in"}, value=sequence_id, outcome="asked")
        wish = EnrolIn(sequence_id=sequence_id, step_id=step.id, visit=position.visit)
        return GoOn(effects=(wish,), decisions=(asked,))
