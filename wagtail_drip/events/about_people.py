"""What this room's tables hold about people."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Contains

from wagtail_drip.core.personal_data import Age, Erasing, Held, Kind, Person, of_contact
from wagtail_drip.events.models import Event, EventTally, Notice

# What a notice that is taken in told stands in other tables: its envelope is empty from then on.
_UNREAD = Q(envelope__isnull=False)


def _notices(person: Person) -> QuerySet[Any]:
    """
    Find what is not taken in yet by whom its envelope names: few, so each is read.

    What is taken in is found by its key, in which a shop may have written a number or an address.
    """
    found = []
    unread = Notice.objects.filter(_UNREAD, recorded_at__lte=person.until)
    for pk, store, envelope in unread.values_list("pk", "store", "envelope").iterator(chunk_size=500):
        if _is_about(person, store, envelope):
            found.append(pk)
    named = Q(pk__in=found)
    for each in person.names:
        # In small letters on both sides: not every database forgets about capitals by itself.
        named |= Q(Contains(Lower(F("key")), each.lower()))
    return Notice.objects.filter(named, recorded_at__lte=person.until)


def _is_about(person: Person, store: str, envelope: Any) -> bool:
    named = envelope.get("contact") if isinstance(envelope, dict) else None
    keys = {(kind, str(value)) for kind, value in named.items()} if isinstance(named, dict) else set()
    mine = {(kind, value) for of_store, kind, value in person.identities if of_store == store}
    return bool(keys & mine) or person.is_named_in(str(envelope))


HELD = (
    Held(
        model=Event,
        why="What happened, and when: it starts sequences and is counted.",
        rows=of_contact(Event),
        personal={"properties": Kind.VALUES, "error": Kind.TRACE},
        scrubbed=("key",),
        plain="id contact site store name source occurred_at recorded_at match_due_at held_for match_attempts",
        ages=(Age(setting="KEEP_EVENT_DAYS", since="recorded_at", blanks=("properties",)),),
    ),
    Held(
        model=EventTally,
        why="How often each thing happened to somebody.",
        rows=of_contact(EventTally),
        plain="id contact name first_at last_at last_event_id n interest_due_at",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=Notice,
        why="What a shop told us and is not taken in yet.",
        rows=_notices,
        personal={"envelope": Kind.VALUES, "due_at": Kind.PROFILE, "error": Kind.TRACE},
        kept={"object_id": "the shop's own number of its order or cart: the same is not taken in twice"},
        scrubbed=("key",),
        plain="id store kind recorded_at attempts",
        ages=(
            Age(
                setting="KEEP_NOTICE_DAYS",
                since="recorded_at",
                blanks=("envelope", "error"),
                where=Q(due_at=None) & (_UNREAD | ~Q(error="")),
            ),
        ),
    ),
)
