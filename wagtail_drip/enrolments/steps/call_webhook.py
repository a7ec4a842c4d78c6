"""Ask another system, and wait for its answer; without one the run goes on when the wait is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from wagtail_drip.enrolments.effects import ANSWERED, CallOutside, Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind, Wait
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(answers=True)

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        name = str(step.settings["name"])
        rule = {"name": "call_webhook", "webhook": name, "target": step.settings["target"]}
        answer = facts.answers.get(position.visit)
        if answer is not None:
            outcome = "failed" if answer.error else "answered"
            value = answer.error or sorted(answer.values)
            return GoOn(decisions=(Decision(step=step.id, rule=rule, value=value, outcome=outcome),))
        until = position.began_at + timedelta(minutes=int(step.settings["wait_minutes"]))
        if now >= until:
            return GoOn(decisions=(Decision(step=step.id, rule=rule, outcome="no_answer"),))
        if position.memory.get("asked"):
            return Wait(until=until, event=ANSWERED, memory=position.memory)
        trigger = facts.trigger
        ask = CallOutside(
            kind="webhook",
            step_id=step.id,
            visit=position.visit,
            name=name,
            payload={
                "target": step.settings["target"],
                "fields": dict(step.settings.get("fields") or {}),
                "event": {"name": trigger.name, "properties": dict(trigger.properties)} if trigger else None,
                "webhook": facts.answered(),
            },
        )
        asked = Decision(step=step.id, rule=rule, outcome="asked")
        return Wait(until=until, event=ANSWERED, memory={"asked": True}, effects=(ask,), decisions=(asked,))
