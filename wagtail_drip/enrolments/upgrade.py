"""People inside follow what becomes of their sequence: parked, set going, taken out; ``version_moves`` does the rest.

In chunks, each in a transaction of its own and computed from the rows as they then are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, QuerySet

from wagtail_drip.core import claims, clock
from wagtail_drip.enrolments import actions, once, version_moves
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.querysets import MOVING
from wagtail_drip.enrolments.states import EnrolmentState, ExitReason
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState

CHUNK = 1000


def park_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Do one chunk of what pausing, resuming, ending or publishing left to do; return how many rows moved."""
    now = now or clock.now()
    size = claims.batch_limit(limit or CHUNK)
    return _follow_runtimes(size=size, now=now) + version_moves.move_due(size=size, now=now)


def _follow_runtimes(*, size: int, now: datetime) -> int:
    rows = SequenceRuntime.objects.filter(parking_due_at__lte=now).order_by("parking_due_at", "pk")
    if not rows.exists():
        return 0

    def work() -> int:
        done = 0
        for runtime in claims.claim(rows, limit=1):
            done = _follow(runtime, size=size, now=now)
            if runtime.state in (RuntimeState.ENDED, RuntimeState.ARCHIVED):
                once.stop_runs(runtime.sequence_id, now=now)
            if not done and not _left_to_do(runtime).exists():
                if runtime.state == RuntimeState.ARCHIVED:
                    sequences.settle_archived(runtime, now=now)
                else:
                    SequenceRuntime.objects.filter(pk=runtime.pk).update(parking_due_at=None)
        return done

    return claims.retried(work)


def _left_to_do(runtime: SequenceRuntime) -> QuerySet[Enrolment]:
    """Return whom the runtime's state still has to reach, those included whom another worker holds just now."""
    people = Enrolment.objects.filter(sequence_id=runtime.sequence_id).order_by("pk")
    if runtime.state == RuntimeState.PAUSED:
        return people.filter(state__in=MOVING)
    if runtime.state in (RuntimeState.ENDED, RuntimeState.ARCHIVED):
        return people.filter(running=1)
    return people.filter(state=EnrolmentState.PAUSED)


def _follow(runtime: SequenceRuntime, *, size: int, now: datetime) -> int:
    people = claims.claim(_left_to_do(runtime), limit=size)
    if runtime.state == RuntimeState.PAUSED:
        return _park(people) or messaging.park(runtime.sequence_id, limit=size)
    if runtime.state in (RuntimeState.ENDED, RuntimeState.ARCHIVED):
        removed = ExitReason.REMOVED_BY_STAFF
        # Whose run was over already may still have a text that waits for the morning.
        return actions.take_out(people, reason=removed, now=now) or messaging.cancel_for_sequence(
            sequence_id=runtime.sequence_id, reason=removed.value, now=now, limit=size
        )
    # Texts before people, whose next text would otherwise overtake the one that waited.
    return messaging.unpark(runtime.sequence_id, limit=size) or _unpark(people)


def _park(people: Sequence[Enrolment]) -> int:
    pks = [row.pk for row in people]
    # Two statements: MariaDB carries out the assignments of one in turn, so their order would matter.
    Enrolment.objects.filter(pk__in=pks).update(parked_due_at=F("due_at"), state=EnrolmentState.PAUSED)
    Enrolment.objects.filter(pk__in=pks).update(due_at=None)
    return len(pks)


def _unpark(people: Sequence[Enrolment]) -> int:
    pks = [row.pk for row in people]
    Enrolment.objects.filter(pk__in=pks).update(due_at=F("parked_due_at"))
    begun = [row.pk for row in people if row.entered_step_at is not None]
    for state, members in ((EnrolmentState.WAITING, begun), (EnrolmentState.ACTIVE, set(pks) - set(begun))):
        Enrolment.objects.filter(pk__in=members).update(state=state, parked_due_at=None)
    return len(pks)
