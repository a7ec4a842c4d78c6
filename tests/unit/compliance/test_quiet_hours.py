"""When the wall clock lets a text go: laws over every zone of the world, and nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wagtail_drip.compliance.quiet_hours import (
    ALWAYS,
    MINUTES_A_DAY,
    Hours,
    Week,
    is_open,
    next_allowed,
    next_open,
    week_of,
    widest_day_minutes,
)

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("posix", "right"))
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def daily(begin: str, end: str) -> dict[str, list[list[str]]]:
    return {str(day): [[begin, end]] for day in range(7)}


@cache
def days_of_change(name: str) -> tuple[date, ...]:
    """The days of 2026 and 2027 on which the zone's clocks change, and one on which they do not."""
    zone = ZoneInfo(name)
    found = [date(2026, 7, 15)]
    day = utc(2026, 1, 1)
    while day.year < 2028:
        after = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(day.date())
        day = after
    return tuple(found)


def by_hand(moment: datetime, week: Week, zone: str) -> bool:
    """The law, said another way: on the wall of the zone, minute by minute."""
    wall = moment.astimezone(ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    today = any(
        begin <= minute < (end if end > begin else MINUTES_A_DAY) for begin, end in week[wall.weekday()]
    )
    yesterday = week[(wall.weekday() - 1) % 7]
    return today or any(end <= begin and minute < end for begin, end in yesterday)


spans = st.lists(
    st.tuples(st.integers(0, 95), st.integers(0, 96)).filter(lambda span: span[0] != span[1] % 96), max_size=2
).map(lambda found: tuple((15 * begin, 15 * end) for begin, end in found))
weeks: st.SearchStrategy[Week] = st.tuples(*[spans] * 7)
moments = st.sampled_from(ZONES).flatmap(
    lambda zone: st.tuples(
        st.just(zone),
        st.sampled_from(days_of_change(zone)),
        st.integers(-12 * 60, 36 * 60),
    )
)


# The clocks change on a Sunday that opens at midnight, two days from now: not only when they do.
@example(("Europe/Chisinau", date(2026, 3, 28), -121), ((), (), (), (), ((0, 15),), (), ((0, 195),)))
@given(moments, weeks)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_next_moment_is_open_and_none_before_it_is(where: tuple[str, date, int], week: Week) -> None:
    zone, day, minutes = where
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes, seconds=17)

    found = next_open(now, [Hours(week, zone)])

    if found is None:
        moment = now.replace(second=0)
        assert not any(by_hand(moment + timedelta(minutes=n), week, zone) for n in range(0, 8 * 1440, 5))
        return
    assert found >= now
    assert by_hand(found, week, zone)
    minute = now
    while minute < found:
        assert not by_hand(minute, week, zone)
        minute += timedelta(minutes=1)


@given(moments, weeks)
@settings(max_examples=300, deadline=None)
def test_open_is_what_the_wall_says(where: tuple[str, date, int], week: Week) -> None:
    zone, day, minutes = where
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)

    assert is_open(moment, Hours(week, zone)) == by_hand(moment, week, zone)


@given(moments, st.lists(st.tuples(weeks, st.sampled_from(ZONES)), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_several_zones_are_all_open_at_the_moment_found(
    where: tuple[str, date, int], several: list[tuple[Week, str]]
) -> None:
    _, day, minutes = where
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    hours = [Hours(week, zone) for week, zone in several]

    found = next_open(now, hours)

    until = found or now + timedelta(days=8)
    minute = now
    while minute < until:
        assert not all(is_open(minute, each) for each in hours)
        minute += timedelta(minutes=15)
    if found is not None:
        assert all(is_open(found, each) for each in hours)


# The defects seen in peers (facts on peers, section 3.3), each as a table.


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Niue"]
)
@pytest.mark.parametrize("hour", range(24))
def test_the_weekday_is_the_recipients(zone: str, hour: int) -> None:
    """Dittofeed asked for the weekday in UTC: Shanghai's Monday 07:00 came on Tuesday."""
    only_monday = {"0": [[f"{hour:02}:00", f"{hour:02}:30"]]}

    found = next_allowed(utc(2026, 6, 3, 0), spans_by_weekday=only_monday, zone=zone)

    assert found is not None
    assert found.astimezone(ZoneInfo(zone)).strftime("%a %H:%M %d") == f"Mon {hour:02}:00 08"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(utc(2026, 3, 27, 12), utc(2026, 3, 30, 7), id="over the night the clocks go forward"),
        pytest.param(utc(2026, 10, 23, 12), utc(2026, 10, 26, 8), id="over the night they go back"),
    ],
)
def test_the_offset_is_that_of_the_day_it_happens_on(now: datetime, expected: datetime) -> None:
    """Dittofeed reused the offset of now: Berlin's Monday 09:00 came at 10:00."""
    assert next_allowed(now, spans_by_weekday={"0": [["09:00", "10:00"]]}, zone="Europe/Berlin") == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(utc(2026, 6, 1, 12), utc(2026, 6, 1, 22), id="noon waits for the evening"),
        pytest.param(utc(2026, 6, 1, 23), utc(2026, 6, 1, 23), id="before midnight goes"),
        pytest.param(utc(2026, 6, 2, 5, 59), utc(2026, 6, 2, 5, 59), id="before six goes"),
        pytest.param(utc(2026, 6, 2, 6), utc(2026, 6, 2, 22), id="at six waits again"),
    ],
)
def test_a_window_over_midnight_is_a_night(now: datetime, expected: datetime) -> None:
    """Mautic swapped the two: 22 to 6 became 6 to 22."""
    assert next_allowed(now, spans_by_weekday=daily("22:00", "06:00"), zone="Etc/UTC") == expected


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = {"4": [["22:00", "02:00"]]}

    for moment, expected in [
        (utc(2026, 6, 5, 1), utc(2026, 6, 5, 22)),  # Friday early: that is Thursday's night
        (utc(2026, 6, 6, 1), utc(2026, 6, 6, 1)),  # Saturday early: Friday's night
        (utc(2026, 6, 6, 2), utc(2026, 6, 12, 22)),
    ]:
        assert next_allowed(moment, spans_by_weekday=friday_night, zone="Etc/UTC") == expected


@pytest.mark.parametrize(
    ("now", "spans", "expected"),
    [
        pytest.param(
            utc(2026, 3, 29, 0, 30), ("02:30", "03:30"), utc(2026, 3, 29, 1), id="02:30 is never on the wall"
        ),
        pytest.param(
            utc(2026, 3, 29, 0, 30), ("02:10", "02:50"), utc(2026, 3, 30, 0, 10), id="all of it is skipped"
        ),
        pytest.param(
            utc(2026, 10, 25, 0, 59), ("02:00", "02:30"), utc(2026, 10, 25, 1), id="02:00 comes a second time"
        ),
        pytest.param(utc(2026, 10, 24, 23), ("02:00", "02:30"), utc(2026, 10, 25, 0), id="and a first time"),
        pytest.param(
            utc(2026, 10, 25, 0, 45),
            ("01:30", "02:20"),
            utc(2026, 10, 25, 1),
            id="the clock falls into a span",
        ),
    ],
)
def test_the_nights_on_which_berlins_clocks_change(
    now: datetime, spans: tuple[str, str], expected: datetime
) -> None:
    assert next_allowed(now, spans_by_weekday=daily(*spans), zone="Europe/Berlin") == expected


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        # Lord Howe moves by half an hour; Santiago and Havana change at midnight; Samoa skipped a whole day.
        (utc(2026, 10, 3, 15, 20), "Australia/Lord_Howe", utc(2026, 10, 3, 22)),
        (utc(2026, 9, 6, 3), "America/Santiago", utc(2026, 9, 6, 12)),
        (utc(2011, 12, 30, 9), "Pacific/Apia", utc(2011, 12, 30, 19)),
    ],
)
def test_zones_with_habits_of_their_own(now: datetime, zone: str, expected: datetime) -> None:
    found = next_allowed(now, spans_by_weekday=daily("09:00", "20:00"), zone=zone)

    assert found == expected


def test_a_week_that_never_opens_has_no_next_moment() -> None:
    assert next_allowed(utc(2026, 6, 1), spans_by_weekday={}, zone="Europe/Berlin") is None


def test_two_zones_that_have_nothing_in_common_never_open() -> None:
    morning = week_of(daily("09:00", "10:00"))

    assert next_open(utc(2026, 6, 1), [Hours(morning, "Europe/London"), Hours(morning, "Asia/Tokyo")]) is None


def test_a_moment_that_is_open_is_itself_to_the_microsecond() -> None:
    now = utc(2026, 6, 1, 12, 0, 31, 999)

    assert next_open(now, [Hours(ALWAYS, "Europe/Berlin")]) == now


@pytest.mark.parametrize(
    ("zones", "minutes"),
    [
        ({"Europe/London"}, 11 * 60),
        ({"America/New_York", "America/Los_Angeles"}, 8 * 60),
        ({"Europe/London", "Europe/Jersey"}, 11 * 60),
        ({"Europe/Kaliningrad", "Asia/Kamchatka"}, 60),
        ({"Europe/London", "Pacific/Auckland"}, 0),
    ],
)
def test_what_zones_have_in_common(zones: set[str], minutes: int) -> None:
    week = week_of(daily("09:00", "20:00"))

    assert widest_day_minutes(date(2026, 11, 23), week, frozenset(zones)) == minutes


@example({"0": [["09:00", "24:00"]]}, 900)
@given(st.just({"0": [["00:00", "24:00"]]}), st.integers(0, 1439))
def test_a_whole_day_is_open_at_every_minute(week: dict[str, list[list[str]]], minute: int) -> None:
    moment = utc(2026, 6, 1) + timedelta(minutes=minute)

    assert next_allowed(moment, spans_by_weekday=week, zone="Etc/UTC") == moment
