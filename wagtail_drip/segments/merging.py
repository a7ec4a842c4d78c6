"""When two contacts turn out to be one person, they are in the segments of either; nobody enters or leaves by it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from wagtail_drip.core import claims
from wagtail_drip.segments.models import SegmentMembership


def join(merged_id: int, *, into: int, now: datetime) -> list[int]:
    """
    Let who stays be where the merged one is, since when that one is, and return the segments that are new to them.

    Without events: they were in it. The contacts' locks are held by the caller.
    """
    theirs = claims.lock_in_order(SegmentMembership.objects.filter(contact=merged_id, current=1))
    held = set(SegmentMembership.objects.filter(contact=into, current=1).values_list("segment_id", flat=True))
    new = [row for row in theirs if row.segment_id not in held]
    SegmentMembership.objects.filter(pk__in=claims.ids(theirs)).update(current=None, left_at=now)
    claims.insert_new(
        [
            SegmentMembership(segment_id=row.segment_id, contact_id=into, entered_at=row.entered_at)
            for row in new
        ],
        unique=["segment", "contact", "current"],
    )
    return [row.segment_id for row in new]


def part(merged_id: int, *, stays: int, joined: Collection[int], merged_at: datetime, now: datetime) -> None:
    """
    Undo what ``join`` did, without events: the next count finds who is not meant any more.

    :param joined: what it returned. *merged_at*: when it was.
    """
    SegmentMembership.objects.filter(contact=stays, segment__in=joined, current=1).update(
        current=None, left_at=now
    )
    SegmentMembership.objects.filter(contact=merged_id, current=None, left_at=merged_at).update(
        current=1, left_at=None
    )
