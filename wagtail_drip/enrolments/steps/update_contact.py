"""Write down something about the contact."""

from __future__ import annotations

from datetime import datetime

from wagtail_drip.enrolments.effects import Decision, UpdateContact
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step

FIELDS = frozenset({"first_name", "last_name", "language", "zone"})


class Kind(StepKind):
    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        field, value = str(step.settings["field"]), step.settings.get("value", "")
        attribute = str(step.settings.get("attribute") or "") if field not in FIELDS else ""
        if field not in FIELDS and not attribute:
            raise ValueError("A step that updates a contact must name one of its fields or an attribute.")
        change = UpdateContact(field=field, attribute=attribute, value=value)
        written = Decision(
            step=step.id,
            rule={"name": "update_contact", "field": attribute or field},
            value=value,
            outcome="changed",
        )
        return GoOn(effects=(change,), decisions=(written,))
