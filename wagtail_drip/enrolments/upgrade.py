"""People inside follow what becomes of their sequence: parked, set going, taken out, or moved to a new version.

In chunks, each in a transaction of its own and computed from the rows as they then are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, QuerySet

from wagtail_drip.core import claims, clock
from wagtail_drip.enrolments import actions
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.querysets import MOVING
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState, ExitReason
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.states import RuntimeState

CHUNK = 1000


def park_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Do one chunk of what pausing, resuming, ending or publishing left to do; return how many rows moved."""
    now = now or clock.now()
    size = claims.batch_limit(limit or CHUNK)
    return _follow_runtimes(size=size, now=now) + _follow_versions(size=size, now=now)


def _follow_runtimes(*, size: int, now: datetime) -> int:
    rows = SequenceRuntime.objects.filter(parking_due_at__lte=now).order_by("parking_due_at", "pk")
    if not rows.exists():
        return 0

    def work() -> int:
        done = 0
        for runtime in claims.claim(rows, limit=1):
            done = _follow(runtime, size=size, now=now)
            if not done and not _left_to_do(runtime).exists():
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


def _follow_versions(*, size: int, now: datetime) -> int:
    rows = SequenceVersion.objects.filter(moves_due_at__lte=now).order_by("moves_due_at", "pk")
    if not rows.exists():
        return 0

    def work() -> int:
        done = 0
        for version in claims.claim(rows, limit=1):
            older = list(
                SequenceVersion.objects.filter(
                    sequence_id=version.sequence_id, number__lt=version.number
                ).values_list("pk", flat=True)
            )
            inside = Enrolment.objects.filter(version_id__in=older, running=1).order_by("pk")
            done = _move_to(version, claims.claim(inside, limit=size), now=now)
            _cancel_removed(version, older, now=now)
            if not done and not inside.exists():
                SequenceVersion.objects.filter(pk=version.pk).update(moves_due_at=None)
        return done

    return claims.retried(work)


def _move_to(version: SequenceVersion, people: Sequence[Enrolment], *, now: datetime) -> int:
    """Move people from older versions here: same step, same wait; else on at the next step that is left."""
    flows = sequences.flows({version.pk, *(row.version_id for row in people)})
    groups: dict[tuple[int, str], list[Enrolment]] = defaultdict(list)
    for row in people:
        groups[row.version_id, row.step_id].append(row)
    lost: list[Enrolment] = []
    for (old_id, step_id), rows in groups.items():
        target = target_of(step_id, old=flows[old_id], new=flows[version.pk])
        pks = [row.pk for row in rows]
        if target is None:
            lost += rows
        elif target == step_id:
            Enrolment.objects.filter(pk__in=pks).update(version_id=version.pk)
        else:
            _begin_at(pks, target, version_id=version.pk, now=now)
    if lost:
        actions.take_out(lost, reason=ExitReason.STEP_REMOVED, now=now)
    return len(people)


def _cancel_removed(version: SequenceVersion, older: Sequence[int], *, now: datetime) -> None:
    """Take back the texts of steps that the new version no longer has."""
    flows = sequences.flows({version.pk, *older})
    removed = {step for pk in older for step in flows[pk].steps} - set(flows[version.pk].steps)
    if removed:
        messaging.cancel_for_steps(
            sequence_id=version.sequence_id,
            step_ids=sorted(removed),
            reason=ExitReason.STEP_REMOVED.value,
            now=now,
        )


def _begin_at(pks: list[int], step_id: str, *, version_id: int, now: datetime) -> None:
    StepVisit.objects.filter(enrolment_id__in=pks, left_at=None).update(left_at=now)
    moved = Enrolment.objects.filter(pk__in=pks, state__in=RUNNING)
    moved.update(
        version_id=version_id,
        step_id=step_id,
        entered_step_at=None,
        memory={},
        waits_for="",
        waits_since=None,
    )
    moved.filter(state=EnrolmentState.WAITING).update(state=EnrolmentState.ACTIVE)
    actions.wake(pks, now=now)


def target_of(step_id: str, *, old: Flow, new: Flow) -> str | None:
    """
    Return where somebody at *step_id* of the old flow goes on in the new one; None if nothing is left.

    :return: the same step where it survives; else the next one, in the old flow's order, that does.
    """
    if not step_id or step_id in new.steps:
        return step_id
    order = [step.id for step in old.in_order()]
    following = order[order.index(step_id) + 1 :] if step_id in order else []
    return next((each for each in following if each in new.steps), None)
