"""
When the rules of time let a message go: legal hours, blackout dates, holidays, sending times, a contact's own
hours, expiry. Pure.

``opening`` is for the thousands of a pass; ``next_possible`` says the same and which rules stood in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zlib import crc32

from wagtail_drip.contacts.types import Purpose, PurposeGroup, group_of
from wagtail_drip.core.windows import default_windows

from . import jurisdictions, public_holidays, quiet_hours
from .jurisdictions import Rule
from .quiet_hours import NO_DAYS, Hours, Week
from .time_rules import all_day, holiday_dates
from .types import Question, Reason

# Fewer common minutes a day than this, and a number's zones together say nothing: its country's zone decides.
LEAST_COMMON_MINUTES = 60
# More turns than this tell nobody anything: a calendar of contradictions.
MOST_OBSTACLES = 60


class Obstacle(NamedTuple):
    """
    A rule that stood in the way, from one moment to another.

    :ivar value: what the rule says: ``place``, ``source``, ``read`` of legal hours; ``zone`` and ``spans`` of
        sending times and of the contact's own hours; ``name`` and ``date`` of a blackout date or holiday.
    """

    reason: str
    begins_at: datetime
    ends_at: datetime | None  # None: it never lets this go
    value: Mapping[str, Any]


class NextPossible(NamedTuple):
    """
    :ivar at: the first moment at which the rules of time allow it; None if there is none, or none in time.
    :ivar obstacles: what was in the way until then, in the order in which it was met.
    :ivar planned_at: *at*, or shortly after it where a burst at an opening is spread.
    """

    at: datetime | None
    obstacles: tuple[Obstacle, ...]
    planned_at: datetime | None


class _Layer(NamedTuple):
    """One kind of rule: the hours that must all be open, and by what name it holds back."""

    reason: str
    hours: tuple[Hours, ...]


def opening(question: Question, *, now: datetime) -> tuple[datetime | None, str]:
    """Return the first moment at or after *now*, in UTC, and which rule stands in the way now ('' if none)."""
    layers = _layers(question, now)
    found = quiet_hours.next_open(now, [hours for layer in layers for hours in layer.hours])
    if found is not None and found <= now:
        return found, ""
    for layer in layers:
        if not all(quiet_hours.is_open(now, hours) for hours in layer.hours):
            return found, layer.reason
    return found, ""


def spread(question: Question, opening: datetime, *, now: datetime) -> datetime:
    """
    Return a moment shortly after *opening*, the same for a message each time it is asked.

    What waits for an opening is spread over the site's ``spread_minutes``, or less in a shorter window, lest
    everybody gets theirs in one second.
    """
    seconds = question.spread_minutes * 60
    hours = [each for layer in _layers(question, now) for each in layer.hours]
    place = crc32((question.spread_key or question.number).encode())
    while seconds > 0:
        later = opening + timedelta(seconds=place % seconds)
        in_time = question.expires_at is None or later < question.expires_at
        # Not next_open: each message has a moment of its own, and would only fill what that remembers.
        if in_time and all(quiet_hours.is_open(later, each) for each in hours):
            return later
        seconds //= 2
    return opening


def next_possible(question: Question, *, now: datetime) -> NextPossible:
    """
    Return when the rules of time first allow the message, and each that stood in the way, with what it says.

    Permission, suppression, caps and holds are other questions. A response and a test go at any time.
    """
    layers = _layers(question, now)
    moment = now
    obstacles: list[Obstacle] = []
    while len(obstacles) < MOST_OBSTACLES:
        blocked = _blocking(layers, moment)
        if blocked is None:
            break
        layer, ends = blocked
        obstacles.append(Obstacle(layer.reason, moment, ends, _value(question, layer, moment)))
        if ends is None:
            return NextPossible(None, tuple(obstacles), None)
        moment = ends
    found = quiet_hours.next_open(now, [hours for layer in layers for hours in layer.hours])
    expires = question.expires_at
    if expires is not None and (found is None or found >= expires):
        late = Obstacle(Reason.WINDOW_CLOSED, expires, None, {"expires_at": expires})
        return NextPossible(None, (*obstacles, late), None)
    if found is None or found <= now:
        return NextPossible(found, tuple(obstacles), found)
    return NextPossible(found, tuple(obstacles), spread(question, found, now=now))


def looser_rule(question: Question) -> Rule | None:
    """Return the legal hours that stand for the message, where they let go what ours would hold back; else None."""
    if question.is_test or question.purpose == Purpose.RESPONSE:
        return None
    rule = jurisdictions.rule_for(question.region, question.subdivision, rules=question.rules.legal)
    if rule is None:
        return None
    floor = jurisdictions.floor_of(rule)
    is_looser = jurisdictions.is_looser_for(rule, floor, is_marketing=_is_marketing(question))
    # Ours itself is asked of most often, and is quickly told.
    return rule if rule != floor and is_looser else None


def is_zone_guessed(question: Question, *, now: datetime) -> bool:
    """Tell whether the number's zones have too little in common, so that its country's zone decides."""
    return _legal_zones(question, _binding_week(question), now) != question.zones


def chosen_zone(question: Question) -> str:
    """Return the zone in which the site's sending times are read; '' where nothing tells."""
    if question.zone:
        return question.zone
    if len(question.zones) == 1:
        return next(iter(question.zones))
    return (
        question.country_zone
        or jurisdictions.DEFAULT_ZONES.get(question.region)
        or min(question.zones, default="")
    )


def _layers(question: Question, now: datetime) -> list[_Layer]:
    if question.is_test or question.purpose == Purpose.RESPONSE:
        return []
    rules = question.rules
    is_marketing = _is_marketing(question)
    year = now.year
    found = []
    rule = rules.binding(question.region, question.subdivision, is_marketing=is_marketing)
    if rule is not None:
        zones = _legal_zones(question, rule.week, now)
        legal = rules.legal_hours(
            question.region, question.subdivision, zones, year, is_marketing=is_marketing
        )
        found.append(_Layer(Reason.QUIET_HOURS, legal))
    zone = ""
    black = rules.black_dates(question.site_id, question.sequence_id, question.purpose)
    obeys = is_marketing and not question.ignores_windows
    closed, as_sunday = NO_DAYS, NO_DAYS
    if obeys:
        closed, as_sunday = holiday_dates(question.holidays, question.region, question.subdivision, year)
    shut = rules.without(black, closed)
    own = question.own_hours if is_marketing else None
    if shut or obeys or own:
        zone = chosen_zone(question) or "UTC"
    if shut:
        found.append(_Layer(Reason.BLACKOUT_DATE, (all_day(zone, shut),)))
    if obeys:
        chosen = Hours(week_of(question.windows), zone, shut, as_sunday)
        found.append(_Layer(Reason.SEND_WINDOW, (chosen,)))
    if own:
        # What they asked for, also of a step that may go outside the sending times.
        found.append(_Layer(Reason.CONTACT_HOURS, (Hours(quiet_hours.daily(own), zone),)))
    return found


def _blocking(layers: list[_Layer], moment: datetime) -> tuple[_Layer, datetime | None] | None:
    """Return the first layer that is closed at *moment*, and when it opens."""
    for layer in layers:
        opens = quiet_hours.next_open(moment, layer.hours)
        if opens is None or opens > moment:
            return layer, opens
    return None


def _value(question: Question, layer: _Layer, moment: datetime) -> dict[str, Any]:
    """Say what a rule says about *moment*, in plain values."""
    hours = (
        next(each for each in layer.hours if not quiet_hours.is_open(moment, each)) if layer.hours else None
    )
    if hours is None:
        return {}
    day = quiet_hours.wall_date(moment, hours.zone)
    said: dict[str, Any] = {"zone": hours.zone, "date": day.isoformat()}
    if layer.reason == Reason.BLACKOUT_DATE:
        return {**said, "name": _name_of(question, day)}
    said["spans"] = [
        [quiet_hours.wall_clock(begin), quiet_hours.wall_clock(end)]
        for begin, end in quiet_hours.spans_on(day, hours)
    ]
    if day in hours.as_sunday or (layer.reason == Reason.QUIET_HOURS and day in hours.closed):
        said["holiday"] = _holiday_name(question, day)
    if layer.reason == Reason.QUIET_HOURS:
        rule = question.rules.binding(
            question.region, question.subdivision, is_marketing=_is_marketing(question)
        )
        if rule is not None:
            said |= {"place": rule.place, "source": rule.source, "url": rule.url, "read": rule.read}
    return said


def _name_of(question: Question, day: date) -> str:
    covering = (
        each.name
        for each in question.rules.blackouts
        if each.begins <= day <= each.ends
        and each.covers(question.site_id, question.sequence_id, question.purpose)
    )
    return next(covering, "") or _holiday_name(question, day)


def _holiday_name(question: Question, day: date) -> str:
    return public_holidays.names(question.region, question.subdivision, day.year).get(day, "")


def _is_marketing(question: Question) -> bool:
    return group_of(question.purpose) is PurposeGroup.MARKETING


def _binding_week(question: Question) -> Week | None:
    rule = question.rules.binding(question.region, question.subdivision, is_marketing=_is_marketing(question))
    return rule.week if rule is not None else None


def _legal_zones(question: Question, week: Week | None, now: datetime) -> frozenset[str]:
    """Return the zones in all of which the law must allow it: the number's, or one where they leave no time."""
    zones = question.zones
    if week is not None and len(zones) > 1:
        if quiet_hours.widest_day_minutes(now.date(), week, zones) >= LEAST_COMMON_MINUTES:
            return zones
        zones = frozenset()
    if not zones:
        fallback = jurisdictions.DEFAULT_ZONES.get(question.region) or chosen_zone(question)
        return frozenset({fallback}) if fallback else frozenset()
    return zones


def week_of(windows: Mapping[str, Any]) -> Week:
    """Return a site's week of sending times; the usual ones if what is there makes no sense."""
    try:
        return _week_of(
            tuple(
                (day, tuple((begin, end) for begin, end in windows.get(day, ())))
                for day in ("0", "1", "2", "3", "4", "5", "6")
            )
        )
    except (ValueError, TypeError, AttributeError):
        # A form checks them; whatever came in by another way must neither stop every text nor open the night.
        return week_of(default_windows())


@lru_cache(maxsize=256)
def _week_of(days: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Week:
    return quiet_hours.week_of(dict(days))
