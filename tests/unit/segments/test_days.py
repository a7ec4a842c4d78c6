"""Months and days between two days, against a walk from one day to the next."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as some

from wagtail_drip.segments.days import days_of_year

DAYS_OF_A_LEAP_YEAR = [date(2000, 1, 1) + timedelta(days=n) for n in range(366)]


@given(first=some.dates(date(2020, 1, 1), date(2040, 12, 31)), more=some.integers(0, 800))
def test_the_days_are_those_on_which_one_would_celebrate(first: date, more: int) -> None:
    last = first + timedelta(days=more)

    found = {
        (day.month, day.day)
        for day in DAYS_OF_A_LEAP_YEAR
        for each in days_of_year(first, last)
        if each.month == day.month and each.first <= day.day <= each.last
    }

    walked = [first + timedelta(days=n) for n in range(more + 1)]
    expected = {(day.month, day.day) for day in walked}
    expected |= {
        (2, 29) for day in walked if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year)
    }
    assert found == (expected if more < 365 else {(day.month, day.day) for day in DAYS_OF_A_LEAP_YEAR})


@given(first=some.dates(date(2020, 1, 1), date(2040, 12, 31)), more=some.integers(0, 364))
def test_a_year_takes_at_most_thirteen_conditions(first: date, more: int) -> None:
    assert len(list(days_of_year(first, first + timedelta(days=more)))) <= 13
