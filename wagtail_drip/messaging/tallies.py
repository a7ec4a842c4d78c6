"""Counting what became of messages, in the transaction in which it does.

A tally says that so many messages *reached* a state; ``sent`` is not taken back when ``delivered`` follows.
Taken back, with a negative row, is what turned out not to be so: a hand-over that was refused and goes back to
the queue, ``sent`` that became ``unknown``, and ``unknown``, ``undelivered`` or ``failed`` when a receipt brings
better news. A receipt that beats our own note of the hand-over counts for ``sent`` too. The day is that of the hand-over in the site's
zone, so that a day's deliveries are of that day's messages; before the hand-over it is the day of the change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wagtail_drip.core import inserts, sites
from wagtail_drip.messaging.models import MessageTally
from wagtail_drip.messaging.states import MessageState

S = MessageState
_TAKEN_BACK = frozenset({S.UNKNOWN, S.UNDELIVERED, S.FAILED})
_AFTER_SENT = frozenset({S.DELIVERED, S.UNDELIVERED})
_BEFORE_SENT = frozenset({S.HANDED_OVER, S.UNKNOWN})
_NOT_COUNTED = frozenset({S.CLAIMED})


class Change(NamedTuple):
    """One message's step from one state to another."""

    site_id: int
    sequence_id: int | None
    step_id: str
    before: str
    after: str
    at: datetime
    segments: int = 0


def append(changes: Iterable[Change]) -> None:
    """Append the tallies of *changes*: one query for the sites' zones, one insert."""
    counted: Counter[tuple[int, int | None, str, str, date]] = Counter()
    segments: Counter[tuple[int, int | None, str, str, date]] = Counter()
    grouped = Counter(changes)
    if not grouped:
        return
    zones = sites.zones_of({change.site_id for change in grouped})
    for change, n in grouped.items():
        day = change.at.astimezone(_zone(zones.get(change.site_id, "UTC"))).date()
        for state, sign in _moves(change.before, change.after):
            key = (change.site_id, change.sequence_id, change.step_id, state, day)
            counted[key] += sign * n
            segments[key] += sign * n * change.segments
    inserts.insert_values(
        MessageTally,
        [
            {
                "site_id": site_id,
                "sequence_id": sequence_id,
                "step_id": step_id,
                "state": str(state),
                "day": day,
                "n": n,
                "segments": segments[site_id, sequence_id, step_id, state, day],
            }
            for (site_id, sequence_id, step_id, state, day), n in counted.items()
            if n
        ],
    )


def _moves(before: str, after: str) -> Iterable[tuple[str, int]]:
    if before in _TAKEN_BACK:
        yield before, -1
    if after == S.SCHEDULED and before:
        if before == S.HANDED_OVER:
            yield before, -1
        return
    if before == S.SENT and after == S.UNKNOWN:
        yield before, -1
    if after in _AFTER_SENT and before in _BEFORE_SENT:
        yield S.SENT, 1
    if after not in _NOT_COUNTED:
        yield after, 1


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # counting must not stop a text
        return ZoneInfo("UTC")
