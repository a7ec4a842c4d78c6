"""
How often is often enough? Whether one more message fits under every cap, and the first moment at which it does.

A cap counts what was handed over in the 7 × 24 hours or the 30 days before a moment: for everybody, for one
purpose, for one topic, and what a contact has asked for. A message handed over at 10:00 is counted until 10:00
a week later, and no longer from that very moment on. A special event raises the caps of everybody, of purposes
and of topics for its dates, for its own sequences; it never raises what a contact has asked for, and its ceiling
bounds what one contact gets of the site while it lasts. Pure: no clock, no database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from wagtail_drip.core.caps import default_caps

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
# A message that leaves its place to one that is due already asks again after so long.
ASK_AGAIN = timedelta(minutes=1)
_LONGEST_NAME = 64


class Scope(StrEnum):
    """What a cap counts."""

    EVERYONE = "everyone"  # every counted message of the site
    PURPOSE = "purpose"
    TOPIC = "topic"
    OWN = "own"  # what the contact has asked for: every counted message of every site
    CEILING = "ceiling"  # every counted message of the site since a special event began


class Limits(NamedTuple):
    """The most messages in 7 × 24 hours and in 30 days; None is no limit, 0 is never."""

    week: int | None = None
    month: int | None = None


class EventRules(NamedTuple):
    """
    What a special event allows: days on which there may be more.

    :param ends_at: the first moment after it.
    :param raised: the limits while it lasts; None leaves a limit as it is. A raise never lowers.
    :param ceiling: the most that one contact gets of the site while it lasts; None is no ceiling.
    :param sequences: whose messages it is for; nobody else's are touched by it.
    """

    name: str
    starts_at: datetime
    ends_at: datetime
    raised: Limits
    ceiling: int | None
    sequences: frozenset[int]


class Rules(NamedTuple):
    """The caps of one site."""

    everyone: Limits = Limits()
    purposes: Mapping[str, Limits] = {}
    topics: Mapping[str, Limits] = {}
    events: tuple[EventRules, ...] = ()

    def strictest(self) -> Limits:
        """Return limits under which a message is under every cap, whatever it is about; ceilings included."""
        every = [self.everyone, *self.purposes.values(), *self.topics.values()]
        every += [Limits(event.ceiling, event.ceiling) for event in self.events]
        return Limits(
            *(min((one for one in of if one is not None), default=None) for of in zip(*every, strict=True))
        )


def rules_of(caps: Any, *, events: Iterable[EventRules] = ()) -> Rules:
    """
    Return the rules that a site's settings hold, in the shape that ``core.caps`` shows.

    Where that shape is broken they are the default: whatever came in by another way than the form must neither
    stop every text nor let every one through.
    """
    try:
        return Rules(
            _limits(caps),
            {str(name): _limits(limits) for name, limits in caps.get("purposes", {}).items()},
            {str(name): _limits(limits) for name, limits in caps.get("topics", {}).items()},
            tuple(events),
        )
    except (ValueError, TypeError, AttributeError):
        return rules_of(default_caps(), events=events)


def _limits(given: Any) -> Limits:
    return Limits(*(None if given.get(span) is None else int(given[span]) for span in Limits._fields))


class Sent(NamedTuple):
    """A message that counts: handed over at this moment, or expected to be."""

    at: datetime
    site_id: int
    purpose: str
    topic: str


class Pressure(NamedTuple):
    """
    One message, and what its contact had and is about to get.

    Whoever decides about several messages of one contact keeps ``sent`` and ``kept`` up to date between them.

    :param own: what the contact has asked for.
    :param sent: all that counts of the contact's last 30 days.
    :param kept: messages of a higher priority that are due soon; this one must leave them their place.
    """

    site_id: int
    purpose: str
    topic: str
    sequence_id: int | None
    rules: Rules
    own: Limits
    sent: list[Sent]
    kept: list[Sent]


class Cap(NamedTuple):
    """One limit over one span. ``since`` is when the span began, where it does not roll."""

    scope: Scope
    name: str
    days: int
    limit: int
    since: datetime | None = None


class Capped(NamedTuple):
    """
    Why a message may not go.

    :ivar had: how many are counted under the cap.
    :ivar until: the first moment at which it may go if nothing else does before; None is never.
    :ivar is_kept: whether there is room, which a message of higher priority needs.
    """

    cap: Cap
    had: int
    until: datetime | None
    is_kept: bool = False

    def as_text(self, until: datetime | None = None) -> str:
        """Return what is written down of it, at most 255 characters; *until* is when it may go, hours included."""
        until = until or self.until
        return json.dumps(
            {
                "cap": self.cap.scope.value,
                "name": self.cap.name[:_LONGEST_NAME],
                "days": self.cap.days,
                "had": self.had,
                "limit": self.cap.limit,
                "next": until.isoformat(timespec="seconds") if until else "",
                "kept": self.is_kept,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def check(pressure: Pressure, *, at: datetime) -> Capped | None:
    """Return why the message may not go *at* that moment, or None where it may."""
    full = _full(pressure, at)
    if not full:
        return _kept(pressure, at)
    until = None
    for moment in _turning_points(pressure, at):
        found = _full(pressure, moment)
        if not found:
            until = moment
            break
        # Of several full ones the one is named that stays full the longest.
        full = [cap for cap in full if cap in found] or full
    return Capped(full[0], _count(full[0], pressure, at), until)


def caps(pressure: Pressure, at: datetime) -> Iterator[Cap]:
    """Yield every cap that the message is under at a moment."""
    rules = pressure.rules
    events = [
        event
        for event in rules.events
        if pressure.sequence_id in event.sequences and event.starts_at <= at < event.ends_at
    ]
    for scope, name, limits in (
        (Scope.EVERYONE, "", rules.everyone),
        (Scope.PURPOSE, pressure.purpose, rules.purposes.get(pressure.purpose)),
        (Scope.TOPIC, pressure.topic, rules.topics.get(pressure.topic) if pressure.topic else None),
    ):
        if limits is not None:
            yield from _of_limits(scope, name, _raised(limits, events))
    yield from _of_limits(Scope.OWN, "", pressure.own)
    for event in events:
        if event.ceiling is not None:
            yield Cap(Scope.CEILING, event.name, 0, event.ceiling, event.starts_at)


def _of_limits(scope: Scope, name: str, limits: Limits) -> Iterator[Cap]:
    if limits.week is not None:
        yield Cap(scope, name, WEEK.days, limits.week)
    if limits.month is not None:
        yield Cap(scope, name, MONTH.days, limits.month)


def _raised(limits: Limits, events: Sequence[EventRules]) -> Limits:
    return Limits(
        *(
            limit if limit is None else max(limit, *(event.raised[position] or 0 for event in events), 0)
            for position, limit in enumerate(limits)
        )
    )


def _full(pressure: Pressure, at: datetime) -> list[Cap]:
    """Return the caps under which there is no room at a moment."""
    return [cap for cap in caps(pressure, at) if _count(cap, pressure, at) >= cap.limit]


def _count(cap: Cap, pressure: Pressure, at: datetime) -> int:
    return sum(1 for sent in pressure.sent if _counts(cap, sent, pressure.site_id, at))


def _counts(cap: Cap, sent: Sent, site_id: int, at: datetime) -> bool:
    if sent.at < cap.since if cap.since is not None else sent.at <= at - timedelta(days=cap.days):
        return False
    if cap.scope is Scope.OWN:
        return True
    return (
        sent.site_id == site_id
        and (cap.scope is not Scope.PURPOSE or sent.purpose == cap.name)
        and (cap.scope is not Scope.TOPIC or sent.topic == cap.name)
    )


def _turning_points(pressure: Pressure, at: datetime) -> list[datetime]:
    """Return the moments after *at* at which something that was counted is no longer, or a limit changes."""
    moments = {sent.at + span for sent in pressure.sent for span in (WEEK, MONTH)}
    for event in pressure.rules.events:
        if pressure.sequence_id in event.sequences:
            moments |= {event.starts_at, event.ends_at}
    return sorted(moment for moment in moments if moment > at)


def _kept(pressure: Pressure, at: datetime) -> Capped | None:
    """
    Return the cap whose room a message of higher priority needs, at the moment when that one is due.

    The message is asked about again when that one is due: then it has gone, or it never will.
    """
    for other in sorted(pressure.kept):
        due = max(other.at, at)
        for cap in caps(pressure, due):
            if not _counts(cap, other, pressure.site_id, due) or not _would_count(cap, pressure, at, due):
                continue
            before = sum(
                1
                for sent in (*pressure.sent, *(kept for kept in pressure.kept if kept.at <= due))
                if _counts(cap, sent, pressure.site_id, due)
            )
            if before + 1 > cap.limit:
                until = other.at if other.at > at else at + ASK_AGAIN
                return Capped(cap, _count(cap, pressure, at), until, is_kept=True)
    return None


def _would_count(cap: Cap, pressure: Pressure, at: datetime, due: datetime) -> bool:
    return _counts(cap, Sent(at, pressure.site_id, pressure.purpose, pressure.topic), pressure.site_id, due)
