"""Tell somebody of the staff, and go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wagtail_drip.enrolments.effects import CallOutside, Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(answers="webhook." in f"{settings.get('subject')}{settings.get('text')}")

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        settings, trigger = step.settings, facts.trigger
        tell = CallOutside(
            kind="notice",
            step_id=step.id,
            visit=position.visit,
            payload={
                "subject": settings.get("subject") or "",
                "text": settings.get("text") or "",
                "people": list(settings.get("people") or ()),
                "addresses": list(settings.get("addresses") or ()),
                "event": {"name": trigger.name, "properties": dict(trigger.properties)} if trigger else None,
                "webhook": facts.answered(),
            },
        )
        told = Decision(step=step.id, rule={"name": "notify_staff"}, outcome="asked")
        return GoOn(effects=(tell,), decisions=(told,))
