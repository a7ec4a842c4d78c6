"""Go one of two ways: by what the contact has done since entering, or by what we know of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.events.conditions import Condition, EventTest, conditions_from_json
from wagtail_drip.sequences.flow import Step

YES, NO = "yes", "no"


class Kind(StepKind):
    acts = False

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        test = settings["test"]
        return (
            Needs(events=frozenset({test["event"]}))
            if test["kind"] == "event"
            else Needs.of_property(test["property"])
        )

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        test = step.settings["test"]
        decision = _by_event(step, test, facts) if test["kind"] == "event" else _by_value(step, test, facts)
        return GoOn(path=decision.outcome, decisions=(decision,))


def _by_event(step: Step, test: Mapping[str, Any], facts: Facts) -> Decision:
    wanted = EventTest(event=test["event"], conditions=conditions_from_json(test.get("conditions")))
    found = len(facts.matching(wanted))
    negate = bool(test.get("negate"))
    return Decision(
        step=step.id,
        rule={
            "name": "event",
            "event": wanted.event,
            "conditions": list(test.get("conditions") or ()),
            "negate": negate,
        },
        value=found,
        outcome=YES if bool(found) != negate else NO,
        since=facts.since.isoformat(),
    )


def _by_value(step: Step, test: Mapping[str, Any], facts: Facts) -> Decision:
    condition = Condition(
        property=test["property"], operator=test["operator"], value=str(test.get("value", ""))
    )
    values = facts.values()
    return Decision(
        step=step.id,
        rule={
            "name": "attribute",
            "property": condition.property,
            "operator": condition.operator,
            "value": condition.value,
        },
        value=condition.read(values),
        outcome=YES if condition.holds(values) else NO,
    )
