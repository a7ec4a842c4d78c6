"""When a trigger that a clock pulls lets somebody in next, told before it does. Pure.

Days, moments and keys are those of ``occasions``, and who may come again is ``entry``'s to say: what is
promised here is what the triggers will do, as long as nothing about the person changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from wagtail_drip.enrolments import entry, occasions
from wagtail_drip.enrolments.entry import Earlier
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.flow import Entry
from wagtail_drip.sequences.triggers import Timed

# Longer than any two leap days, or two days of a month, are apart; and never so long that a page waits for it.
YEARS_AHEAD, DAYS_AHEAD = 10, 400
MOST_TRIED = 500


@dataclass(frozen=True, kw_only=True)
class Person:
    """
    What such a trigger reads of somebody.

    :ivar date: (year or None, month, day) of the attribute that it goes by; None where there is no such date.
    :ivar last_at: when the event whose silence is waited for last happened, and *last_event_id* which that was.
    """

    zone: str
    date: tuple[int | None, int, int] | None = None
    last_at: datetime | None = None
    last_event_id: int = 0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One moment at which the trigger falls for somebody; *occasion* is what the entry would be for."""

    at: datetime
    occasion: str


def turns(timed: Timed, person: Person, *, since: datetime) -> Iterator[Turn]:
    """Yield the turns after *since*, in order, as far as one may look ahead."""
    found = {
        triggers.DATE: _by_date,
        triggers.INACTIVE: _by_silence,
        triggers.SCHEDULE: _by_schedule,
        triggers.ONCE: _at_once,
    }[timed.kind](timed, person, since)
    return (turn for turn in found if turn.at > since or timed.kind == triggers.ONCE)


def next_turn(
    timed: Timed, rules: Entry, person: Person, *, since: datetime, earlier: Sequence[Earlier]
) -> Turn | None:
    """Return the first turn after *since* that the rules of re-entry do not refuse; None where none is in sight."""
    for tried, turn in enumerate(turns(timed, person, since=since)):
        refusal = entry.why_not(rules, key=turn.occasion, earlier=earlier, now=turn.at, by_occasion=True)
        if refusal is None:
            return turn
        if tried >= MOST_TRIED:
            break
    return None


def last_turn(timed: Timed, person: Person, *, until: datetime) -> Turn | None:
    """Return the last turn up to *until*; None where there was none, or none within a year or so."""
    once_only = timed.kind == triggers.INACTIVE or (timed.kind == triggers.DATE and not timed.yearly)
    since = entry.EPOCH if once_only else until - timedelta(days=DAYS_AHEAD)
    over = list(takewhile(lambda turn: turn.at <= until, turns(timed, person, since=since)))
    return over[-1] if over else None


def _by_date(timed: Timed, person: Person, since: datetime) -> Iterator[Turn]:
    if person.date is None:
        return
    zone = ZoneInfo(person.zone)
    year, month, day = person.date
    offset = timedelta(days=timed.offset_days)
    first = (since.astimezone(zone) - offset).year - 1
    for each in range(first, first + YEARS_AHEAD) if timed.yearly else [year]:
        if each is None:
            return  # a birthday without its year never expires
        try:
            occasion = occasions.anniversary(month, day, each)
            at = occasions.moment_of(occasion + offset, timed.time, zone)
        except (OverflowError, ValueError):
            continue
        yield Turn(at=at, occasion=occasions.date_key(timed, occasion))


def _by_schedule(timed: Timed, person: Person, since: datetime) -> Iterator[Turn]:
    zone = ZoneInfo(person.zone)
    first = since.astimezone(zone).date() - timedelta(days=1)
    for number in range(DAYS_AHEAD + 2):
        day = first + timedelta(days=number)
        if occasions.scheduled(timed, day):
            at = occasions.moment_of(day, timed.time, zone)
            yield Turn(at=at, occasion=occasions.schedule_key(day))


def _by_silence(timed: Timed, person: Person, since: datetime) -> Iterator[Turn]:
    if person.last_at is not None:
        at = person.last_at + timedelta(days=timed.silent_days)
        yield Turn(at=at, occasion=occasions.inactive_key(person.last_event_id))


def _at_once(timed: Timed, person: Person, since: datetime) -> Iterator[Turn]:
    yield Turn(at=timed.starts_at or since, occasion=occasions.once_key(timed))
