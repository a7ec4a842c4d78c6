"""Why somebody did not enter: each rule says no by itself, and never otherwise than the door does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments import entry, why_not
from wagtail_drip.enrolments.entry import Earlier
from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.enrolments.why_not import EntryRule, Full, Happening, Standing
from wagtail_drip.events.conditions import Condition, EventTest
from wagtail_drip.sequences.flow import Entry, Flow
from wagtail_drip.sequences.triggers import Timed

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BIRTHDAY = Timed(kind="date", attribute="birthday", yearly=True)
EXPIRY = Timed(kind="date", attribute="expiry")
AT_LEAST_50 = Condition(property="total", operator="at_least", value="50")


def flow(**given: object) -> Flow:
    return Flow(trigger=EventTest(event="order_placed", conditions=(AT_LEAST_50,)), **given)  # type: ignore[arg-type]


def happening(*, total: str = "60", hours_ago: float = 1, **given: object) -> Happening:
    event = Seen(
        id=1,
        name="order_placed",
        properties={"total": total, "order_id": "A1"},
        recorded_at=NOW - timedelta(hours=hours_ago),
    )
    return Happening(**{"event": event, "site_id": 1, **given})  # type: ignore[arg-type]


def ran(*, days_ago: float, running: bool = False) -> Earlier:
    return Earlier(dedupe_key="", entered_at=NOW - timedelta(days=days_ago), is_running=running)


def full(*, since_hours: float, until_hours: float) -> Full:
    return Full(
        per="hour",
        period=NOW - timedelta(hours=since_hours),
        most=2,
        n=3,
        first_at=NOW - timedelta(hours=since_hours),
        last_at=NOW - timedelta(hours=until_hours),
    )


@pytest.mark.parametrize(
    ("standing", "event", "expected"),
    [
        pytest.param(
            Standing(flow=flow(), state="live"), happening(has_started=True), None, id="it did start a run"
        ),
        pytest.param(
            Standing(flow=flow(), state="live"), happening(), EntryRule.NOT_THEN, id="read at a bad moment"
        ),
        pytest.param(
            Standing(flow=flow(), state="live", full=[full(since_hours=2, until_hours=0.5)]),
            happening(),
            EntryRule.FULL,
            id="while it was full",
        ),
        pytest.param(
            Standing(flow=flow(), state="live", full=[full(since_hours=0.9, until_hours=0.9)]),
            happening(),
            EntryRule.FULL,
            id="a queue stood before it",
        ),
        pytest.param(
            Standing(flow=flow(), state="live", full=[full(since_hours=0.5, until_hours=0.5)]),
            happening(),
            EntryRule.NOT_THEN,
            id="long before it was full",
        ),
        pytest.param(
            Standing(flow=flow(), state="live", full=[full(since_hours=3, until_hours=2)]),
            happening(),
            EntryRule.NOT_THEN,
            id="full before, and nobody was refused after",
        ),
        pytest.param(
            Standing(flow=flow(), state="live", full=[full(since_hours=2, until_hours=0.5)]),
            happening(total="49"),
            EntryRule.CONDITION,
            id="too cheap, and full",
        ),
        pytest.param(
            Standing(flow=flow(entry=Entry(without_tags=("staff",))), state="live", tags=("staff", "vip")),
            happening(),
            EntryRule.LEFT_OUT_BY_TAG,
            id="has a tag that is left out",
        ),
        pytest.param(
            Standing(flow=flow(entry=Entry(without_tags=("staff",))), state="live", tags=("vip",)),
            happening(),
            EntryRule.NOT_THEN,
            id="has another tag",
        ),
        pytest.param(
            Standing(flow=flow(), state="live"),
            happening(is_backfilled=True),
            EntryRule.BACKFILLED,
            id="brought in from the past",
        ),
        pytest.param(
            Standing(flow=flow(), state="live"), happening(total="49"), EntryRule.CONDITION, id="too cheap"
        ),
        pytest.param(
            Standing(flow=flow(), state="live", published_at=NOW),
            happening(),
            EntryRule.BEFORE_PUBLISHING,
            id="before it was published",
        ),
        pytest.param(
            Standing(flow=flow(), state="live", site_id=2), happening(), EntryRule.SITE, id="another site"
        ),
        pytest.param(
            Standing(flow=flow(), state="live"),
            happening(is_read=False, hours_ago=9),
            EntryRule.FRESH,
            id="too old by the time it is read",
        ),
        pytest.param(
            Standing(flow=flow(), state="live"), happening(is_read=False), EntryRule.UNREAD, id="not read yet"
        ),
        pytest.param(
            Standing(flow=flow(), state="live"),
            happening(is_set_aside=True),
            EntryRule.SET_ASIDE,
            id="could not be read",
        ),
        pytest.param(
            Standing(flow=flow(), state="live", earlier=[ran(days_ago=3)]),
            happening(),
            EntryRule.REENTRY,
            id="never again",
        ),
        pytest.param(
            Standing(
                flow=flow(entry=Entry(reentry="always")),
                state="live",
                earlier=[ran(days_ago=3, running=True)],
            ),
            happening(),
            EntryRule.ALREADY_INSIDE,
            id="inside",
        ),
    ],
)
def test_which_rule_refused_an_event(standing: Standing, event: Happening, expected: str | None) -> None:
    refused = why_not.tried(standing, event, now=NOW).refused_by

    assert (refused.name if refused else None) == expected


def test_a_condition_tells_what_it_read() -> None:
    refused = why_not.tried(Standing(flow=flow(), state="live"), happening(total="49"), now=NOW).refused_by

    assert refused is not None
    assert (refused.rule["property"], refused.rule["value"], refused.value) == ("total", "50", "49")


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(flow=None), {EntryRule.NEVER_PUBLISHED}),
        (Standing(flow=flow(), state="paused"), {EntryRule.SEQUENCE_STATE}),
        (Standing(flow=flow(), state="live", is_erased=True), {EntryRule.ERASED}),
        (Standing(flow=flow(), state="live", is_merged=True), {EntryRule.MERGED}),
        (Standing(flow=flow(), state="live", earlier=[ran(days_ago=1)]), {EntryRule.REENTRY}),
        (Standing(flow=flow(), state="live"), set()),
    ],
)
def test_what_keeps_somebody_out_whatever_happens(standing: Standing, expected: set[str]) -> None:
    assert {check.name for check in why_not.standing_checks(standing, now=NOW) if not check.holds} == expected


def test_after_some_days_it_is_told_from_when_on() -> None:
    weekly = flow(entry=Entry(reentry="after_days", days=7))
    standing = Standing(flow=weekly, state="live", earlier=[ran(days_ago=30), ran(days_ago=2)])

    (check,) = [each for each in why_not.standing_checks(standing, now=NOW) if not each.holds]

    assert check.next_at == NOW + timedelta(days=5)


@pytest.mark.parametrize(
    ("timed", "known", "expected"),
    [
        (Timed(kind="date", attribute="birthday"), {}, {EntryRule.NO_DATE}),
        (BIRTHDAY, {"attributes": {"birthday": "--05-01"}}, set()),
        (BIRTHDAY, {"attributes": {"birthday": "in May"}}, {EntryRule.NO_DATE}),
        (EXPIRY, {"attributes": {"expiry": "--05-01"}}, {EntryRule.NO_DATE}),
        (EXPIRY, {"attributes": {"expiry": "2026-05-01"}}, set()),
        (Timed(kind="inactive", event="order_placed"), {}, {EntryRule.NEVER_HAPPENED}),
        (Timed(kind="inactive", event="order_placed"), {"last_at": NOW}, set()),
        (Timed(kind="inactive"), {"last_at": NOW, "is_here": False}, {EntryRule.SITE}),
        (Timed(kind="once"), {"is_in_audience": False}, {EntryRule.NOT_IN_AUDIENCE}),
        (Timed(kind="once"), {"is_set_aside": True}, {EntryRule.TRIGGER_SET_ASIDE}),
        (Timed(kind="once", audience="tag", tag="vip"), {}, {EntryRule.NO_TAG}),
        (Timed(kind="once", audience="tag", tag="vip"), {"tags": {"vip"}}, set()),
        (Timed(kind="once"), {}, set()),
        (Timed(kind="once", without_tags=("staff",)), {"tags": {"vip"}}, set()),
        (
            Timed(kind="once", without_tags=("staff", "vip")),
            {"tags": {"vip"}, "is_in_audience": False},
            {EntryRule.LEFT_OUT_BY_TAG},
        ),
        (Timed(kind="once", without_segments=(7,)), {"segments": {8}}, set()),
        (
            Timed(kind="once", without_segments=(7,)),
            {"segments": {7}, "is_in_audience": False},
            {EntryRule.LEFT_OUT_BY_SEGMENT},
        ),
    ],
)
def test_what_a_calendar_must_find_of_somebody(
    timed: Timed, known: dict[str, object], expected: set[str]
) -> None:
    standing = Standing(flow=Flow(trigger=None, timed=timed), state="live", **known)  # type: ignore[arg-type]

    assert {check.name for check in why_not.standing_checks(standing, now=NOW) if not check.holds} == expected


@given(
    reentry=st.sampled_from(["never", "after_days", "always"]),
    days=st.integers(1, 60),
    runs=st.lists(st.tuples(st.floats(0.01, 90), st.booleans()), max_size=4),
)
def test_it_never_says_otherwise_than_the_door(
    reentry: str, days: int, runs: list[tuple[float, bool]]
) -> None:
    rules = Entry(reentry=reentry, days=days)
    earlier = [ran(days_ago=ago, running=running) for ago, running in runs]
    standing = Standing(flow=flow(entry=rules), state="live", earlier=earlier)

    checks = why_not.standing_checks(standing, now=NOW)

    let_in = entry.may_enter(rules, key="", earlier=earlier, now=NOW)
    assert all(check.holds for check in checks) is let_in
    for check in checks:
        if check.next_at is not None and not any(run.is_running for run in earlier):
            assert entry.may_enter(rules, key="", earlier=earlier, now=check.next_at)
            sooner = check.next_at - timedelta(minutes=1)
            assert not entry.may_enter(rules, key="", earlier=earlier, now=sooner)
