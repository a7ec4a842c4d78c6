"""The weeks of a month, each day with what is on it. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from wagtail_drip.admin.calendar.entries import Entry


class Day(NamedTuple):
    date: date
    is_in_month: bool
    is_today: bool
    entries: list[Entry]


def span_of(year: int, month: int) -> tuple[date, date]:
    """Return the first and the last day that the month's page shows: whole weeks, from Monday."""
    first = date(year, month, 1)
    last = date(year, month, calendar.monthrange(year, month)[1])
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def weeks_of(year: int, month: int, entries: Iterable[Entry], *, today: date) -> list[list[Day]]:
    """Return the month's weeks; an entry stands on each of its days."""
    begins, ends = span_of(year, month)
    found = list(entries)
    days = [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]
    return [
        [
            Day(
                date=day,
                is_in_month=day.month == month,
                is_today=day == today,
                entries=[entry for entry in found if entry.begins <= day <= entry.ends],
            )
            for day in days[week : week + 7]
        ]
        for week in range(0, len(days), 7)
    ]
