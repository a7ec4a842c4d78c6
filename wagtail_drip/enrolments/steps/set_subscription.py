"""Close a subscription, or open again what the person's own records allow; consent is never made up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wagtail_drip.contacts.consent import PermissionKey
from wagtail_drip.contacts.types import Channel
from wagtail_drip.enrolments.effects import Decision, SetSubscription
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kind(StepKind):
    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(subscriptions=True)

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        group, topic = str(step.settings["group"]), str(step.settings.get("topic") or "")
        granted = bool(step.settings["granted"])
        outcome = facts.subscriptions.outcome_of(PermissionKey(group, Channel.SMS, topic), granted)
        decision = Decision(
            step=step.id,
            rule={"name": "set_subscription", "group": group, "topic": topic, "granted": granted},
            value=granted,
            outcome=outcome,
        )
        change = SetSubscription(group=group, topic=topic, granted=granted, step_id=step.id)
        # Asked again under the contact's lock when it is carried out, for a stop may come in between.
        return GoOn(effects=(change,) if outcome == "changed" else (), decisions=(decision,))
