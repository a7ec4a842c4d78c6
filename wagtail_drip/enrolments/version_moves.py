"""Moves people to the version that was published last, as its publisher chose, and keeps what undoing needs.

In chunks, each in a transaction of its own and computed from the rows as they then are. The runtime's row is
locked first, as publishing, pausing and undoing do: so none of them overlaps a chunk.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, Q

from wagtail_drip.core import claims, inserts
from wagtail_drip.enrolments import actions, targets, undoing
from wagtail_drip.enrolments.models import Enrolment, StepVisit, VersionMove
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState, ExitReason
from wagtail_drip.enrolments.targets import Target
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.sequences import choices as publishing
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.choices import Choice
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.states import RuntimeState

# Somebody may have entered by the version before in a transaction that was open while we published.
LOOK_AGAIN = timedelta(minutes=2)


def move_due(*, size: int, now: datetime) -> int:
    """Move, or move back, one chunk of the people of one sequence; return how many rows that were."""
    rows = SequenceVersion.objects.filter(moves_due_at__lte=now).order_by("moves_due_at", "pk")
    waiting = list(rows.values_list("pk", "sequence_id")[:20])
    for version_id, sequence_id in waiting:
        done = claims.retried(partial(_chunk, version_id, sequence_id, size=size, now=now))
        if done:
            return done
    return 0


def _chunk(version_id: int, sequence_id: int, *, size: int, now: datetime) -> int:
    held = claims.claim(SequenceRuntime.objects.filter(sequence_id=sequence_id).order_by("pk"), limit=1)
    if not held:
        return 0
    if held[0].state in (RuntimeState.ENDED, RuntimeState.ARCHIVED):
        # Everybody is taken out, and nobody is brought back in.
        SequenceVersion.objects.filter(sequence_id=sequence_id).update(moves_due_at=None)
        return 0
    version = SequenceVersion.objects.filter(pk=version_id, moves_due_at__lte=now).first()
    if version is None:
        return 0  # Another version was published meanwhile, and its choices hold.
    if version.undone_at is not None:
        done, is_left = undoing.undo(version, size=size, now=now)
        later = None
    else:
        done, is_left = _move(version, size=size, now=now)
        second_look = version.published_at + LOOK_AGAIN
        later = second_look if now < second_look else None
    if not done and not is_left:
        SequenceVersion.objects.filter(pk=version.pk).update(moves_due_at=later)
    return done


def _move(version: SequenceVersion, *, size: int, now: datetime) -> tuple[int, bool]:
    """Return how many rows were done, and whether some are left that another worker holds."""
    older = list(
        SequenceVersion.objects.filter(
            sequence_id=version.sequence_id, number__lt=version.number
        ).values_list("pk", flat=True)
    )
    inside = Enrolment.objects.filter(
        version_id__in=older, running=1, decided_for__lt=version.number
    ).order_by("pk")
    people = claims.claim(inside, limit=size)
    if people:
        return _move_people(version, people, now=now), True
    return _cancel_of_ended(version, older, size=size, now=now), inside.exists()


def _move_people(version: SequenceVersion, people: Sequence[Enrolment], *, now: datetime) -> int:
    flows = sequences.flows({version.pk, *(row.version_id for row in people)})
    numbers = dict(
        SequenceVersion.objects.filter(pk__in={row.version_id for row in people}).values_list("pk", "number")
    )
    chosen = publishing.from_json(version.choices)
    new = flows[version.pk]
    aims = {
        row.pk: targets.target_of(
            row.step_id,
            old=flows[row.version_id],
            new=new,
            chosen=chosen.get((row.version_id, row.step_id)),
            stays=row.decided_for > numbers[row.version_id],
        )
        for row in people
    }
    skips = _skips(people, aims, flows, new)
    # Whom a move would lead to a step that they had goes on after it.
    ends = {}
    for row in people:
        aim = aims[row.pk]
        ends[row.pk] = new.past(aim.step_id, skips[row.pk]) if aim.choice == Choice.MOVE else aim.step_id
    _note(version, people, aims, ends, now=now)
    groups: dict[tuple[Choice, str, str, str, str], list[Enrolment]] = defaultdict(list)
    for row in people:
        aim = aims[row.pk]
        kept = _kept_wait(row, flows[row.version_id], new) if aim.choice == Choice.KEEP else ""
        groups[aim.choice, ends[row.pk], " ".join(sorted(skips[row.pk])), aim.reason, kept].append(row)
    for (choice, step_id, skipped, reason, kept), rows in groups.items():
        _carry_out(version, rows, choice, step_id=step_id, skips=skipped, reason=reason, now=now)
        if kept:
            Enrolment.objects.filter(pk__in=[row.pk for row in rows]).update(memory=json.loads(kept))
    _cancel_removed([row for row in people if aims[row.pk].choice not in _NOT_MOVED], flows, new, now=now)
    return len(people)


def _kept_wait(row: Enrolment, old: Flow, new: Flow) -> str:
    """Return, as JSON, what one who waits remembers so that their wait stays as long as it was; '' for no change."""
    memory = targets.keeping_the_wait(row.step_id, row.memory, old=old, new=new)
    begun = row.entered_step_at is not None
    return json.dumps(memory, sort_keys=True) if begun and memory != row.memory else ""


# Who stays keeps their texts; from who leaves all of them are taken back already.
_NOT_MOVED = (Choice.STAY, Choice.LEAVE)


def _carry_out(
    version: SequenceVersion,
    rows: Sequence[Enrolment],
    choice: Choice,
    *,
    step_id: str,
    skips: str,
    reason: str,
    now: datetime,
) -> None:
    pks = [row.pk for row in rows]
    held = Enrolment.objects.filter(pk__in=pks)
    if choice == Choice.STAY:
        held.update(decided_for=version.number)
    elif choice == Choice.LEAVE:
        actions.take_out(rows, reason=ExitReason(reason), now=now)
    elif choice == Choice.KEEP:
        held.update(version_id=version.pk, decided_for=version.number, skips=skips)
    elif choice == Choice.RECOMPUTE:
        held.update(version_id=version.pk, decided_for=version.number, skips=skips, memory={})
        actions.wake(pks, now=now)
    else:
        _begin_at(pks, step_id, version=version, skips=skips, now=now)


def _begin_at(pks: list[int], step_id: str, *, version: SequenceVersion, skips: str, now: datetime) -> None:
    StepVisit.objects.filter(enrolment_id__in=pks, left_at=None).update(left_at=now)
    moved = Enrolment.objects.filter(pk__in=pks, state__in=RUNNING)
    moved.update(
        version_id=version.pk,
        decided_for=version.number,
        skips=skips,
        step_id=step_id,
        entered_step_at=None,
        memory={},
        waits_for="",
        waits_since=None,
    )
    moved.filter(state=EnrolmentState.WAITING).update(state=EnrolmentState.ACTIVE)
    actions.wake(pks, now=now)


def _note(
    version: SequenceVersion,
    people: Sequence[Enrolment],
    aims: Mapping[int, Target],
    ends: Mapping[int, str],
    *,
    now: datetime,
) -> None:
    inserts.insert_values(
        VersionMove,
        (
            {
                "enrolment_id": row.pk,
                "from_version_id": row.version_id,
                "to_version_id": version.pk,
                "choice": aims[row.pk].choice.value,
                "to_step_id": ends[row.pk],
                **{name: getattr(row, name) for name in undoing.KEPT},
                "applied_at": now,
            }
            for row in people
        ),
    )


def _skips(
    people: Sequence[Enrolment], aims: Mapping[int, Target], flows: Mapping[int, Flow], new: Flow
) -> dict[int, set[str]]:
    """Return the steps that each had already and must not get again, in one query at the most."""
    known: dict[tuple[int, str, str, Target], frozenset[str]] = {}
    asked: dict[int, frozenset[str]] = {}
    for row in people:
        aim = aims[row.pk]
        if aim.choice in _NOT_MOVED:
            continue
        key = (row.version_id, row.step_id, row.skips, aim)
        if key not in known:
            known[key] = targets.again(
                aim, at=row.step_id, old=flows[row.version_id], new=new, before=row.skips.split()
            )
        asked[row.pk] = known[key]
    had: dict[int, set[str]] = {row.pk: set() for row in people}
    wanted = set().union(*asked.values())
    if wanted:
        visits = StepVisit.objects.filter(
            enrolment_id__in=[pk for pk, steps in asked.items() if steps],
            step_id__in=wanted,
            left_at__isnull=False,
        )
        for pk, step_id in visits.values_list("enrolment_id", "step_id"):
            if step_id in asked[pk]:
                had[pk].add(step_id)
    return had


def _cancel_removed(
    moved: Sequence[Enrolment], flows: Mapping[int, Flow], new: Flow, *, now: datetime
) -> None:
    """Take back what those who moved have in the outbox from steps that there are no longer."""
    by_version: dict[int, list[Enrolment]] = defaultdict(list)
    for row in moved:
        if flows[row.version_id].steps.keys() - new.steps.keys():
            by_version[row.version_id].append(row)
    actions.lock_people([row for rows in by_version.values() for row in rows])
    for version_id, rows in by_version.items():
        _cancel([row.pk for row in rows], flows[version_id].steps.keys() - new.steps.keys(), now=now)


def _cancel_of_ended(version: SequenceVersion, older: Sequence[int], *, size: int, now: datetime) -> int:
    """Take back the same from runs that are over; what belongs to who stayed on an older version still goes."""
    flows = sequences.flows({version.pk, *older})
    removed = {step for pk in older for step in flows[pk].steps} - set(flows[version.pk].steps)
    if not removed:
        return 0
    stayed = Enrolment.objects.filter(version_id__in=older).filter(
        Q(running=1) | Q(decided_for__gt=F("version__number"))
    )
    ids = messaging.enrolments_with_pending(
        sequence_id=version.sequence_id, step_ids=removed, but_for=stayed.values("pk"), limit=size
    )
    actions.lock_people(Enrolment.objects.filter(pk__in=ids))
    return _cancel(ids, removed, now=now) if ids else 0


def _cancel(enrolment_ids: Collection[int], steps: Collection[str], *, now: datetime) -> int:
    return messaging.cancel_for_steps(
        enrolment_ids=enrolment_ids,
        step_ids=sorted(steps),
        reason=ExitReason.STEP_REMOVED.value,
        now=now,
    )
