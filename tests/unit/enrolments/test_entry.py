"""Who may come in again, and under which keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments.entry import (
    Earlier,
    dedupe_key,
    entry_key,
    is_fresh,
    is_triggered,
    may_enter,
)
from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.events.conditions import Condition, EventTest
from wagtail_drip.sequences.flow import Entry, Flow

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEVER, ALWAYS = Entry(), Entry(reentry="always")
WEEKLY = Entry(reentry="after_days", days=7)


def run(*, days: float = 1, key: str = "", running: bool = False) -> Earlier:
    return Earlier(dedupe_key=key, entered_at=NOW - timedelta(days=days), is_running=running)


@pytest.mark.parametrize(
    ("entry", "earlier", "expected"),
    [
        pytest.param(NEVER, [], True, id="never again: the first time"),
        pytest.param(NEVER, [run(days=999)], False, id="never again: not after years"),
        pytest.param(
            NEVER, [run(key="other")], True, id="never again for this order; another order does not count"
        ),
        pytest.param(ALWAYS, [run()], True, id="every time"),
        pytest.param(ALWAYS, [run(running=True)], False, id="every time, but not twice at once"),
        pytest.param(
            ALWAYS, [run(key="other", running=True)], True, id="side by side with another order's run"
        ),
        pytest.param(WEEKLY, [run(days=6.99)], False, id="after a week: a little too soon"),
        pytest.param(WEEKLY, [run(days=7)], True, id="after a week: just then"),
        pytest.param(WEEKLY, [run(days=30), run(days=2)], False, id="after a week: counted from the latest"),
        pytest.param(WEEKLY, [run(days=30, running=True)], False, id="after a week, but still inside"),
    ],
)
def test_may_enter(entry: Entry, earlier: list[Earlier], expected: bool) -> None:
    assert may_enter(entry, key="", earlier=earlier, now=NOW) is expected


def test_the_entry_key_is_what_two_workers_would_write_alike() -> None:
    assert entry_key(NEVER, key="17", now=NOW) == ""
    assert entry_key(ALWAYS, key="17", now=NOW) == "17"
    assert entry_key(WEEKLY, key="17", now=NOW) == "2026-02-25"


@given(days=st.integers(1, 400), start=st.integers(0, 10**9), gap=st.integers(0, 10**7))
def test_the_key_of_a_period_never_refuses_whom_the_rule_lets_in(days: int, start: int, gap: int) -> None:
    entry = Entry(reentry="after_days", days=days)
    first = NOW + timedelta(seconds=start)
    second = first + timedelta(days=days, seconds=gap)
    earlier = [Earlier(dedupe_key="", entered_at=first, is_running=False)]

    assert may_enter(entry, key="", earlier=earlier, now=second)
    assert entry_key(entry, key="1", now=first) != entry_key(entry, key="2", now=second)


def flow(**options: object) -> Flow:
    return Flow(**{"trigger": None, **options})  # type: ignore[arg-type] # options of Flow, by name


@pytest.mark.parametrize(
    ("keyed", "name", "properties", "expected"),
    [
        pytest.param(False, "order_placed", {"order_id": "7"}, "", id="not keyed"),
        pytest.param(True, "order_placed", {"order_id": "7"}, "7", id="by the order"),
        pytest.param(True, "cart_abandoned", {"cart_id": 12}, "12", id="by the cart, as text"),
        pytest.param(True, "order_placed", {}, "", id="the order is not told"),
        pytest.param(True, "custom:anything", {"order_id": "7"}, "", id="an event that has no key"),
        pytest.param(True, "order_placed", {"order_id": "7" * 200}, "7" * 128, id="as long as the column"),
    ],
)
def test_the_dedupe_key_is_the_trigger_s_object(
    keyed: bool, name: str, properties: dict[str, object], expected: str
) -> None:
    event = Seen(id=1, name=name, properties=properties, recorded_at=NOW)

    assert dedupe_key(flow(entry=Entry(keyed=keyed)), event) == expected


@pytest.mark.parametrize(("hours", "expected"), [(5.99, True), (6, True), (6.01, False)])
def test_an_old_event_starts_nothing(hours: float, expected: bool) -> None:
    assert is_fresh(NOW - timedelta(hours=hours), max_age_hours=6, now=NOW) is expected


def test_a_trigger_asks_for_the_event_and_its_conditions() -> None:
    plan = flow(
        trigger=EventTest(
            event="order_placed", conditions=(Condition(property="total", operator="at_least", value="50"),)
        )
    )

    def event(name: str, total: str) -> Seen:
        return Seen(id=1, name=name, properties={"total": total}, recorded_at=NOW)

    assert is_triggered(plan, event("order_placed", "50.00"))
    assert not is_triggered(plan, event("order_placed", "49.99"))
    assert not is_triggered(plan, event("order_paid", "50.00"))
    assert not is_triggered(flow(), event("order_placed", "50.00"))
