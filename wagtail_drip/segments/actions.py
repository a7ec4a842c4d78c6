"""The only writers of segments' runtime and of memberships."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.core.among import Among
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import OUR_STORE, EventDraft
from wagtail_drip.segments.models import Segment, SegmentMembership

ENTERED, LEFT = "segment_entered", "segment_left"


@transaction.atomic
def enter(segment: Segment, contact_ids: Collection[int], *, site_id: int | None, now: datetime) -> None:
    """
    Make these people members; with a site, each enters by an event of it.

    Whoever is a member already stays one, and enters nothing; nobody enters who was merged or erased meanwhile.
    """
    present = set(
        SegmentMembership.objects.filter(
            Among("contact_id", contact_ids), segment=segment, current=1
        ).values_list("contact_id", flat=True)
    )
    new = sorted(set(contact_ids) - present - _gone(contact_ids))
    claims.insert_new(
        [SegmentMembership(segment=segment, contact_id=pk, entered_at=now) for pk in new],
        unique=["segment", "contact", "current"],
    )
    if site_id is not None:
        _tell(ENTERED, segment, new, site_id=site_id, now=now)


@transaction.atomic
def leave(segment: Segment, contact_ids: Collection[int], *, site_id: int | None, now: datetime) -> None:
    """End these people's memberships; with a site, each leaves by an event of it."""
    rows = claims.lock_in_order(
        SegmentMembership.objects.filter(Among("contact_id", contact_ids), segment=segment, current=1)
    )
    SegmentMembership.objects.filter(Among("pk", [row.pk for row in rows])).update(current=None, left_at=now)
    if site_id is not None and rows:
        # An event of somebody merged is the event of who speaks for them, who may be in the segment all the same.
        gone = _gone([row.contact_id for row in rows])
        left = [row.contact_id for row in rows if row.contact_id not in gone]
        _tell(LEFT, segment, left, site_id=site_id, now=now)


def _gone(contact_ids: Collection[int]) -> set[int]:
    """Return those of these contacts who were merged or erased."""
    rows = Contact.objects.filter(Among("pk", contact_ids))
    gone = rows.exclude(merged_into=None, erased_at=None)
    return set(gone.values_list("pk", flat=True))


def _tell(name: str, segment: Segment, contact_ids: Sequence[int], *, site_id: int, now: datetime) -> None:
    events.record_events(
        [
            EventDraft(
                name=name,
                key=f"segment:{segment.pk}:{name}:{pk}:{now.isoformat()}",
                store=OUR_STORE,
                site_id=site_id,
                contact_id=pk,
                source="segment",
                occurred_at=now,
                recorded_at=now,
                properties={"segment_id": segment.pk, "segment": segment.name},
            )
            for pk in contact_ids
        ]
    )


def refreshed(segment: Segment, *, now: datetime, due_at: datetime | None) -> None:
    """Note what a refresh came to, unless the rules were changed meanwhile: then they are due already."""
    members = SegmentMembership.objects.filter(segment=segment, current=1).count()
    Segment.objects.filter(pk=segment.pk, digest=segment.digest).update(
        members=members, refreshed_at=now, refresh_due_at=due_at, is_filled=True, attempts=0, error=""
    )


def put_off(segment: Segment, *, error: str, due_at: datetime | None) -> None:
    """Count a refresh that failed; with *due_at* None the segment stays as it is until somebody looks."""
    Segment.objects.filter(pk=segment.pk, digest=segment.digest).update(
        attempts=segment.attempts + 1, error=error, refresh_due_at=due_at
    )


def ask_to_refresh(pk: int, *, now: datetime) -> None:
    """Have the next pass count a segment anew."""
    Segment.objects.filter(pk=pk).update(refresh_due_at=now, attempts=0, error="")
