"""Put a text into the outbox and go on; when it may leave is decided at the gate."""

from __future__ import annotations

from datetime import datetime

from wagtail_drip.enrolments.effects import Decision, SendMessage
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        settings = step.settings
        send = SendMessage(
            step_id=step.id,
            visit=position.visit,
            text_id=settings.get("text_id"),
            purpose=settings.get("purpose") or "",
            topic=settings.get("topic") or "",
            track_links=settings.get("track_links", True),
            ignores_windows=settings.get("ignores_windows", False),
            expires_hours=settings.get("expires_hours"),
        )
        queued = Decision(step=step.id, rule={"name": "send_message"}, outcome="queued")
        return GoOn(effects=(send,), decisions=(queued,))
