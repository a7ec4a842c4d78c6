"""Waiting for a date: what is meant by it, what becomes of one that moves, and the nights the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments import dates
from wagtail_drip.enrolments.dates import Offset
from wagtail_drip.enrolments.effects import CancelPending
from wagtail_drip.enrolments.facts import Facts, Seen
from wagtail_drip.enrolments.steps.base import Position
from wagtail_drip.enrolments.walk import Walked, needs_of, start_of, walk
from wagtail_drip.sequences.flow import Flow, Path, Step, from_json

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENTERED = NOW - timedelta(minutes=1)
FOLLOW = {
    "key": "appointment_id",
    "cancelled": ["appointment_cancelled"],
    "moved": ["appointment_changed", "appointment_booked"],
}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "offset", "expected"),
    [
        pytest.param("2026-05-17", Offset(), utc(2026, 5, 17, 7), id="a date alone is nine in the morning"),
        pytest.param("2026-05-17", Offset(at=time(18, 30)), utc(2026, 5, 17, 16, 30), id="at a time of day"),
        pytest.param(
            "2026-12-01T14:30:00+00:00",
            Offset(direction="before", amount=2, unit="hours"),
            utc(2026, 12, 1, 12, 30),
            id="two hours before an appointment",
        ),
        pytest.param(
            "2026-12-01T14:30:00+00:00",
            Offset(direction="before", amount=1, unit="days"),
            utc(2026, 11, 30, 14, 30),
            id="a day before, at its own time of day",
        ),
        pytest.param(
            "2026-12-01T23:30:00+00:00",
            Offset(direction="before", amount=1, unit="days", at=time(10)),
            utc(2026, 12, 1, 9),
            id="the day is the contact's: half past midnight on the second, in Berlin",
        ),
        pytest.param(
            "2026-03-29T12:00:00+02:00",
            Offset(direction="before", amount=1, unit="days"),
            utc(2026, 3, 28, 11),
            id="a day before is noon too, across the night the clocks go forward",
        ),
        pytest.param(
            "2026-03-29T12:00:00+02:00",
            Offset(direction="before", amount=24, unit="hours"),
            utc(2026, 3, 28, 10),
            id="24 hours before is not noon then",
        ),
        pytest.param(
            "2026-10-24T12:00",
            Offset(direction="after", amount=1, unit="weeks"),
            utc(2026, 10, 31, 11),
            id="a week after without an offset, across the night they go back",
        ),
        pytest.param(
            "2026-03-28",
            Offset(direction="after", amount=1, at=time(2, 30)),
            utc(2026, 3, 29, 1, 30),
            id="in the gap",
        ),
    ],
)
def test_what_is_meant(value: str, offset: Offset, expected: datetime) -> None:
    zone = ZoneInfo(BERLIN)
    written = dates.read(value, zone=zone)
    assert written is not None

    assert dates.moment_of(written, offset, zone=zone) == expected


@pytest.mark.parametrize(
    "value", [None, "", "soon", "2026-02-30", "13-40", 7, "2026-05-17T25:00", [], "9" * 40]
)
def test_what_is_no_date(value: Any) -> None:
    assert dates.read(value, zone=ZoneInfo(BERLIN)) is None


@pytest.mark.parametrize(
    ("value", "since", "expected"),
    [
        pytest.param("1990-05-17", utc(2026, 3, 2), utc(2026, 5, 17, 7), id="this year"),
        pytest.param("1990-05-17", utc(2026, 5, 17, 7), utc(2026, 5, 17, 7), id="at this moment"),
        pytest.param(
            "1990-05-17", utc(2026, 5, 17, 8), utc(2027, 5, 17, 7), id="an hour too late: next year"
        ),
        pytest.param("05-17", utc(2026, 3, 2), utc(2026, 5, 17, 7), id="without a year"),
        pytest.param("2000-02-29", utc(2026, 1, 1), utc(2026, 2, 28, 8), id="the 29th of February"),
        pytest.param("2000-02-29", utc(2028, 1, 1), utc(2028, 2, 29, 8), id="the same in a leap year"),
    ],
)
def test_anniversaries(value: str, since: datetime, expected: datetime) -> None:
    zone = ZoneInfo(BERLIN)
    written = dates.read(value, zone=zone)
    assert written is not None

    assert dates.next_anniversary(written, Offset(), zone=zone, since=since) == expected


def flow(**settings: Any) -> Flow:
    wait = Step(
        id="wait",
        kind="wait_until_date",
        settings={
            "source": "event",
            "property": "starts_at",
            "anniversary": False,
            "direction": "before",
            "amount": 1,
            "unit": "days",
            "time": "",
            "when_past": "otherwise",
            "when_missing": "otherwise",
            "follow": FOLLOW,
            **settings,
        },
        paths=(
            Path(key="reached", label="Reached", start="remind"),
            Path(key="otherwise", label="Otherwise", start="sorry"),
        ),
    )
    ends = [Step(id=each, kind="exit") for each in ("remind", "sorry")]
    made = Flow(trigger=None, start="wait", steps={each.id: each for each in (wait, *ends)})
    return from_json(made.to_json())


def appointment(name: str, starts_at: datetime | None, *, told: datetime = ENTERED, key: str = "A-1") -> Seen:
    properties = {"appointment_id": key}
    if starts_at is not None:
        properties["starts_at"] = starts_at.isoformat()
    return Seen(id=1, name=name, properties=properties, recorded_at=told)


def facts(booked_for: datetime | None, *events: Seen, **known: Any) -> Facts:
    return Facts(
        **{
            "contact_id": 7,
            "zone": BERLIN,
            "since": ENTERED,
            "trigger": appointment("appointment_booked", booked_for),
            "events": events,
            **known,
        }
    )


def path_of(walked: Walked) -> str:
    return walked.visits[0].path


TEN_DAYS_ON = NOW + timedelta(days=10)


def test_it_waits_for_the_moment_and_for_what_may_move_it() -> None:
    walked = walk(flow(), start_of(flow()), facts(TEN_DAYS_ON), NOW)

    assert walked.wake_at == TEN_DAYS_ON - timedelta(days=1)
    assert walked.look_at == NOW + timedelta(days=1)
    assert walked.waits_for.split() == ["appointment_cancelled", "appointment_changed", "appointment_booked"]
    assert len(walked.waits_for) <= 64
    assert needs_of(flow()).events == set(walked.waits_for.split())


WAITING = Position(step_id="wait", visit=1, entered_at=NOW, memory={"looked_at": NOW.isoformat()})
MOVED_AT = NOW + timedelta(days=2)


@pytest.mark.parametrize(
    ("events", "looked_at", "expected"),
    [
        pytest.param((), TEN_DAYS_ON - timedelta(days=1), "reached", id="as booked"),
        pytest.param((), TEN_DAYS_ON + timedelta(days=3), "reached", id="workers were down for days"),
        pytest.param(
            (appointment("appointment_changed", TEN_DAYS_ON + timedelta(days=7), told=MOVED_AT),),
            TEN_DAYS_ON - timedelta(days=1),
            "",
            id="moved to later: goes on waiting",
        ),
        pytest.param(
            (appointment("appointment_changed", TEN_DAYS_ON - timedelta(days=5), told=MOVED_AT),),
            NOW + timedelta(days=4),
            "reached",
            id="moved to earlier",
        ),
        pytest.param(
            (appointment("appointment_changed", MOVED_AT + timedelta(hours=3), told=MOVED_AT),),
            MOVED_AT,
            "otherwise",
            id="moved so near that a day before is past",
        ),
        pytest.param(
            (appointment("appointment_cancelled", None, told=MOVED_AT),),
            MOVED_AT,
            "otherwise",
            id="cancelled",
        ),
        pytest.param(
            (appointment("appointment_cancelled", None, told=MOVED_AT, key="A-2"),),
            MOVED_AT,
            "",
            id="another's",
        ),
        pytest.param(
            (
                appointment("appointment_cancelled", None, told=MOVED_AT),
                appointment("appointment_booked", TEN_DAYS_ON, told=MOVED_AT + timedelta(hours=1)),
            ),
            MOVED_AT + timedelta(hours=1),
            "",
            id="cancelled and booked again",
        ),
    ],
)
def test_what_becomes_of_a_date_that_moves(
    events: tuple[Seen, ...], looked_at: datetime, expected: str
) -> None:
    assert path_of(walk(flow(), WAITING, facts(TEN_DAYS_ON, *events), looked_at)) == expected


@pytest.mark.parametrize(
    ("booked_for", "settings", "path", "state"),
    [
        pytest.param(NOW + timedelta(hours=3), {}, "otherwise", "exited", id="past: the other way"),
        pytest.param(NOW + timedelta(hours=3), {"when_past": "go_on"}, "reached", "exited", id="past: go on"),
        pytest.param(NOW + timedelta(hours=3), {"when_past": "exit"}, "", "exited", id="past: leave"),
        pytest.param(None, {}, "otherwise", "exited", id="missing: the other way"),
        pytest.param(None, {"when_missing": "exit"}, "", "exited", id="missing: leave"),
    ],
)
def test_a_date_that_cannot_be_waited_for(
    booked_for: datetime | None, settings: dict[str, Any], path: str, state: str
) -> None:
    plan = flow(**settings)

    walked = walk(plan, start_of(plan), facts(booked_for), NOW)

    assert (path_of(walked), walked.state) == (path, state)
    takes_back = "exit" in settings.values()
    assert (CancelPending(reason="exit_rule") in walked.effects) is takes_back


def birthday(value: Any) -> dict[str, Any]:
    return {"attributes": {"birthday": value}, "trigger": None}


BIRTHDAY = {"source": "attribute", "property": "birthday", "direction": "on", "amount": 0, "follow": {}}


def test_a_birthday_is_looked_at_every_day_for_it_may_be_put_right() -> None:
    plan = flow(**BIRTHDAY, anniversary=True)
    first = walk(plan, start_of(plan), facts(None, **birthday("1990-05-17")), NOW)
    assert (first.wake_at, first.look_at) == (utc(2026, 5, 17, 7), NOW + timedelta(days=1))

    next_day = walk(plan, first.position, facts(None, **birthday("1990-03-05")), NOW + timedelta(days=1))

    assert next_day.wake_at == utc(2026, 3, 5, 8)
    there = walk(plan, next_day.position, facts(None, **birthday("1990-03-05")), utc(2026, 3, 5, 8))
    assert path_of(there) == "reached"


def test_a_day_without_a_year_is_no_date_but_for_an_anniversary() -> None:
    plan = flow(**BIRTHDAY)

    assert path_of(walk(plan, start_of(plan), facts(None, **birthday("05-17")), NOW)) == "otherwise"


@given(
    day=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    zone=st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    amount=st.integers(1, 60),
    direction=st.sampled_from(["before", "after"]),
    at=st.times().map(lambda each: each.replace(microsecond=0, second=0, fold=0)),
)
def test_days_are_counted_on_the_calendar_and_never_by_the_clock(
    day: date, zone: str, amount: int, direction: str, at: time
) -> None:
    here = ZoneInfo(zone)
    offset = Offset(direction=direction, amount=amount, unit="days", at=at)
    written = dates.read(day.isoformat(), zone=here)
    assert written is not None

    moment = dates.moment_of(written, offset, zone=here)

    assert moment is not None
    shifted = day + (amount if direction == "after" else -amount) * timedelta(days=1)
    wall = moment.astimezone(here).replace(tzinfo=None)
    # In the gap of a spring night the clock never shows the hour; it then comes as much later as the gap is long.
    exists = datetime.combine(shifted, at, tzinfo=here).astimezone(UTC).astimezone(here).replace(
        tzinfo=None
    ) == datetime.combine(shifted, at)
    assert not exists or wall == datetime.combine(shifted, at)


@given(
    moves=st.lists(st.tuples(st.integers(0, 400), st.integers(-50, 500)), max_size=5),
    looks=st.lists(st.integers(1, 48), min_size=1, max_size=40),
)
def test_every_look_moves_on_waits_for_later_or_ends_and_it_visits_once(
    moves: list[tuple[int, int]], looks: list[int]
) -> None:
    told = sorted(
        (
            appointment(
                "appointment_changed", NOW + timedelta(hours=to), told=NOW + timedelta(hours=at, minutes=1)
            )
            for at, to in moves
        ),
        key=lambda seen: seen.recorded_at,
    )
    plan = flow()
    position, now = start_of(plan), NOW
    for look in looks:
        known = [seen for seen in told if seen.recorded_at <= now]
        walked = walk(plan, position, facts(NOW + timedelta(hours=300), *known), now)
        if walked.has_ended:
            newest = known[-1].properties["starts_at"] if known else None
            start = datetime.fromisoformat(newest) if newest else NOW + timedelta(hours=300)
            if path_of(walked) == "reached":
                assert now >= start - timedelta(days=1, hours=1)  # an hour, for the night the clocks change
            return
        assert walked.look_at is not None
        assert walked.wake_at is not None
        assert now < walked.look_at <= walked.wake_at
        assert walked.position.visit == 1
        position = walked.position
        now = min(now + timedelta(hours=look), walked.look_at)
