"""When somebody's turn comes: the moment that is promised is the one at which the trigger's windows meet them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments import occasions, turns
from wagtail_drip.enrolments.entry import Earlier
from wagtail_drip.enrolments.occasions import Window
from wagtail_drip.enrolments.turns import Person, Turn
from wagtail_drip.sequences.flow import Entry
from wagtail_drip.sequences.triggers import Timed

ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONDON = "Europe/London"
EVERY_TIME, NEVER_AGAIN = Entry(reentry="always"), Entry()
BIRTHDAY = Timed(kind="date", attribute="birthday", yearly=True, at="09:00")
EXPIRY = Timed(kind="date", attribute="expiry", yearly=False, offset_days=-7, at="09:00")
MONDAYS = Timed(kind="schedule", weekdays=(0,), at="09:00")
THE_31ST = Timed(kind="schedule", month_day=31, at="09:00")
SILENT = Timed(kind="inactive", event="order_placed", silent_days=30)


def utc(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def born(month: int, day: int, year: int | None = 1990, zone: str = LONDON) -> Person:
    return Person(zone=zone, date=(year, month, day))


def ran(occasion: str, at: datetime) -> Earlier:
    return Earlier(dedupe_key=occasion, entered_at=at, is_running=False)


@pytest.mark.parametrize(
    ("timed", "person", "expected"),
    [
        pytest.param(BIRTHDAY, born(3, 3), Turn(at=utc(2026, 3, 3), occasion="birthday:2026"), id="tomorrow"),
        pytest.param(BIRTHDAY, born(3, 1), Turn(at=utc(2027, 3, 1), occasion="birthday:2027"), id="was here"),
        pytest.param(
            BIRTHDAY, born(2, 29), Turn(at=utc(2027, 2, 28), occasion="birthday:2027"), id="29 February"
        ),
        pytest.param(
            BIRTHDAY,
            born(6, 1, year=None),
            Turn(at=utc(2026, 6, 1, 8), occasion="birthday:2026"),
            id="without a year, in summer time",
        ),
        pytest.param(
            BIRTHDAY,
            born(3, 3, zone="Asia/Tokyo"),
            Turn(at=utc(2026, 3, 3, 0), occasion="birthday:2026"),
            id="by their own clock",
        ),
        pytest.param(
            EXPIRY,
            born(6, 1, year=2026),
            Turn(at=utc(2026, 5, 25, 8), occasion="expiry:2026-06-01"),
            id="a week before an expiry",
        ),
        pytest.param(EXPIRY, born(3, 5, year=2026), None, id="an expiry whose week before is over"),
        pytest.param(EXPIRY, born(6, 1, year=None), None, id="an expiry without a year"),
        pytest.param(BIRTHDAY, Person(zone=LONDON), None, id="no date at all"),
        pytest.param(
            MONDAYS,
            Person(zone=LONDON),
            Turn(at=utc(2026, 3, 9), occasion="schedule:2026-03-09"),
            id="this Monday's hour is over",
        ),
        pytest.param(
            THE_31ST,
            Person(zone=LONDON),
            Turn(at=utc(2026, 3, 31, 8), occasion="schedule:2026-03-31"),
            id="the end of the month",
        ),
        pytest.param(
            SILENT,
            Person(zone=LONDON, last_at=utc(2026, 2, 20), last_event_id=7),
            Turn(at=utc(2026, 3, 22), occasion="inactive:7"),
            id="a silence that is not complete",
        ),
        pytest.param(
            SILENT, Person(zone=LONDON, last_at=utc(2026, 1, 1), last_event_id=7), None, id="a silence passed"
        ),
    ],
)
def test_the_next_turn(timed: Timed, person: Person, expected: Turn | None) -> None:
    assert turns.next_turn(timed, EVERY_TIME, person, since=NOW, earlier=[]) == expected


def test_an_occasion_that_they_entered_for_is_not_promised_again() -> None:
    earlier = [ran("birthday:2027", NOW)]

    found = turns.next_turn(BIRTHDAY, EVERY_TIME, born(3, 1), since=NOW, earlier=earlier)

    assert found == Turn(at=utc(2028, 3, 1), occasion="birthday:2028")


def test_who_may_come_once_is_promised_nothing_more() -> None:
    earlier = [ran("schedule:2026-03-02", utc(2026, 3, 2))]

    assert turns.next_turn(MONDAYS, NEVER_AGAIN, Person(zone=LONDON), since=NOW, earlier=earlier) is None


def test_after_some_days_the_first_turn_that_is_late_enough_is_promised() -> None:
    earlier = [ran("schedule:2026-03-02", utc(2026, 3, 2))]
    rules = Entry(reentry="after_days", days=15)

    found = turns.next_turn(MONDAYS, rules, Person(zone=LONDON), since=NOW, earlier=earlier)

    assert found is not None
    assert found.occasion == "schedule:2026-03-23"


@pytest.mark.parametrize(
    ("timed", "person", "expected"),
    [
        (BIRTHDAY, born(3, 1), "birthday:2026"),
        (BIRTHDAY, born(3, 3), "birthday:2025"),
        (EXPIRY, born(6, 1, year=2023), "expiry:2023-06-01"),
        (EXPIRY, born(6, 1, year=2026), None),
        (MONDAYS, Person(zone=LONDON), "schedule:2026-03-02"),
        (SILENT, Person(zone=LONDON, last_at=utc(2024, 1, 1), last_event_id=7), "inactive:7"),
    ],
)
def test_the_turn_that_is_over(timed: Timed, person: Person, expected: str | None) -> None:
    found = turns.last_turn(timed, person, until=NOW)

    assert (found.occasion if found else None) == expected


days = st.dates(min_value=date(1930, 1, 1), max_value=date(2026, 12, 31))
moments = st.integers(0, 9 * 365 * 24 * 60).map(
    lambda minutes: datetime(2021, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(
    st.sampled_from(ZONES),
    days,
    st.integers(-400, 400),
    st.times().map(lambda at: at.strftime("%H:%M")),
    moments,
)
def test_a_date_s_turn_is_the_first_moment_at_which_a_window_meets_it(
    zone: str, birthday: date, offset: int, at: str, since: datetime
) -> None:
    timed = Timed(kind="date", attribute="birthday", yearly=True, offset_days=offset, at=at)
    person = Person(zone=zone, date=(birthday.year, birthday.month, birthday.day))

    found = turns.next_turn(timed, EVERY_TIME, person, since=since, earlier=[])

    assert found is not None
    assert found.at > since
    assert found.at - since <= timedelta(days=367)
    assert _met(timed, birthday, Window(since=since, until=found.at - timedelta(seconds=1)), zone) == []
    assert _met(timed, birthday, Window(since=since, until=found.at), zone) == [found.occasion]


def _met(timed: Timed, birthday: date, window: Window, zone: str) -> list[str]:
    """Return the occasions that ``audience.with_a_date`` finds of one person, by its own rule."""
    firing = occasions.days_in(window, timed.time, ZoneInfo(zone)) if window.until > window.since else []
    return [
        occasions.date_key(timed, occasion)
        for _day, occasion in occasions.dates_for(timed, firing)
        if occasions.anniversary(birthday.month, birthday.day, occasion.year) == occasion
    ]
