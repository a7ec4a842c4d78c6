"""Brings the memberships of segments up to date: who is meant now and was not, who was and is not."""

from __future__ import annotations

import array
import heapq
import logging
import time
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock, sites
from wagtail_drip.core.rows import rising_ids
from wagtail_drip.core.traces import trace_of
from wagtail_drip.segments import actions, matching
from wagtail_drip.segments.models import Segment, SegmentMembership

if TYPE_CHECKING:
    Ids = array.array[int]

logger = logging.getLogger(__name__)

CHUNK = 1000
TRIES = 5
# Longer than the longest refresh; the lease of a worker that died is free after it.
LEASE_SECONDS = 600.0
# A segment that takes a while to count is counted the less often: so many times its seconds apart.
REST = 20


def refresh_due(*, now: datetime | None = None) -> int:
    """Refresh the segments that are due, one worker each; return how many people came or went."""
    now = now or clock.now()
    done = 0
    for segment in list(Segment.objects.filter(refresh_due_at__lte=now).order_by("refresh_due_at", "pk")):
        token = claims.take_lease(f"segment {segment.pk}", seconds=LEASE_SECONDS)
        if token is None:
            continue
        try:
            fresh = Segment.objects.filter(pk=segment.pk, refresh_due_at__lte=now).first()
            done += _refresh(fresh, now=now) if fresh is not None else 0
        finally:
            claims.release_lease(f"segment {segment.pk}", token)
    return done


def _refresh(segment: Segment, *, now: datetime) -> int:
    began = time.monotonic()
    try:
        changed = refresh(segment, now=now)
    except Exception as error:
        if isinstance(error, OperationalError | InterfaceError):
            raise  # Nothing is wrong with the segment: a lock was held for too long, or the database went away.
        trace = trace_of(error)
        logger.error("The segment %s could not be counted.\n%s", segment.pk, trace)
        again = now + timedelta(minutes=2**segment.attempts) if segment.attempts + 1 < TRIES else None
        actions.put_off(segment, error=trace, due_at=again)
        return 0
    took = time.monotonic() - began
    rest = max(timedelta(minutes=settings.SEGMENT_REFRESH_MINUTES), timedelta(seconds=took * REST))
    actions.refreshed(segment, now=now, due_at=now + rest if segment.is_kept_up_to_date else None)
    return changed


def refresh(segment: Segment, *, now: datetime) -> int:
    """
    Bring one segment's memberships up to date, and return how many people came or went.

    While a segment is filled for the first time, or anew after its rules were changed, nobody "enters" or
    "leaves": they did nothing, somebody edited.

    :raises UnknownRule: for a rule of a kind that is not installed.
    """
    site_id = sites.default_id() if segment.is_filled else None
    meant = [each.values_list("pk", flat=True) for each in matching.people(segment.compiled, now=now)]
    present = SegmentMembership.objects.filter(segment=segment, current=1)
    with matching.room_to_think():
        wanted, held = _ids(*meant), _ids(present.values_list("contact_id", flat=True))
    coming, going = differences(wanted, held)
    for chunk in claims.chunks(going, CHUNK):
        claims.retried(partial(actions.leave, segment, chunk, site_id=site_id, now=now))
    for chunk in claims.chunks(coming, CHUNK):
        claims.retried(partial(actions.enter, segment, chunk, site_id=site_id, now=now))
    return len(coming) + len(going)


def _ids(*some: QuerySet[Any, int]) -> Ids:
    read = [rising_ids(rows) for rows in some]
    return read[0] if len(read) == 1 else array.array("q", heapq.merge(*read))


def differences(wanted: Ids, held: Ids) -> tuple[Ids, Ids]:
    """Return what is wanted and not held, and what is held and not wanted; both rise, and so do the answers."""
    coming, going = array.array("q"), array.array("q")
    if wanted == held:
        return coming, going
    place = 0
    for each in wanted:
        while place < len(held) and held[place] < each:
            going.append(held[place])
            place += 1
        if place < len(held) and held[place] == each:
            place += 1
        else:
            coming.append(each)
    going.extend(held[place:])
    return coming, going
