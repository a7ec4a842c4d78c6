"""
When the wall clock lets a text go. Pure.

A week is read on the wall of the recipient's zone: at any moment, the zone's weekday and time say whether it
is open. An overnight span belongs to the weekday on which it begins. Nights on which the clocks change need
no rule of their own then: an hour that is skipped is never on the wall, one that is repeated is read twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

# Minutes of the day: begin, end. An end at or before its begin lies on the next day.
Span = tuple[int, int]
# Monday to Sunday.
Week = tuple[tuple[Span, ...], ...]

MINUTES_A_DAY = 1440
ALWAYS: Week = (((0, MINUTES_A_DAY),),) * 7
Days = frozenset[date]
NO_DAYS: Days = frozenset()

# A week that opens at all opens within eight days, plus one for a day that a zone skips (Samoa, 2011).
_HORIZON_DAYS = 9
_DAY = timedelta(days=1)


class Hours(NamedTuple):
    """
    A week as one zone's clocks show it.

    :param closed: dates, on the zone's calendar, on which nothing is open and no span begins.
    :param as_sunday: dates that have a Sunday's spans.
    """

    week: Week
    zone: str
    closed: Days = NO_DAYS
    as_sunday: Days = NO_DAYS


def week_of(spans_by_weekday: Mapping[str, Any]) -> Week:
    """
    Return the week that settings hold as ``{"0": [["09:00", "20:00"]], …}``; 0 is Monday.

    A weekday that is missing is closed. "24:00" is the day's end. A span from an hour to itself is empty.
    """
    return tuple(
        tuple(
            (minutes_of(begin), minutes_of(end))
            for begin, end in spans_by_weekday.get(str(day), ())
            if minutes_of(begin) != minutes_of(end)
        )
        for day in range(7)
    )


@lru_cache(maxsize=1024)
def daily(span: Span) -> Week:
    """Return the week that has the same span each day."""
    return ((span,),) * 7


def minutes_of(wall_clock: str) -> int:
    """Return the minute of the day of "09:30"."""
    hour, _, minute = wall_clock.partition(":")
    return int(hour) * 60 + int(minute or 0)


def spans_on(day: date, hours: Hours) -> tuple[Span, ...]:
    """Return the spans that begin on a date."""
    if day in hours.closed:
        return ()
    return hours.week[6 if day in hours.as_sunday else day.weekday()]


def wall_clock(minute: int) -> str:
    """Return a minute of the day as "09:30"; the day's end is "24:00"."""
    return f"{minute // 60:02}:{minute % 60:02}"


def wall_date(moment: datetime, zone: str) -> date:
    """Return the date that a zone's calendars show."""
    return moment.astimezone(_zone(zone)).date()


def is_open(moment: datetime, hours: Hours) -> bool:
    """Tell whether *moment* (aware) lies within the week, by the clocks of its zone."""
    wall = moment.astimezone(_zone(hours.zone))
    minute = wall.hour * 60 + wall.minute
    day = wall.date()
    if day in hours.closed:
        return False
    for begin, end in spans_on(day, hours):
        if begin <= minute and (minute < end or end <= begin):
            return True
    return any(end <= begin and minute < end for begin, end in spans_on(day - _DAY, hours))


def next_allowed(now: datetime, *, spans_by_weekday: Mapping[str, Any], zone: str) -> datetime | None:
    """
    Return the first moment, at or after *now*, within the week of sending times, in UTC.

    :return: None if the week never opens.
    """
    return next_open(now, [Hours(week_of(spans_by_weekday), zone)])


def next_open(now: datetime, all_of: Iterable[Hours]) -> datetime | None:
    """
    Return the first moment, at or after *now*, at which every one of *all_of* is open, in UTC.

    :return: None if there is none within nine days of now, and of the last date that is unlike its weekday.
    """
    asked = tuple(all_of)
    # Within one minute nothing opens or closes, so that a thousand messages to one country are one question.
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    found = _next_open(minute, asked)
    return now.astimezone(UTC) if found == minute else found


@lru_cache(maxsize=4096)
def _next_open(now: datetime, all_of: tuple[Hours, ...]) -> datetime | None:
    moment, end = now, now.date() + timedelta(days=_HORIZON_DAYS)
    for hours in all_of:
        end = max([end, *(day + timedelta(days=_HORIZON_DAYS) for day in hours.closed | hours.as_sunday)])
    while moment.date() <= end:
        later = moment
        for hours in all_of:
            opening = _opening(later, hours, end)
            if opening is None:
                return None
            later = opening
        if later == moment:
            return moment
        moment = later
    return None


def _opening(now: datetime, hours: Hours, end: date) -> datetime | None:
    """Return when one week opens, at or after *now* and about *end* at the latest."""
    if is_open(now, hours):
        return now
    if not any(hours.week):
        return None
    zone = _zone(hours.zone)
    day = now.astimezone(zone).date()
    while day <= end + _DAY:
        if _may_open(day, hours):
            # The day after too: a change of the clocks is a turn of both days that it touches. What it brings of the
            # day after that waits for its turn: something may open there before.
            possible = [
                moment
                for turned in (day, day + _DAY)
                for moment in _turns(turned, hours, zone)
                if moment > now and moment.astimezone(zone).date() <= day + _DAY and is_open(moment, hours)
            ]
            if possible:
                return min(possible)
        day += _DAY
    return None


def _may_open(day: date, hours: Hours) -> bool:
    if day in hours.closed:
        return False
    return bool(spans_on(day, hours)) or any(end <= begin for begin, end in spans_on(day - _DAY, hours))


def _turns(day: date, hours: Hours, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments of *day* at which the week may open: where a span begins, and where the clocks change."""
    yield from _changes_near(day, zone)
    for begin, _ in (*spans_on(day, hours), (0, 0)):  # midnight, for what began the night before
        wall = datetime(day.year, day.month, day.day, begin // 60 % 24, begin % 60, tzinfo=zone)
        for fold in (0, 1):
            # A wall time that is skipped turns into another one here, and is_open throws it out.
            yield wall.replace(fold=fold).astimezone(UTC)


@lru_cache(maxsize=4096)
def _changes_near(day: date, zone: ZoneInfo) -> tuple[datetime, ...]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return tuple(_changes(midnight - timedelta(hours=14), midnight + timedelta(hours=38), zone))


def _changes(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments between *begin* and *end* at which the zone's clocks change."""
    step = timedelta(hours=4)  # no zone ever changed twice within four hours
    before = begin
    while before < end:
        after = before + step
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            yield _change(before, after, zone)
        before = after


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


@lru_cache(maxsize=1024)
def widest_day_minutes(day: date, week: Week, zones: frozenset[str]) -> int:
    """
    Return how many minutes all *zones* have in common on the best day of the week that begins with *day*.

    A country over many zones, or a number that may be of any of them, can leave no time at all.
    """
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    # Zones with the same offset have the same walls; a toll-free number allows forty zones of eight offsets.
    offsets = {noon.astimezone(_zone(zone)).utcoffset() or timedelta(0) for zone in zones}
    widest = 0
    for weekday in range(7):
        common = [(0, 3 * MINUTES_A_DAY)]
        for offset in offsets:
            shift = int(offset.total_seconds()) // 60
            common = _both(common, sorted(_flat(week, weekday, shift)))
        widest = max(widest, _inside_a_day(common))
    return widest


def _flat(week: Week, weekday: int, shift: int) -> Iterator[Span]:
    """Yield the open minutes of three days around *weekday*, counted in UTC from the begin of the first."""
    for number in range(-1, 4):
        for begin, end in week[(weekday + number - 1) % 7]:
            start = number * MINUTES_A_DAY - shift
            yield start + begin, start + (end if end > begin else end + MINUTES_A_DAY)


def _both(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    return [
        (max(begin, other_begin), min(end, other_end))
        for begin, end in some
        for other_begin, other_end in others
        if max(begin, other_begin) < min(end, other_end)
    ]


def _inside_a_day(spans: Iterable[Span]) -> int:
    """Return how much of the middle one of three days the spans fill."""
    return sum(max(0, min(end, 2 * MINUTES_A_DAY) - max(begin, MINUTES_A_DAY)) for begin, end in spans)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
