"""Takes the moves of a version back: who has not moved since stands again where they stood."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.enrolments import actions, targets
from wagtail_drip.enrolments.models import Enrolment, StepVisit, VersionMove
from wagtail_drip.enrolments.record import Measure, tally
from wagtail_drip.enrolments.states import EnrolmentState
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.choices import Choice
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.states import RuntimeState

# What a move keeps of an enrolment as it stood before.
KEPT = (
    "step_id",
    "visit",
    "entered_step_at",
    "memory",
    "state",
    "due_at",
    "parked_due_at",
    "waits_for",
    "waits_since",
    "decided_for",
    "skips",
)

MOVED_ON = "moved_on"
RUNS_AGAIN = "runs_again"
ERASED = "erased"


def can_be_undone(version: SequenceVersion) -> QuerySet[VersionMove]:
    """Return the moves to *version* that undoing would take back, for whom anything would change."""
    flow = sequences.flows([version.pk])[version.pk]
    harmless = [step_id for step_id in flow.steps if targets.can_recompute(step_id, flow)]
    stands = Q(enrolment__running=1, enrolment__version_id=version.pk, enrolment__step_id=F("to_step_id"))
    kept = Q(choice__in=(Choice.KEEP, Choice.RECOMPUTE), enrolment__visit=F("visit"))
    begun = Q(
        to_step_id__in=harmless, enrolment__visit=F("visit") + 1, enrolment__entered_step_at__isnull=False
    )
    moved = Q(choice=Choice.MOVE) & (Q(enrolment__visit=F("visit"), enrolment__entered_step_at=None) | begun)
    left = Q(choice=Choice.LEAVE, enrolment__state=EnrolmentState.EXITED, enrolment__ended_at=F("applied_at"))
    return _to_undo(version).filter((stands & (kept | moved)) | left)


def _to_undo(version: SequenceVersion) -> QuerySet[VersionMove]:
    return VersionMove.objects.filter(to_version=version, undone_at=None, not_undone="")


def undo(version: SequenceVersion, *, size: int, now: datetime) -> tuple[int, bool]:
    """
    Take back one chunk, in the caller's transaction, which holds the runtime's lock.

    :return: how many moves were looked at, and whether some are left that another worker holds.
    """
    waiting = _to_undo(version).order_by("pk")
    # Ours alone, for the runtime is locked; the enrolments may be held by whoever moves them on.
    moves = list(waiting[:size])
    if not moves:
        return 0, False
    ids = [move.enrolment_id for move in moves]
    rows = {
        row.pk: row for row in claims.claim(Enrolment.objects.filter(pk__in=ids).order_by("pk"), limit=size)
    }
    held = [move for move in moves if move.enrolment_id in rows]
    gone = [move for move in held if move.choice == Choice.LEAVE]
    actions.lock_people([rows[move.enrolment_id] for move in gone])
    refused = _refused(held, rows, sequences.flows([version.pk])[version.pk], version)
    for reason in set(refused.values()):
        pks = [pk for pk, why in refused.items() if why == reason]
        VersionMove.objects.filter(pk__in=pks).update(not_undone=reason)
    back = [move for move in held if move.pk not in refused]
    _put_back(back, rows, version, now=now)
    VersionMove.objects.filter(pk__in=[move.pk for move in back]).update(undone_at=now)
    return len(held), True


def _refused(
    moves: Sequence[VersionMove], rows: Mapping[int, Enrolment], flow: Flow, version: SequenceVersion
) -> dict[int, str]:
    gone = [rows[move.enrolment_id] for move in moves if move.choice == Choice.LEAVE]
    people = {row.contact_id for row in gone}
    erased = set(Contact.objects.filter(pk__in=people, erased_at__isnull=False).values_list("pk", flat=True))
    running = set(
        Enrolment.objects.filter(
            sequence_id=version.sequence_id, contact_id__in=people, running=1
        ).values_list("contact_id", "dedupe_key")
        if people
        else ()
    )
    refused = {}
    for move in moves:
        row = rows[move.enrolment_id]
        if not _stands_where_it_was_put(move, row, flow, version):
            refused[move.pk] = MOVED_ON
        elif move.choice == Choice.LEAVE and row.contact_id in erased:
            refused[move.pk] = ERASED
        elif move.choice == Choice.LEAVE and (row.contact_id, row.dedupe_key) in running:
            refused[move.pk] = RUNS_AGAIN
    return refused


def _stands_where_it_was_put(move: VersionMove, row: Enrolment, flow: Flow, version: SequenceVersion) -> bool:
    if move.choice == Choice.STAY:
        return row.running == 1 and row.version_id == move.from_version_id
    if move.choice == Choice.LEAVE:
        return row.state == EnrolmentState.EXITED and row.ended_at == move.applied_at
    if row.running != 1 or row.version_id != version.pk or row.step_id != move.to_step_id:
        return False
    if move.choice != Choice.MOVE:
        return row.visit == move.visit
    if row.entered_step_at is None:
        return row.visit == move.visit
    # It has begun the step it was moved to, where nothing happens but that time passes.
    return row.visit == move.visit + 1 and targets.can_recompute(row.step_id, flow)


def _put_back(
    moves: Sequence[VersionMove], rows: Mapping[int, Enrolment], version: SequenceVersion, *, now: datetime
) -> None:
    is_paused = SequenceRuntime.objects.filter(
        sequence_id=version.sequence_id, state=RuntimeState.PAUSED
    ).exists()
    groups: dict[str, list[int]] = defaultdict(list)
    values: dict[str, dict[str, Any]] = {}
    for move in moves:
        new = _values(move, rows[move.enrolment_id], is_paused=is_paused, now=now)
        same = json.dumps(new, default=str, sort_keys=True)
        values[same] = new
        groups[same].append(move.enrolment_id)
    _reopen(moves, now=now)
    for same, pks in groups.items():
        Enrolment.objects.filter(pk__in=pks).update(**values[same])
    returned = [rows[move.enrolment_id] for move in moves if move.choice == Choice.LEAVE]
    counted: Counter[Measure] = Counter()
    for row in returned:
        counted[row.site_id, row.sequence_id, row.step_id, "exited"] -= 1
    tally(counted, now=now)


def _values(move: VersionMove, row: Enrolment, *, is_paused: bool, now: datetime) -> dict[str, Any]:
    if move.choice == Choice.STAY:
        return {"decided_for": move.decided_for}
    new: dict[str, Any] = {
        "version_id": move.from_version_id,
        "decided_for": move.decided_for,
        "skips": move.skips,
        "step_id": move.step_id,
        # The number of visits never falls: keys of texts and visits are made of it.
        "visit": row.visit,
        "entered_step_at": move.entered_step_at,
        "memory": move.memory,
        "waits_for": move.waits_for,
        "waits_since": move.waits_since,
    }
    # What it waited for may have happened while it stood elsewhere, and somebody may have woken it: to look
    # once more too often does no harm.
    then = now if move.waits_for else move.due_at or move.parked_due_at or now
    due = min(then, row.due_at or row.parked_due_at or then)
    moves_on = EnrolmentState.ACTIVE if move.entered_step_at is None else EnrolmentState.WAITING
    parked = row.state == EnrolmentState.PAUSED or (move.choice == Choice.LEAVE and is_paused)
    new |= {
        "state": EnrolmentState.PAUSED if parked else moves_on,
        "due_at": None if parked else due,
        "parked_due_at": due if parked else None,
    }
    if move.choice == Choice.LEAVE:
        new |= {"running": 1, "exit_reason": "", "ended_at": None}
    return new


def _reopen(moves: Sequence[VersionMove], *, now: datetime) -> None:
    """Close the visits of the steps they were moved to, and open again those that the move had closed."""
    by_moment: dict[datetime, list[VersionMove]] = defaultdict(list)
    for move in moves:
        if move.choice in (Choice.MOVE, Choice.LEAVE):
            by_moment[move.applied_at].append(move)
    for applied_at, some in by_moment.items():
        pks = [move.enrolment_id for move in some]
        StepVisit.objects.filter(enrolment_id__in=pks, left_at=None).update(left_at=now)
        begun = defaultdict(list)
        for move in some:
            if move.entered_step_at is not None:
                begun[move.visit].append(move.enrolment_id)
        for visit, standing in begun.items():
            StepVisit.objects.filter(
                enrolment_id__in=standing, visit=visit, left_at=applied_at, path=""
            ).update(left_at=None)
