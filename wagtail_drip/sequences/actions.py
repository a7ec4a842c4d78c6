"""The only writers of versions and runtimes: publish, pause, resume, drain, end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from wagtail.models import Revision

from wagtail_drip.core import claims, states
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Hold
from wagtail_drip.sequences.choices import Choices, from_json, refuse_unknown_steps, to_json
from wagtail_drip.sequences.compile import compile_sequence
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.flow import from_json as flow_from_json
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.states import TRANSITIONS, Health, RuntimeState
from wagtail_drip.sequences.types import CannotCompile

# Far longer than it takes to take everybody out of a sequence that has ended.
TAKING_OUT = timedelta(days=2)
# How long what was deleted can be had back.
KEPT_IN_ARCHIVE = timedelta(days=30)


def publish(
    sequence: Sequence, *, revision_id: int | None, now: datetime, choices: Choices | None = None
) -> SequenceVersion | None:
    """
    Compile the sequence and let new entries have the result at once.

    Publishing what already runs makes no new version. A paused sequence stays paused; one that was
    draining or had ended runs again, but not before everybody is out: they must not go on in it.

    :param choices: what becomes of the people inside, by older version and step; by default what
        ``plan_moves`` kept for this revision, and where nothing was chosen: the same step and the same wait, or
        on at the next step that is left.
    :raises NoSuchChoice: if a choice leads to a step that the sequence does not have.
    :return: the version that runs now; None if the steps cannot run, or not yet. The version before stays
        in force then, health is failing, and ``SequenceRuntime.health_detail`` says why.
    """
    try:
        flow = compile_sequence(sequence, now=now)
    except CannotCompile as error:
        mark_failing(sequence.pk, str(error), now=now)
        return None
    with transaction.atomic():
        runtime = _locked_runtime(sequence.pk, now=now)
        is_over = runtime.state in (RuntimeState.ENDED, RuntimeState.ARCHIVED)
        if is_over and runtime.parking_due_at is not None and runtime.parking_due_at <= now:
            detail = _(
                "It has just been ended, and people are still leaving it. Publish it again in a minute."
            )
            mark_failing(sequence.pk, detail, now=now)
            return None
        chosen = choices if choices is not None else _planned(runtime, revision_id)
        refuse_unknown_steps(chosen, flow.steps)
        version = _version(sequence, flow, runtime, chosen, revision_id=revision_id, now=now)
        # What older versions had not finished moving goes by this one's choices.
        SequenceVersion.objects.filter(
            sequence=sequence, number__lt=version.number, moves_due_at__isnull=False
        ).update(moves_due_at=None)
        if runtime.planned.get("revision") == revision_id:
            runtime.planned = {}
        was_open = runtime.state == RuntimeState.LIVE and runtime.version_id is not None
        runtime.archived_at = None
        if runtime.state in (RuntimeState.ENDED, RuntimeState.ARCHIVED):
            _lift_holds(sequence.pk, by="", now=now)
        if runtime.state != RuntimeState.PAUSED:
            runtime.state = RuntimeState.LIVE
        if not was_open or runtime.entering_since is None:
            runtime.entering_since = now
        if flow.looks_back and (not was_open or _looked_back(runtime.version) != flow.looks_back):
            runtime.existing_due_at = now
        elif not flow.looks_back:
            runtime.existing_due_at = None
        runtime.version = version
        runtime.trigger_event = flow.trigger_name if runtime.state == RuntimeState.LIVE else ""
        runtime.health = Health.OK
        runtime.health_detail = ""
        runtime.changed_at = now
        runtime.save()
    return version


def take_over_saved_messages(sequence_id: int, *, now: datetime) -> bool:
    """
    Publish what is live once more, with saved messages as they are now; drafts stay drafts.

    People inside keep their step and their wait, and get the new words from here on.

    :return: False if it neither runs nor is paused, nothing has changed, or it cannot run; its runtime says why.
    """
    sequence = Sequence.objects.filter(
        pk=sequence_id, runtime__state__in=(RuntimeState.LIVE, RuntimeState.PAUSED)
    ).first()
    if sequence is None:
        return False
    before = SequenceRuntime.objects.get(sequence_id=sequence_id).version_id
    version = publish(sequence, revision_id=sequence.live_revision_id, now=now, choices={})
    return version is not None and version.pk != before


def plan_moves(sequence_id: int, *, revision_id: int, choices: Choices, now: datetime) -> None:
    """
    Keep what somebody chose for the people inside until the revision is published, at once or on its schedule.

    Publishing another revision leaves it alone; choices for another one take its place.
    """
    _ensure_runtime(sequence_id, now=now)
    SequenceRuntime.objects.filter(sequence_id=sequence_id).update(
        planned={"revision": revision_id, "choices": to_json(choices)}
    )


def undo_moves(sequence_id: int, *, now: datetime) -> bool:
    """
    Take back what the last version did to the people inside, in the background; who has moved since stays.

    The version itself stays in force, and who enters gets it: to go back to older steps, publish them again.

    :return: False if there is nothing to undo, or somebody was first.
    """
    with transaction.atomic():
        runtime = _locked_runtime(sequence_id, now=now)
        return bool(
            runtime.state in (RuntimeState.LIVE, RuntimeState.PAUSED, RuntimeState.DRAINING)
            and SequenceVersion.objects.filter(
                pk=runtime.version_id or 0, number__gt=1, undone_at=None
            ).update(undone_at=now, moves_due_at=now)
        )


def keep_moves_as_counts(version: SequenceVersion, counts: Mapping[str, int]) -> None:
    """Add to what is left of a version's moves once they are deleted; the caller has locked its row."""
    before = version.moves_forgotten or {}
    SequenceVersion.objects.filter(pk=version.pk).update(
        moves_forgotten={name: before.get(name, 0) + counts.get(name, 0) for name in {*before, *counts}}
    )


def mark_failing(sequence_id: int, detail: str, *, now: datetime) -> None:
    """Keep why the last publish did not come into force; what ran before runs on."""
    _ensure_runtime(sequence_id, now=now)
    SequenceRuntime.objects.filter(sequence_id=sequence_id).update(
        health=Health.FAILING, health_detail=detail, changed_at=now
    )


def pause(sequence_id: int, *, now: datetime, by: str = "") -> bool:
    """
    Stop everything where it stands: nobody enters, moves or is texted, and nobody is lost.

    The hold stops messages at once; enrolments are parked in the background.

    :return: False if somebody was first, or there is nothing to pause.
    """
    with transaction.atomic():
        changed = _move(sequence_id, RuntimeState.PAUSED, now=now, trigger_event="", parking_due_at=now)
        if changed:
            _hold(sequence_id, _("Paused by %(name)s") % {"name": by} if by else _("Paused"), now=now)
    return changed


def resume(sequence_id: int, *, now: datetime, by: str = "") -> bool:
    """
    Go on after a pause: waits that ended meanwhile are over, and people enter again.

    A sequence that was unpublished while it was paused lets nobody in and drains.

    :return: False if it was not paused.
    """
    with transaction.atomic():
        runtime = (
            SequenceRuntime.objects.select_related("sequence", "version")
            .filter(sequence_id=sequence_id)
            .first()
        )
        if runtime is None:
            return False
        is_open = runtime.sequence.live and runtime.version is not None
        changed = bool(
            states.move(
                SequenceRuntime.objects.filter(sequence_id=sequence_id),
                RuntimeState.LIVE if is_open else RuntimeState.DRAINING,
                table=TRANSITIONS,
                allowed_from=[RuntimeState.PAUSED],
                trigger_event=_trigger_of_version(runtime.version) if is_open else "",
                entering_since=now,
                parking_due_at=now,
                changed_at=now,
            )
        )
        if changed:
            if runtime.health == Health.AUTO_PAUSED:
                SequenceRuntime.objects.filter(pk=runtime.pk).update(health=Health.OK, health_detail="")
            _lift_holds(sequence_id, by=by, now=now)
    return changed


def drain(sequence_id: int, *, now: datetime) -> bool:
    """
    Let nobody in any more; who is inside goes on to the end. Unpublishing does this.

    A paused sequence stays paused, for draining would text people whom somebody chose not to text.
    """
    SequenceRuntime.objects.filter(sequence_id=sequence_id, state=RuntimeState.PAUSED).update(
        trigger_event="", changed_at=now
    )
    return bool(
        states.move(
            SequenceRuntime.objects.filter(sequence_id=sequence_id),
            RuntimeState.DRAINING,
            table=TRANSITIONS,
            allowed_from=[RuntimeState.LIVE],
            trigger_event="",
            changed_at=now,
        )
    )


def end(sequence_id: int, *, now: datetime, by: str = "") -> bool:
    """
    Stop for good: nobody enters, nothing more is sent, and who is inside is taken out in the background.

    :return: False if it had ended already.
    """
    with transaction.atomic():
        changed = _move(sequence_id, RuntimeState.ENDED, now=now, trigger_event="", parking_due_at=now)
        if changed:
            _lift_holds(sequence_id, by=by, now=now)
            reason = _("Ended by %(name)s") % {"name": by} if by else _("Ended")
            # Until everybody is out; then there is nothing left to hold, and screens need not show it for ever.
            _hold(sequence_id, reason, now=now, until=now + TAKING_OUT)
    return changed


def archive(sequence_id: int, *, now: datetime, by: str = "") -> bool:
    """
    Put a sequence out of sight, which is what deleting does: it is unpublished, whoever is inside is taken out.

    ``restore`` brings it back for KEPT_IN_ARCHIVE. After that, one that never ran is removed; one that ran is
    kept for good with its results, for messages and agreements are proved by it.

    :return: False if it is there already.
    """
    with transaction.atomic():
        runtime = _locked_runtime(sequence_id, now=now)
        end(sequence_id, now=now, by=by)
        if not SequenceVersion.objects.filter(sequence_id=sequence_id).exists():
            # One that never ran has nobody inside and is nobody's business but its writer's.
            SequenceRuntime.objects.filter(pk=runtime.pk, archived_at=None).update(state=RuntimeState.ENDED)
        changed = states.move(
            SequenceRuntime.objects.filter(pk=runtime.pk),
            RuntimeState.ARCHIVED,
            table=TRANSITIONS,
            allowed_from=[RuntimeState.ENDED],
            parking_due_at=now,
            archived_at=now,
            changed_at=now,
        )
    if changed:
        sequence = Sequence.objects.get(pk=sequence_id)
        Revision.objects.for_instance(sequence).update(approved_go_live_at=None)
        if sequence.live:
            sequence.unpublish()
    return bool(changed)


def restore(sequence_id: int, *, now: datetime, by: str = "") -> bool:
    """
    Bring a sequence back from the archive, ended; publish it to start it anew.

    :return: False if it is not there, or has been for longer than KEPT_IN_ARCHIVE.
    """
    with transaction.atomic():
        runtime = _locked_runtime(sequence_id, now=now)
        if not is_restorable(runtime, now=now):
            return False
        if runtime.version_id is None:
            runtime.delete()
            return True
        are_all_out = runtime.parking_due_at is None or runtime.parking_due_at > now
        return bool(
            states.move(
                SequenceRuntime.objects.filter(pk=runtime.pk),
                RuntimeState.ENDED,
                table=TRANSITIONS,
                allowed_from=[RuntimeState.ARCHIVED],
                parking_due_at=None if are_all_out else now,
                archived_at=None,
                changed_at=now,
            )
        )


def is_restorable(runtime: SequenceRuntime, *, now: datetime) -> bool:
    """Tell whether the sequence can still be had back from the archive."""
    return runtime.archived_at is not None and now < runtime.archived_at + KEPT_IN_ARCHIVE


def settle_archived(runtime: SequenceRuntime, *, now: datetime) -> None:
    """Note when to look at an archived sequence again, in which nobody is left; remove one that never ran."""
    if is_restorable(runtime, now=now) and runtime.archived_at is not None:
        SequenceRuntime.objects.filter(pk=runtime.pk).update(
            parking_due_at=runtime.archived_at + KEPT_IN_ARCHIVE
        )
    elif runtime.version_id is None:
        runtime.delete()
        Sequence.objects.get(pk=runtime.sequence_id).delete()
    else:
        SequenceRuntime.objects.filter(pk=runtime.pk).update(parking_due_at=None)


def _move(
    sequence_id: int, to: RuntimeState, *, now: datetime, trigger_event: str, parking_due_at: datetime
) -> bool:
    return bool(
        states.move(
            SequenceRuntime.objects.filter(sequence_id=sequence_id),
            to,
            table=TRANSITIONS,
            # From archived to ended is taking it out of the archive, which is not what these do.
            allowed_from=[RuntimeState.LIVE, RuntimeState.DRAINING, RuntimeState.PAUSED],
            trigger_event=trigger_event,
            parking_due_at=parking_due_at,
            changed_at=now,
        )
    )


def _ensure_runtime(sequence_id: int, *, now: datetime) -> None:
    claims.insert_new([SequenceRuntime(sequence_id=sequence_id, changed_at=now)], unique=["sequence"])


def _locked_runtime(sequence_id: int, *, now: datetime) -> SequenceRuntime:
    """Return the runtime row, made at the first publish, so that two publishers take turns."""
    _ensure_runtime(sequence_id, now=now)
    return claims.lock_in_order(SequenceRuntime.objects.filter(sequence_id=sequence_id))[0]


def _planned(runtime: SequenceRuntime, revision_id: int | None) -> Choices:
    if not runtime.planned or revision_id is None or runtime.planned["revision"] != revision_id:
        return {}
    return from_json(runtime.planned["choices"])


def _version(
    sequence: Sequence,
    flow: Flow,
    runtime: SequenceRuntime,
    choices: Choices,
    *,
    revision_id: int | None,
    now: datetime,
) -> SequenceVersion:
    raw = flow.to_json()
    current = SequenceVersion.objects.filter(pk=runtime.version_id).first() if runtime.version_id else None
    is_same = current is not None and current.flow == raw and current.name == sequence.name
    if current is not None and is_same and current.undone_at is None:
        return current
    highest = SequenceVersion.objects.filter(sequence=sequence).aggregate(highest=Max("number"))["highest"]
    return SequenceVersion.objects.create(
        sequence=sequence,
        number=(highest or 0) + 1,
        name=sequence.name,
        flow=raw,
        revision_id=revision_id,
        published_at=now,
        moves_due_at=None if highest is None else now,
        choices=to_json(choices),
    )


def existing_are_in(sequence_id: int) -> None:
    """Note that everybody to whom the trigger happened before was let in, or refused."""
    SequenceRuntime.objects.filter(sequence_id=sequence_id).update(existing_due_at=None)


def _looked_back(version: SequenceVersion | None) -> dict[str, Any] | None:
    return flow_from_json(version.flow).looks_back if version is not None else None


def _trigger_of_version(version: SequenceVersion | None) -> str:
    return flow_from_json(version.flow).trigger_name if version is not None else ""


def _hold(sequence_id: int, reason: str, *, now: datetime, until: datetime | None = None) -> None:
    messaging.hold(scope="sequence", key=str(sequence_id), reason=reason, now=now, until=until)


def _lift_holds(sequence_id: int, *, by: str, now: datetime) -> None:
    open_holds = Hold.objects.filter(scope="sequence", key=str(sequence_id), lifted_at=None)
    for hold_id in open_holds.values_list("pk", flat=True):
        messaging.lift(hold_id, by=by, now=now)
