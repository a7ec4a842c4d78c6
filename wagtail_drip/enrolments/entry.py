"""May this contact enter: the age of the trigger, its conditions, and how often the same person may come.

Decides over rows that were read already; two workers that decide at the same moment are told apart by the
constraints of the table, to which these decisions are only the polite front.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wagtail_drip.core.states import State
from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.events import catalogue
from wagtail_drip.sequences.flow import Entry, Flow

DEDUPE_KEY_LENGTH = 128
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """One run of the same contact in the same sequence, over or not."""

    dedupe_key: str
    entered_at: datetime
    is_running: bool


def is_fresh(recorded_at: datetime, *, max_age_hours: float, now: datetime) -> bool:
    """Tell whether an event may still start sequences: after a long stop, yesterday's must not."""
    return now - recorded_at <= timedelta(hours=max_age_hours)


def is_triggered(flow: Flow, event: Seen) -> bool:
    return flow.trigger is not None and flow.trigger.accepts(event.name, event.properties)


def dedupe_key(flow: Flow, event: Seen | None) -> str:
    """Return what tells this run apart from another of the same person; '' where runs do not go side by side."""
    if not flow.entry.keyed or event is None:
        return ""
    kind = catalogue.find(event.name)
    if kind is None or not kind.dedupe_property:
        return ""
    return str(event.properties.get(kind.dedupe_property) or "")[:DEDUPE_KEY_LENGTH]


def entry_key(entry: Entry, *, key: str, now: datetime) -> str:
    """
    Return the value that keeps two workers from letting the same person in twice.

    :param key: what asked for the entry: the trigger's id, or the caller's own key.
    """
    if entry.reentry == "always":
        return key
    if entry.reentry == "after_days":
        # The start of the period of n days that *now* lies in. Two entries at least n days apart never
        # lie in the same one, so this refuses nobody whom ``may_enter`` lets in.
        days = max(entry.days, 1)
        period = (now - EPOCH) // timedelta(days=days)
        return (EPOCH + period * timedelta(days=days)).date().isoformat()
    return ""


class Refusal(State):
    """Why somebody did not enter."""

    NOBODY = "nobody", "There is no such contact, or it was erased."
    INSIDE = "inside", "Is in the sequence already."
    ENTERED_BEFORE = "entered_before", "Was in the sequence before, and it lets nobody in again."
    TOO_SOON = "too_soon", "Was in the sequence too short a time ago."
    SAME_OCCASION = "same_occasion", "Entered for this occasion already."
    FULL = "full", "The sequence lets in no more people in this hour or day."


def why_not(
    entry: Entry, *, key: str, earlier: Iterable[Earlier], now: datetime, by_occasion: bool = False
) -> Refusal | None:
    """
    Return why somebody with these *earlier* runs may not come in; None if they may.

    :param key: the dedupe key of the run that is asked for; runs with another key do not count, but
    :param by_occasion: a birthday or a month never lets the same person in twice at once, and how often they may
        come is counted over all occasions.
    """
    runs = list(earlier)
    same = [run for run in runs if run.dedupe_key == key]
    if by_occasion and key and same:
        return Refusal.INSIDE if any(run.is_running for run in same) else Refusal.SAME_OCCASION
    counting = runs if by_occasion else same
    if any(run.is_running for run in counting):
        return Refusal.INSIDE
    if entry.reentry == "always":
        return None
    if entry.reentry == "after_days":
        since = timedelta(days=max(entry.days, 1))
        return None if all(now - run.entered_at >= since for run in counting) else Refusal.TOO_SOON
    return Refusal.ENTERED_BEFORE if counting else None


def may_enter(entry: Entry, *, key: str, earlier: Iterable[Earlier], now: datetime) -> bool:
    """Tell whether somebody with these *earlier* runs may come in (see ``why_not``)."""
    return why_not(entry, key=key, earlier=earlier, now=now) is None


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def period_of(moment: datetime, *, per: str, zone: ZoneInfo) -> datetime:
    """Return when the hour or the local day that *moment* lies in began, in UTC."""
    if per == "hour":
        return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return datetime.combine(moment.astimezone(zone).date(), time(), tzinfo=zone).astimezone(UTC)


def next_period(period: datetime, *, per: str, zone: ZoneInfo) -> datetime:
    """Return when the hour or the local day after the one that began at *period* begins, in UTC."""
    if per == "hour":
        return period + HOUR
    day = period.astimezone(zone).date() + DAY
    following = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    # A day that a zone left out began when the one after it did.
    return following if following > period else following + DAY


@dataclass(frozen=True, kw_only=True)
class Given:
    """What entries were given out: so many in the period that is being filled."""

    period: datetime
    n: int


def give_out(
    entry: Entry, given: Given | None, *, wanted: int, now: datetime, zone: ZoneInfo
) -> tuple[list[datetime | None], Given]:
    """
    Return for each of *wanted* people the moment when there is room for them, and what is then given out.

    The moment is *now* where there is room, and None for who is refused.

    :param given: what was given out before; None for nothing.
    """
    present = period_of(now, per=entry.per, zone=zone)
    if given is None or given.period < present:
        given = Given(period=present, n=0)
    period, n = given.period, given.n
    moments: list[datetime | None] = []
    for _ in range(wanted):
        if n >= entry.most:
            if entry.excess == "refuse":
                moments.append(None)
                continue
            period, n = next_period(period, per=entry.per, zone=zone), 0
        # Whoever is to wait stands behind those who wait already.
        moments.append(max(period, now))
        n += 1
    return moments, Given(period=period, n=n)


Runs = Mapping[tuple[int, int], Collection[Earlier]]
