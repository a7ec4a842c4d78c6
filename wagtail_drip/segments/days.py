"""Which days of the year lie between two days, so that a database finds them by month and day. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, kw_only=True)
class Days:
    """Days *first* to *last*, both meant, of one month."""

    month: int
    first: int
    last: int


def days_of_year(first: date, last: date) -> Iterator[Days]:
    """
    Yield, a month at a time, the days of the year on which *first* to *last* fall, both meant.

    What falls on 29 February comes round on the 28th where there is none.

    :param last: less than a year after *first*; any day later, it is every day of the year.
    """
    if (last - first).days >= 365:
        yield from (Days(month=month, first=1, last=31) for month in range(1, 13))
        return
    begins = first
    while begins <= last:
        ends = min(last, begins.replace(day=calendar.monthrange(begins.year, begins.month)[1]))
        leaps_over = (ends.month, ends.day) == (2, 28) and not calendar.isleap(ends.year)
        yield Days(month=begins.month, first=begins.day, last=29 if leaps_over else ends.day)
        begins = ends + timedelta(days=1)
