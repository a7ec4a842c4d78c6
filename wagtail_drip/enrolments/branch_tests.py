"""What a branch can ask of the facts, one function for each kind of test. Pure.

A test is plain JSON with its ``kind`` and what an editor filled in. Another kind is one more entry in ``TESTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from wagtail_drip.contacts.consent import PermissionKey, allows
from wagtail_drip.contacts.types import Channel
from wagtail_drip.enrolments.facts import Facts, Needs, Seen
from wagtail_drip.events.conditions import Condition, EventTest, conditions_from_json
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.sequences import replies

CLICKED, REPLIED = "link_clicked", "message_replied"
# How far back a test of an event looks.
SINCE_ENTRY, LAST_DAYS, EVER = "entry", "days", "ever"

Test = Mapping[str, Any]


class UnknownTest(WagtailDripError):
    """A branch asks by a kind of test that is not installed; edit it and publish the sequence again."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    :ivar rule: what was asked, for the trace.
    :ivar value: what was read; never what somebody wrote to us, which is erased with them.
    :ivar since: from when on events were looked at.
    """

    holds: bool
    rule: dict[str, Any]
    value: Any = None
    since: str = ""


@dataclass(frozen=True, kw_only=True)
class TestKind:
    needs: Callable[[Test], Needs]
    ask: Callable[[Test, Facts, datetime], Answer]


def needs_of(test: Test) -> Needs:
    """Return what must be gathered before *test* is asked; a kind that is not installed fails only who comes to it."""
    kind = TESTS.get(test["kind"])
    return kind.needs(test) if kind else Needs()


def ask(test: Test, facts: Facts, now: datetime) -> Answer:
    """
    Return whether *test* holds, and by what.

    :raises UnknownTest: if no such kind is installed.
    """
    kind = TESTS.get(test["kind"])
    if kind is None:
        raise UnknownTest(f"No test of kind {test['kind']!r} is installed.")
    return kind.ask(test, facts, now)


def _event_needs(test: Test) -> Needs:
    window = test.get("since") or SINCE_ENTRY
    if window == SINCE_ENTRY:
        return Needs(events=frozenset({test["event"]}))
    return Needs(history=frozenset({(test["event"], int(test["days"]) if window == LAST_DAYS else 0)}))


def _event(test: Test, facts: Facts, now: datetime) -> Answer:
    wanted = EventTest(event=test["event"], conditions=conditions_from_json(test.get("conditions")))
    window, negate, times = (
        test.get("since") or SINCE_ENTRY,
        bool(test.get("negate")),
        int(test.get("times") or 1),
    )
    rule: dict[str, Any] = {
        "name": "event",
        "event": wanted.event,
        "conditions": list(test.get("conditions") or ()),
        "negate": negate,
    }
    if times > 1:
        rule["times"] = times
    if window == SINCE_ENTRY:
        found, since = len(facts.matching(wanted)), facts.since.isoformat()
    else:
        days = int(test["days"]) if window == LAST_DAYS else 0
        floor = now - timedelta(days=days) if days else None
        found = sum(
            wanted.accepts(seen.name, seen.properties)
            for seen in facts.history
            if (floor is None or seen.recorded_at > floor) and seen.recorded_at <= now
        )
        since = floor.isoformat() if floor else ""
        rule["days"] = days
    return Answer(holds=(found >= times) != negate, rule=rule, value=found, since=since)


def _value(test: Test) -> Condition:
    return Condition(property=test["property"], operator=test["operator"], value=str(test.get("value", "")))


def _described(name: str, condition: Condition) -> dict[str, Any]:
    return {
        "name": name,
        "property": condition.property,
        "operator": condition.operator,
        "value": condition.value,
    }


def _attribute(test: Test, facts: Facts, now: datetime) -> Answer:
    condition, values = _value(test), facts.values()
    return Answer(
        holds=condition.holds(values),
        rule=_described("attribute", condition),
        value=condition.read(values),
    )


def _payload(test: Test, facts: Facts, now: datetime) -> Answer:
    """Ask what the event told that started this run; a run without one has nothing filled in."""
    condition = _value(test)
    properties = facts.trigger.properties if facts.trigger else {}
    return Answer(
        holds=condition.holds(properties),
        rule=_described("payload", condition),
        value=condition.read(properties),
    )


def _is_here(seen: Seen, test: Test, facts: Facts) -> bool:
    """Tell whether a click or a reply belongs to this sequence, or to the one step of it that the test names."""
    scope = test.get("scope") or "sequence"
    if scope == "step":
        return str(seen.properties.get("step_id") or "") == test.get("step")
    return scope == "any" or seen.properties.get("sequence_id") == facts.sequence_id


def _clicked(test: Test, facts: Facts, now: datetime) -> Answer:
    address = str(test.get("address") or "").casefold()
    found = sum(
        address in str(seen.properties.get("url") or "").casefold()
        for seen in facts.matching(EventTest(event=CLICKED))
        if _is_here(seen, test, facts)
    )
    rule = {
        "name": "clicked",
        "scope": test.get("scope") or "sequence",
        "step": test.get("step") or "",
        "address": test.get("address") or "",
    }
    return Answer(holds=found > 0, rule=rule, value=found, since=facts.since.isoformat())


def _replied(test: Test, facts: Facts, now: datetime) -> Answer:
    how, words = str(test.get("how") or replies.ANYTHING), list(test.get("words") or ())
    found = sum(
        replies.says(str(seen.properties.get("text") or ""), how=how, words=words)
        for seen in facts.matching(EventTest(event=REPLIED))
    )
    rule = {"name": "replied", "how": how, "words": words}
    return Answer(holds=found > 0, rule=rule, value=found, since=facts.since.isoformat())


def _permission(test: Test, facts: Facts, now: datetime) -> Answer:
    key = PermissionKey(test["group"], Channel.SMS, test.get("topic") or "")
    permitted, negate = allows(facts.subscriptions.held, key), bool(test.get("negate"))
    rule = {"name": "permission", "group": key.group, "topic": key.topic, "negate": negate}
    return Answer(holds=permitted != negate, rule=rule, value=permitted)


def _segment(test: Test, facts: Facts, now: datetime) -> Answer:
    is_in, negate = int(test["segment"]) in facts.segments, bool(test.get("negate"))
    rule = {"name": "segment", "segment": int(test["segment"]), "negate": negate}
    return Answer(holds=is_in != negate, rule=rule, value=is_in)


def _stage(test: Test, facts: Facts, now: datetime) -> Answer:
    negate = bool(test.get("negate"))
    rule = {"name": "stage", "stage": test["stage"], "negate": negate}
    return Answer(holds=(facts.stage == test["stage"]) != negate, rule=rule, value=facts.stage)


def _interest(test: Test, facts: Facts, now: datetime) -> Answer:
    interest, by, negate = int(test["interest"]), str(test.get("by") or ""), bool(test.get("negate"))
    said = interest in facts.stated
    has_shown = interest in facts.inferred and facts.inferred[interest] > now
    cares = {"stated": said, "inferred": has_shown}.get(by, said or has_shown)
    rule = {"name": "interest", "interest": interest, "by": by, "negate": negate}
    value = [name for name, is_so in (("stated", said), ("inferred", has_shown)) if is_so]
    return Answer(holds=cares != negate, rule=rule, value=value)


def _purchases(test: Test, facts: Facts, now: datetime) -> Answer:
    days, currency = int(test.get("days") or 0), str(test.get("currency") or "")
    floor = now - timedelta(days=days) if days else None
    counted = [
        each
        for each in facts.purchases
        if each.at <= now and (floor is None or each.at > floor) and currency in ("", each.currency)
    ]
    read = MEASURES[test["measure"]](counted, now)
    wanted = Decimal(str(test["number"]))
    holds = read is not None and (read >= wanted if test["operator"] == "at_least" else read <= wanted)
    rule = {
        "name": "purchases",
        "measure": test["measure"],
        "operator": test["operator"],
        "number": str(wanted),
        "days": days,
        "currency": currency,
    }
    return Answer(
        holds=holds,
        rule=rule,
        value=None if read is None else str(read),
        since=floor.isoformat() if floor else "",
    )


def _days_since_last(bought: list[Any], now: datetime) -> Decimal | None:
    """Return how many whole days ago the last purchase was; None where there is none, which passes no test."""
    return Decimal((now - max(each.at for each in bought)).days) if bought else None


MEASURES: dict[str, Callable[[list[Any], datetime], Decimal | None]] = {
    "count": lambda bought, now: Decimal(len(bought)),
    "total": lambda bought, now: sum((each.total for each in bought), Decimal(0)),
    "days_since": _days_since_last,
}


def _needs_event(name: str) -> Callable[[Test], Needs]:
    return lambda test: Needs(events=frozenset({name}))


TESTS: dict[str, TestKind] = {
    "event": TestKind(needs=_event_needs, ask=_event),
    "attribute": TestKind(needs=lambda test: Needs.of_property(test["property"]), ask=_attribute),
    "payload": TestKind(needs=lambda test: Needs(), ask=_payload),
    "clicked": TestKind(needs=_needs_event(CLICKED), ask=_clicked),
    "replied": TestKind(needs=_needs_event(REPLIED), ask=_replied),
    "permission": TestKind(needs=lambda test: Needs(subscriptions=True), ask=_permission),
    "segment": TestKind(needs=lambda test: Needs(segments=frozenset({int(test["segment"])})), ask=_segment),
    "stage": TestKind(needs=lambda test: Needs(stage=True), ask=_stage),
    "interest": TestKind(needs=lambda test: Needs(interests=True), ask=_interest),
    "purchases": TestKind(needs=lambda test: Needs(purchases=True), ask=_purchases),
}
