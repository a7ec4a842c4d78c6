"""What each worker notes of its passes, so that a row that kills its worker is found and set aside.

Before a batch the worker commits when it began and with how many rows; after it, that it ended. A pass that
did not end makes the next one halve its size; one that did lets it double again. When the size is one, the
row itself is marked before it is tried, and one that was marked five times has killed five workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db.models import QuerySet

from wagtail_drip.core import claims, clock
from wagtail_drip.core.models import Lease
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.record import tally
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState, ExitReason

TRIES = 5
_MARK = "tried alone: "


@contextmanager
def sized(slot: str, *, most: int) -> Iterator[int]:
    """Note a pass under the name *slot*, and yield how many rows it may take."""
    present = clock.lease_now()
    notes = Lease.objects.filter(name=slot)
    before = notes.first()
    if before is None:
        claims.insert_new([Lease(name=slot, until=present)], unique=["name"])
    size = next_size(before, most=most)
    notes.update(started_at=present, size=size, ended_at=None)
    yield size
    # Not in a finally: an exception is a pass that did not end, and one that repeats must get smaller too.
    notes.update(ended_at=clock.lease_now())


def next_size(before: Lease | None, *, most: int) -> int:
    """Return how many rows to take after the pass that *before* tells of."""
    if before is None or before.started_at is None or before.size == 0:
        return most
    if before.ended_at is None:
        return max(1, min(before.size, most) // 2)
    return min(most, before.size * 2)


def fail_if_it_kills(rows: QuerySet[Enrolment], *, now: datetime) -> None:
    """Mark the row that a pass of one will take, in a transaction of its own; fail it when it was marked too often."""
    first = rows.values_list("pk", "error").first()
    if first is None:
        return
    pk, error = first
    tries = int(error.removeprefix(_MARK)) if error.startswith(_MARK) else 0
    if tries >= TRIES:
        claims.retried(
            lambda: fail(pk, f"{tries} workers ended while they advanced this enrolment alone.", now=now)
        )
    else:
        Enrolment.objects.filter(pk=pk).update(error=f"{_MARK}{tries + 1}")


def fail(enrolment_id: int, error: str, *, now: datetime) -> None:
    """End one enrolment as failed, whatever is wrong with it, touching nothing else of it."""
    row = Enrolment.objects.filter(pk=enrolment_id, state__in=RUNNING).first()
    if row is None:
        return
    Enrolment.objects.filter(pk=enrolment_id, state__in=RUNNING).update(
        state=EnrolmentState.FAILED,
        exit_reason=ExitReason.ERROR,
        error=error,
        due_at=None,
        parked_due_at=None,
        running=None,
        ended_at=now,
    )
    tally({(row.site_id, row.sequence_id, row.step_id, "failed"): 1}, now=now)
