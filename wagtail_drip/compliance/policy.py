"""
May this message go now? Pure over a question: the same answer for a send, a preview and a replay.

Marketing needs permission and obeys suppression, opening, quiet hours, sending times and expiry. A
transactional text needs its own permission and obeys suppression, opening, quiet hours by law and expiry. A
response needs a licence. A test goes to confirmed staff numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32

from wagtail_drip.contacts.types import Purpose, PurposeGroup, group_of
from wagtail_drip.core.windows import default_windows

from . import jurisdictions, quiet_hours
from .quiet_hours import Hours, Week
from .types import Decision, Question, Reason, defer, expire, send, skip

# A licence is good for so long: an answer that comes later is no answer.
LICENCE_HOURS = 24
# Fewer common minutes a day than this, and a number's zones together say nothing: its country's zone decides.
LEAST_COMMON_MINUTES = 60
# At an opening the waiting texts are spread over so many minutes, lest everybody gets theirs in one second.
SPREAD_MINUTES = 10


def decide(question: Question, *, now: datetime) -> Decision:
    """Return whether the message may go *now*, and if not, why and when to ask again."""
    if question.expires_at is not None and question.expires_at <= now:
        return expire()
    refusal = _refusal(question, now)
    if refusal:
        return skip(refusal)
    if question.is_test or question.purpose == Purpose.RESPONSE:
        return send()
    # Frequency caps stand here: ``question.counts`` is filled, no rule reads it yet.
    return _by_the_clock(question, now)


def is_zone_guessed(question: Question, *, now: datetime) -> bool:
    """Tell whether the number's zones have too little in common, so that its country's zone decides."""
    return _legal_zones(question, _binding(question), now) != question.zones


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


def _refusal(question: Question, now: datetime) -> str:
    if not question.number:
        return Reason.NO_PHONE
    is_response = question.purpose == Purpose.RESPONSE
    licence = question.licence
    if question.is_suppressed and not (is_response and licence is not None and licence.is_stop):
        return Reason.SUPPRESSED
    if question.is_test:
        return "" if question.is_staff_number else Reason.NOT_OPEN_YET
    if not question.is_open and not question.is_staff_number:
        return Reason.NOT_OPEN_YET
    if is_response:
        if licence is None or now - licence.recorded_at > timedelta(hours=LICENCE_HOURS):
            return Reason.NO_LICENCE
        return ""
    if not question.permission:
        return Reason.NO_CONSENT if question.permission is None else Reason.UNSUBSCRIBED
    return ""


def _by_the_clock(question: Question, now: datetime) -> Decision:
    legal: list[Hours] = []
    week = _binding(question)
    if week is not None:
        legal = [Hours(week, zone) for zone in sorted(_legal_zones(question, week, now))]
    opening = quiet_hours.next_open(now, legal)
    if opening is None:
        return skip(Reason.WINDOW_CLOSED)
    reason = Reason.QUIET_HOURS
    hours = legal
    if _obeys_windows(question):
        chosen = Hours(_week(question.windows), chosen_zone(question) or "UTC")
        if opening <= now:
            reason = Reason.SEND_WINDOW
        hours = [*legal, chosen]
        opening = quiet_hours.next_open(now, hours)
        if opening is None:
            return skip(Reason.WINDOW_CLOSED)
    if opening <= now:
        return send()
    if question.expires_at is not None and opening >= question.expires_at:
        return skip(Reason.WINDOW_CLOSED)
    until = _spread(opening, hours, question.number)
    if question.expires_at is not None and until >= question.expires_at:
        until = opening
    return defer(reason, until)


def _obeys_windows(question: Question) -> bool:
    return group_of(question.purpose) == PurposeGroup.MARKETING and not question.ignores_windows


def _binding(question: Question) -> Week | None:
    is_marketing = group_of(question.purpose) == PurposeGroup.MARKETING
    return jurisdictions.binding_week(question.region, question.subdivision, is_marketing=is_marketing)


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


def _spread(opening: datetime, hours: list[Hours], number: str) -> datetime:
    """Return a moment shortly after *opening*, the same for a number each time it is asked."""
    later = opening + timedelta(seconds=crc32(number.encode()) % (SPREAD_MINUTES * 60))
    return later if quiet_hours.next_open(later, hours) == later else opening


def _week(windows: Mapping[str, Any]) -> Week:
    try:
        return _week_of(
            tuple(
                (day, tuple((begin, end) for begin, end in windows.get(day, ())))
                for day in ("0", "1", "2", "3", "4", "5", "6")
            )
        )
    except (ValueError, TypeError, AttributeError):
        # A form checks them; whatever came in by another way must neither stop every text nor open the night.
        return _week(default_windows())


@lru_cache(maxsize=256)
def _week_of(days: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Week:
    return quiet_hours.week_of(dict(days))
