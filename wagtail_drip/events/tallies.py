"""Counts events by contact and name while they are recorded, set-wise; each event once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from wagtail_drip.core import claims
from wagtail_drip.core.among import Among
from wagtail_drip.core.upserts import upsert
from wagtail_drip.events import catalogue, moments
from wagtail_drip.events.models import Event, EventTally

Key = tuple[int, str]


def lock(rows: Collection[Event]) -> dict[Key, EventTally]:
    """Return the tallies of these events, locked and made where they are missing, in the order of their key."""
    first: dict[Key, datetime] = {}
    for row in rows:
        if row.contact_id is not None:
            key = (row.contact_id, row.name)
            first[key] = min(first.get(key, moments.of(row)), moments.of(row))
    claims.insert_new(
        [
            EventTally(contact_id=contact_id, name=name, first_at=at, last_at=at)
            for (contact_id, name), at in sorted(first.items())
        ],
        unique=["contact", "name"],
    )
    found = claims.lock_in_order(
        EventTally.objects.filter(
            Among("contact_id", {contact_id for contact_id, _name in first}),
            name__in={name for _contact_id, name in first},
        )
    )
    return {(row.contact_id, row.name): row for row in found}


def known(rows: Sequence[Event]) -> set[tuple[str, str]]:
    """Return the (store, key) of those events that are recorded already."""
    recorded = Event.objects.filter(store__in={row.store for row in rows}, key__in={row.key for row in rows})
    return set(recorded.values_list("store", "key"))


def count(new: Sequence[Event], held: dict[Key, EventTally]) -> None:
    """Add events that have just been recorded to their tallies, which are locked."""
    ids = {
        (store, key): pk
        for store, key, pk in Event.objects.filter(
            store__in={row.store for row in new}, key__in={row.key for row in new}
        ).values_list("store", "key", "pk")
    }
    theirs: dict[Key, dict[tuple[str, str], Event]] = defaultdict(dict)
    for row in new:
        if row.contact_id is not None and (row.store, row.key) in ids:
            # The first of a key is the one that was recorded.
            theirs[row.contact_id, row.name].setdefault((row.store, row.key), row)
    changed, signs = [], catalogue.signs_of_interest()
    for key, events in sorted(theirs.items()):
        tally = held[key]
        if tally.name in signs:
            tally.interest_due_at = min(row.recorded_at for row in events.values())
        for named, row in events.items():
            tally.n += 1
            tally.first_at = min(tally.first_at, moments.of(row))
            if tally.last_event_id == 0 or moments.of(row) >= tally.last_at:
                tally.last_at, tally.last_event_id = moments.of(row), ids[named]
        changed.append(tally)
    upsert(
        changed,
        unique=["contact", "name"],
        update=["first_at", "last_at", "last_event_id", "n", "interest_due_at"],
    )
