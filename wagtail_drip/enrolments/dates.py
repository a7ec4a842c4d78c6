"""From a date that somebody wrote down, and an offset, to the moment that is meant, by the contact's own clock. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# A date alone says no hour; nobody wants to be texted at midnight.
MORNING = time(9)
ELAPSED = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}
CALENDAR = {"days": timedelta(days=1), "weeks": timedelta(weeks=1)}
SIGNS = {"before": -1, "on": 0, "after": 1}

_MONTH_AND_DAY = re.compile(r"(?:--)?(\d{2})-(\d{2})\Z")
_LEAP_YEAR = 2000


@dataclass(frozen=True, kw_only=True)
class Written:
    """
    A date as it was written down.

    :ivar clock: None for a date alone.
    :ivar instant: where the writing named its offset; else its clock is the contact's.
    :ivar is_yearly: no year was written: only an anniversary can be meant.
    """

    day: date
    clock: time | None = None
    instant: datetime | None = None
    is_yearly: bool = False


@dataclass(frozen=True, kw_only=True)
class Offset:
    """
    :ivar direction: before, on, after.
    :ivar unit: minutes, hours (elapsed), days or weeks (by the calendar).
    :ivar at: the time of day; None for the date's own.
    """

    direction: str = "on"
    amount: int = 0
    unit: str = "days"
    at: time | None = None


def read(value: Any, *, zone: ZoneInfo) -> Written | None:
    """Return what *value* says: ``2026-12-01``, ``2026-12-01T14:30+01:00``, ``12-01``; None if it is no date."""
    text = str(value).strip() if value is not None else ""
    try:
        yearly = _MONTH_AND_DAY.match(text)
        if yearly:
            return Written(day=date(_LEAP_YEAR, int(yearly[1]), int(yearly[2])), is_yearly=True)
        if len(text) == len("2026-12-01"):
            return Written(day=date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return Written(day=moment.date(), clock=moment.time())
        local = moment.astimezone(zone)
        return Written(day=local.date(), clock=local.time(), instant=moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def moment_of(written: Written, offset: Offset, *, zone: ZoneInfo) -> datetime | None:
    """Return the moment that is meant, in UTC; None where the calendar does not reach so far."""
    shift = SIGNS[offset.direction] * offset.amount
    try:
        if offset.direction != "on" and offset.unit in ELAPSED:
            begin = written.instant or _at(written.day, written.clock or offset.at or MORNING, zone)
            return begin + shift * ELAPSED[offset.unit]
        day = written.day + shift * CALENDAR.get(offset.unit, timedelta(0))
        # The days are counted on the calendar and the clock is read last: the night the clocks change takes
        # no hour away.
        return _at(day, offset.at or written.clock or MORNING, zone)
    except (ValueError, OverflowError):
        return None


def next_anniversary(written: Written, offset: Offset, *, zone: ZoneInfo, since: datetime) -> datetime | None:
    """Return the first moment at or after *since* at which an anniversary of the date is meant."""
    for year in range(since.year - 3, since.year + 5):
        this = Written(day=_in_year(written.day, year), clock=written.clock)
        moment = moment_of(this, offset, zone=zone)
        if moment is not None and moment >= since:
            return moment
    return None


def _in_year(day: date, year: int) -> date:
    """Return the day in that year; who was born on the 29th of February has the 28th in other years."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
