"""Who may come in again, and under which keys."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments.entry import (
    Earlier,
    Refusal,
    dedupe_key,
    entry_key,
    give_out,
    is_fresh,
    is_triggered,
    may_enter,
    period_of,
    why_not,
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


@pytest.mark.parametrize(
    ("entry", "earlier", "expected"),
    [
        pytest.param(ALWAYS, [], None, id="the first time"),
        pytest.param(ALWAYS, [run(key="b:2025")], None, id="another year"),
        pytest.param(ALWAYS, [run(key="b:2026")], Refusal.SAME_OCCASION, id="the same year"),
        pytest.param(ALWAYS, [run(key="b:2025", running=True)], Refusal.INSIDE, id="last year's goes on"),
        pytest.param(NEVER, [run(key="b:2025")], Refusal.ENTERED_BEFORE, id="never again"),
        pytest.param(WEEKLY, [run(key="b:2025", days=6)], Refusal.TOO_SOON, id="too soon"),
        pytest.param(WEEKLY, [run(key="b:2025", days=7)], None, id="soon enough"),
    ],
)
def test_occasions_let_nobody_in_twice(
    entry: Entry, earlier: list[Earlier], expected: Refusal | None
) -> None:
    assert why_not(entry, key="b:2026", earlier=earlier, now=NOW, by_occasion=True) is expected


@given(
    st.integers(1, 7),
    st.sampled_from(["hour", "day"]),
    st.sampled_from(["wait", "refuse"]),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=12),
    st.sampled_from(["Europe/London", "Pacific/Apia", "America/Havana", "UTC"]),
)
def test_a_limit_holds_in_every_period_and_nobody_overtakes(
    most: int, per: str, excess: str, arrivals: list[tuple[int, int]], zone_name: str
) -> None:
    rules, zone = Entry(most=most, per=per, excess=excess), ZoneInfo(zone_name)
    now, given_out = NOW, None
    starts: list[datetime] = []
    for wanted, hours in arrivals:
        now += timedelta(hours=hours)
        moments, given_out = give_out(rules, given_out, wanted=wanted, now=now, zone=zone)
        assert len(moments) == wanted
        assert all(moment is None or moment >= now for moment in moments)
        starts += [moment for moment in moments if moment is not None]
        assert (None in moments) <= (excess == "refuse")

    filled = Counter(period_of(start, per=per, zone=zone) for start in starts)
    assert all(number <= most for number in filled.values())
    assert starts == sorted(starts)
    if excess == "refuse":
        assert all(
            start
            in {NOW + timedelta(hours=sum(h for _, h in arrivals[: n + 1])) for n in range(len(arrivals))}
            for start in starts
        )
