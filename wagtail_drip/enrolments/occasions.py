"""On which local day a calendar trigger falls for whom, and at which moment that is. Pure.

A day's moment is the wall clock's, converted last: a time that a clock change leaves out comes as much later as
the gap is long; one that comes twice counts the first time. Windows are open at their start and closed at their
end, so that one after the other covers every moment once.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from wagtail_drip.sequences.triggers import Timed

# After a longer stop an occasion is over: it is reported as missed, and nobody enters for it.
LATEST = timedelta(hours=48)
# Every zone of today is off UTC by a whole number of quarters, so a wall clock's time is reached at one of them.
QUARTER = 15
_NEAR = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The moments after *since* up to and with *until*."""

    since: datetime
    until: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.since < moment <= self.until


@dataclass(frozen=True, kw_only=True)
class Look:
    """
    What one look at the clock covers.

    :ivar missed: what is too long ago to be made good; None where nothing is.
    """

    window: Window
    missed: Window | None = None


def look(checked_until: datetime, *, now: datetime) -> Look:
    """Return what to cover after *checked_until*: at most ``LATEST`` back, and what that leaves out."""
    floor = now - LATEST
    if checked_until >= floor:
        return Look(window=Window(since=checked_until, until=max(now, checked_until)))
    return Look(window=Window(since=floor, until=now), missed=Window(since=checked_until, until=floor))


def moment_of(day: date, at: time, zone: tzinfo) -> datetime:
    """Return when it is *at* on *day* in *zone*, in UTC."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def days_in(window: Window, at: time, zone: tzinfo) -> list[date]:
    """Return the local days whose *at* lies in *window*, in order."""
    first = window.since.astimezone(zone).date() - timedelta(days=1)
    last = window.until.astimezone(zone).date() + timedelta(days=1)
    return [
        day
        for number in range((last - first).days + 1)
        if moment_of(day := first + timedelta(days=number), at, zone) in window
    ]


# zoneinfo itself holds only the eight that were used last, and reads the others from disk again.
_zone = lru_cache(maxsize=None)(ZoneInfo)


@lru_cache(maxsize=64)
def local_days(window: Window, at: time, zones: frozenset[str]) -> dict[str, tuple[date, ...]]:
    """Return for each zone the local days whose *at* lies in *window*; zones without one are left out."""
    alike: dict[timedelta, tuple[date, ...]] = {}
    found = {}
    for name in zones:
        zone = _zone(name)
        offset = _steady_offset(window, zone)
        if offset is None:
            days = tuple(days_in(window, at, zone))
        elif offset in alike:
            days = alike[offset]
        else:
            days = alike[offset] = tuple(days_in(window, at, timezone(offset)))
        if days:
            found[name] = days
    return found


def _steady_offset(window: Window, zone: ZoneInfo) -> timedelta | None:
    """
    Return the zone's one offset around *window*; None where its clock is moved near by.

    Two days around: a zone that crosses the date line leaves out a whole day, whose times come a day later. That
    no zone moves its clock there and back within a few days is tested on all of them.
    """
    around = (window.since - _NEAR, window.since, window.until, window.until + _NEAR)
    offsets = {moment.astimezone(zone).utcoffset() for moment in around}
    return offsets.pop() if len(offsets) == 1 else None


def next_look(now: datetime, at: time) -> datetime:
    """Return the first moment after *now* at which it may be *at* in some zone."""
    base = now.replace(second=0, microsecond=0, minute=now.minute - now.minute % QUARTER)
    wanted = base + timedelta(minutes=at.minute % QUARTER, seconds=at.second)
    while wanted <= now:
        wanted += timedelta(minutes=QUARTER)
    return wanted


def anniversary(month: int, day: int, year: int) -> date:
    """Return the day of *year* on which a date comes round: 29 February on the 28th where there is none."""
    if (month, day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28)
    return date(year, month, day)


def come_round_on(day: date) -> list[tuple[int, int]]:
    """Return the (month, day) of the dates that come round on *day*."""
    found = [(day.month, day.day)]
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        found.append((2, 29))
    return found


def scheduled(timed: Timed, day: date) -> bool:
    """Tell whether a weekly or monthly trigger falls on *day*."""
    if timed.weekdays:
        return day.weekday() in timed.weekdays
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day == min(timed.month_day, last)


def date_key(timed: Timed, occasion: date) -> str:
    """Return what one date trigger's occasion is told by: ``birthday:2027``, ``expiry:2027-03-01``."""
    return f"{timed.attribute}:{occasion.year if timed.yearly else occasion.isoformat()}"


def schedule_key(day: date) -> str:
    return f"schedule:{day.isoformat()}"


def inactive_key(last_event_id: int) -> str:
    return f"inactive:{last_event_id}"


def once_key(timed: Timed) -> str:
    return f"once:{timed.moment}"


def dates_for(timed: Timed, days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Yield (local day, the date itself) for each day: the date lies the trigger's offset before the day."""
    for day in days:
        try:
            yield day, day - timedelta(days=timed.offset_days)
        except OverflowError:
            continue
