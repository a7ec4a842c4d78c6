"""On which day and at which moment a clock's trigger falls: every zone, its changes of the clock, leap years."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.contacts.dates import dated, read_date
from wagtail_drip.enrolments import occasions
from wagtail_drip.enrolments.occasions import LATEST, Window
from wagtail_drip.sequences.triggers import Timed

ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
zones = st.sampled_from(ZONES).map(ZoneInfo)
times = st.times(max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0))
moments = st.integers(0, 20 * 365 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes, seconds=minutes % 60)
)


def changes_of(zone: ZoneInfo, year: int) -> list[date]:
    """Return the days of *year* on which the zone's clock is moved, those that property tests rarely meet."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    return [
        day
        for day in days
        if datetime.combine(day, time(), tzinfo=zone).utcoffset()
        != datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).utcoffset()
    ]


@given(zones, times, moments, st.lists(st.integers(0, 60 * 24 * 3), min_size=1, max_size=12))
def test_windows_side_by_side_cover_every_day_exactly_once(
    zone: ZoneInfo, at: time, start: datetime, steps: list[int]
) -> None:
    edges = [start]
    for minutes in steps:
        edges.append(edges[-1] + timedelta(minutes=minutes))
    found = [
        day
        for since, until in pairwise(edges)
        for day in occasions.days_in(Window(since=since, until=until), at, zone)
    ]

    whole = occasions.days_in(Window(since=edges[0], until=edges[-1]), at, zone)

    assert found == whole
    assert len(set(found)) == len(found)
    assert len(found) in range((edges[-1] - edges[0]).days - 1, (edges[-1] - edges[0]).days + 3)


@pytest.mark.parametrize("name", ZONES)
def test_no_day_is_left_out_and_none_comes_twice_around_a_change_of_the_clock(name: str) -> None:
    zone = ZoneInfo(name)
    for changed in changes_of(zone, 2027):
        for at in (time(0), time(0, 30), time(1, 30), time(2), time(2, 30), time(10), time(23, 45)):
            start = datetime.combine(changed - timedelta(days=3), time(12), tzinfo=UTC)
            found = []
            for hours in range(0, 24 * 6, 2):
                since = start + timedelta(hours=hours)
                found += occasions.days_in(Window(since=since, until=since + timedelta(hours=2)), at, zone)
            assert found == [found[0] + timedelta(days=n) for n in range(len(found))]
            assert changed in found


@given(times, moments, st.integers(1, 60 * 48))
def test_all_zones_together_are_each_on_its_own(at: time, start: datetime, minutes: int) -> None:
    window = Window(since=start, until=start + timedelta(minutes=minutes))

    together = occasions.local_days(window, at, frozenset(ZONES))

    alone = {name: tuple(occasions.days_in(window, at, ZoneInfo(name))) for name in ZONES}
    assert together == {name: days for name, days in alone.items() if days}


@pytest.mark.parametrize(
    ("name", "changed"), [("Pacific/Apia", date(2011, 12, 30)), ("Europe/London", date(2027, 3, 28))]
)
@pytest.mark.parametrize("hours", [1, 48])
def test_zones_together_are_right_around_a_moved_clock(name: str, changed: date, hours: int) -> None:
    """Apia left out a whole day when it crossed the date line, so that its times came a day later."""
    start = datetime.combine(changed - timedelta(days=5), time(), tzinfo=UTC)
    for begins in range(24 * 10):
        since = start + timedelta(hours=begins)
        window = Window(since=since, until=since + timedelta(hours=hours))
        for at in (time(1, 30), time(10), time(23)):
            alone = tuple(occasions.days_in(window, at, ZoneInfo(name)))

            assert occasions.local_days(window, at, frozenset({name})).get(name, ()) == alone


def test_no_zone_moves_its_clock_there_and_back_within_a_week() -> None:
    """What ``local_days`` takes for granted when it asks for a zone's offset at the edges only."""
    halves = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=12 * n) for n in range(2 * 365 * 8)]
    for name in ZONES:
        zone = ZoneInfo(name)
        offsets = [moment.astimezone(zone).utcoffset() for moment in halves]
        moved = [at for at, (one, other) in enumerate(pairwise(offsets)) if one != other]

        assert all(later - earlier > 2 * 7 for earlier, later in pairwise(moved)), name


@given(zones, times, moments)
def test_the_moment_is_that_of_the_wall_clock(zone: ZoneInfo, at: time, moment: datetime) -> None:
    day = moment.date()

    local = occasions.moment_of(day, at, zone).astimezone(zone)

    shown = datetime.combine(day, at, tzinfo=UTC)
    if local.replace(tzinfo=UTC, fold=0) != shown:
        # Only in a gap, and then as much later as the gap is long.
        assert local.replace(tzinfo=UTC, fold=0) > shown
        assert datetime.combine(day, at, tzinfo=zone).utcoffset() != local.utcoffset()


@given(zones, times, moments)
def test_a_look_never_passes_over_a_time_of_day(zone: ZoneInfo, at: time, now: datetime) -> None:
    """Nobody looks between two looks, so none may lie there."""
    following = occasions.next_look(now, at)

    assert now < following <= now + timedelta(minutes=occasions.QUARTER)
    inside = Window(since=now, until=following - timedelta(microseconds=1))
    assert occasions.days_in(inside, at, zone) == []


def test_thirty_is_looked_for_at_the_quarters_it_can_be() -> None:
    now = datetime(2027, 3, 1, 9, 8, 30, tzinfo=UTC)

    assert occasions.next_look(now, time(10, 7)) == datetime(2027, 3, 1, 9, 22, tzinfo=UTC)


@given(st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.integers(2027, 2060))
def test_every_date_comes_round_on_one_day_of_every_year(born: date, year: int) -> None:
    comes = occasions.anniversary(born.month, born.day, year)

    assert (born.month, born.day) in occasions.come_round_on(comes)
    others = [comes + timedelta(days=n) for n in (-1, 1)]
    assert not any((born.month, born.day) in occasions.come_round_on(day) for day in others)


def test_the_29th_of_february_is_kept_on_the_28th_where_there_is_none() -> None:
    assert occasions.anniversary(2, 29, 2027) == date(2027, 2, 28)
    assert occasions.anniversary(2, 29, 2028) == date(2028, 2, 29)
    assert occasions.come_round_on(date(2027, 2, 28)) == [(2, 28), (2, 29)]
    assert occasions.come_round_on(date(2028, 2, 28)) == [(2, 28)]


@given(moments, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_late_look_makes_good_two_days_and_reports_the_rest(now: datetime, late: timedelta) -> None:
    since = now - late

    looked = occasions.look(since, now=now)

    assert looked.window.until == now
    if late <= LATEST:
        assert (looked.window.since, looked.missed) == (since, None)
    else:
        assert looked.window.since == now - LATEST
        assert looked.missed == Window(since=since, until=now - LATEST)


def test_a_clock_that_went_back_covers_nothing_twice() -> None:
    now = datetime(2027, 3, 1, tzinfo=UTC)

    window = occasions.look(now + timedelta(hours=1), now=now).window

    assert window.since == window.until


@pytest.mark.parametrize(
    ("timed", "days"),
    [
        pytest.param(
            Timed(kind="schedule", weekdays=(0, 3)), [1, 4, 8, 11, 15, 18, 22, 25], id="two weekdays"
        ),
        pytest.param(Timed(kind="schedule", month_day=15), [15], id="the 15th"),
        pytest.param(Timed(kind="schedule", month_day=31), [28], id="the 31st is a short month's last day"),
    ],
)
def test_a_schedule_falls_on_its_days_of_february_2027(timed: Timed, days: list[int]) -> None:
    assert [day for day in range(1, 29) if occasions.scheduled(timed, date(2027, 2, day))] == days


@given(st.integers(1, 31), st.integers(2027, 2050), st.integers(1, 12))
def test_a_monthly_schedule_falls_on_one_day_of_every_month(wanted: int, year: int, month: int) -> None:
    timed = Timed(kind="schedule", month_day=wanted)
    first = date(year, month, 1)

    days = [day for n in range(31) if (day := first + timedelta(days=n)).month == month]

    assert sum(occasions.scheduled(timed, day) for day in days) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1990-05-17", (1990, 5, 17)),
        ("1990-05-17T10:00:00+02:00", (1990, 5, 17)),
        ("--05-17", (None, 5, 17)),
        ("--02-29", (None, 2, 29)),
        ("2027-02-29", None),
        ("--13-01", None),
        ("17/05/1990", None),
        ("1990-05-17x", None),
        ("", None),
        (19900517, None),
        (None, None),
    ],
)
def test_which_attributes_are_dates(value: object, expected: object) -> None:
    assert read_date(value) == expected


@given(st.dictionaries(st.text(max_size=70), st.one_of(st.text(), st.integers(), st.dates().map(str))))
def test_whatever_an_attribute_holds_reading_dates_does_not_fail(attributes: dict[str, object]) -> None:
    assert all(1 <= found.month <= 12 and 0 < len(found.name) <= 64 for found in dated(attributes))
