"""
What a pass knows of times that is the same for every message: legal hours as changed, and blackout dates. Pure.

One is made at a pass's beginning (``rulebook.read``) and goes with each question. It remembers what it was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from wagtail_drip.contacts.types import Purpose, PurposeGroup, group_of

from . import jurisdictions, public_holidays
from .jurisdictions import Holidays, Rule
from .quiet_hours import ALWAYS, NO_DAYS, Days, Hours


@dataclass(frozen=True, kw_only=True)
class Blackout:
    """
    Dates on which nothing goes, by the recipient's calendar.

    :param site_id: None is every site.
    :param purposes: empty is every marketing purpose; news of an order must be named.
    :param sequences: empty is everything, also what belongs to no sequence.
    """

    name: str
    begins: date
    ends: date
    site_id: int | None = None
    purposes: frozenset[str] = frozenset()
    sequences: frozenset[int] = frozenset()

    def covers(self, site_id: int, sequence_id: int | None, purpose: str) -> bool:
        if purpose == Purpose.RESPONSE or self.site_id not in (None, site_id):
            return False
        if self.sequences and sequence_id not in self.sequences:
            return False
        if self.purposes:
            return purpose in self.purposes
        return group_of(purpose) is PurposeGroup.MARKETING

    @property
    def days(self) -> Days:
        return frozenset(self.begins + timedelta(days=n) for n in range((self.ends - self.begins).days + 1))


class TimeRules:
    """The legal hours that bind, and the dates without texts."""

    def __init__(self, changed: Iterable[Rule] = (), blackouts: Iterable[Blackout] = ()) -> None:
        self.legal: Mapping[str, Rule] = {**jurisdictions.RULES, **{rule.place: rule for rule in changed}}
        self.blackouts = tuple(blackouts)
        self._binding: dict[tuple[str, str, bool], Rule | None] = {}
        self._legal_hours: dict[tuple[str, str, bool, frozenset[str], int], tuple[Hours, ...]] = {}
        self._black: dict[tuple[int, int | None, str], Days] = {}
        self._shut: dict[tuple[Days, Days], Days] = {}

    def binding(self, region: str, subdivision: str, *, is_marketing: bool) -> Rule | None:
        """Return the rule that a text to this place must obey, if any."""
        key = (region, subdivision, is_marketing)
        try:
            return self._binding[key]
        except KeyError:
            rule = jurisdictions.rule_for(region, subdivision, rules=self.legal)
            found = rule if rule is not None and rule.binds(is_marketing=is_marketing) else None
            return self._binding.setdefault(key, found)

    def legal_hours(
        self, region: str, subdivision: str, zones: frozenset[str], year: int, *, is_marketing: bool
    ) -> tuple[Hours, ...]:
        """Return what binds, as the clocks of each of *zones* show it; nothing if nothing does."""
        key = (region, subdivision, is_marketing, zones, year)
        try:
            return self._legal_hours[key]
        except KeyError:
            rule = self.binding(region, subdivision, is_marketing=is_marketing)
            if rule is None:
                return self._legal_hours.setdefault(key, ())
            closed, as_sunday = holiday_dates(rule.holidays, region, subdivision, year)
            found = tuple(Hours(rule.week, zone, closed, as_sunday) for zone in sorted(zones))
            return self._legal_hours.setdefault(key, found)

    def black_dates(self, site_id: int, sequence_id: int | None, purpose: str) -> Days:
        """Return the dates on which this may not go."""
        if not self.blackouts:
            return NO_DAYS
        key = (site_id, sequence_id, purpose)
        try:
            return self._black[key]
        except KeyError:
            covering = [each.days for each in self.blackouts if each.covers(*key)]
            return self._black.setdefault(key, NO_DAYS.union(*covering))

    def without(self, some: Days, others: Days) -> Days:
        """Return both together; remembered, since hashing a long set of dates takes longer than to look it up."""
        if not some or not others:
            return some or others
        try:
            return self._shut[some, others]
        except KeyError:
            return self._shut.setdefault((some, others), some | others)


class HolidayDates(NamedTuple):
    closed: Days
    as_sunday: Days


def holiday_dates(holidays: str, region: str, subdivision: str, year: int) -> HolidayDates:
    """Return a place's holidays about a year, as what they are treated like."""
    if holidays == Holidays.USUAL:
        return _NO_HOLIDAYS
    found = public_holidays.around(region, subdivision, year)
    if holidays == Holidays.CLOSED:
        return HolidayDates(found, NO_DAYS)
    return HolidayDates(NO_DAYS, found)


_NO_HOLIDAYS = HolidayDates(NO_DAYS, NO_DAYS)

# As shipped: no changes, no blackout dates.
SHIPPED = TimeRules()


def all_day(zone: str, closed: Days) -> Hours:
    """Return hours that are always open but on *closed*."""
    return Hours(ALWAYS, zone, closed)
