"""Triggers that a clock pulls: whose date has come, who has been silent, whose week it is, and what goes out once.

Each live sequence with such a trigger has one row that says up to when it was looked at. A pass fixes its end,
goes through the people a chunk at a time, each chunk in a transaction of its own, and then moves the row on: a
worker that dies loses nothing, and who entered for an occasion never enters for it again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from wagtail_drip.core import claims, clock
from wagtail_drip.enrolments import actions, audience, entry, occasions, once
from wagtail_drip.enrolments.actions import Wish
from wagtail_drip.enrolments.audience import Chunk, Place, Some
from wagtail_drip.enrolments.models import TriggerCheck
from wagtail_drip.enrolments.occasions import Window
from wagtail_drip.enrolments.once_states import OnceState
from wagtail_drip.enrolments.walk_batch import trace_of
from wagtail_drip.segments import querysets as segments
from wagtail_drip.sequences import actions as of_sequences
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.triggers import Timed
from wagtail_drip.sequences.types import Running

logger = logging.getLogger(__name__)

CHUNK = 500
MOST_COUNTED = 20_000
TRIES = 5
# A silence is looked at when the next one is complete, but no more and no less often than this.
OFTEN, SELDOM = timedelta(minutes=1), timedelta(hours=6)


@dataclass(frozen=True, kw_only=True)
class Looked:
    """
    Up to when one sequence's trigger was looked at for one person.

    :ivar until: what fell due up to here is decided; what comes after it is still to be.
    :ivar is_over: it goes out once, and has.
    :ivar is_set_aside: looking failed for good, until somebody mends it.
    :ivar once: of what goes out once: how far it is; '' while nobody has started it.
    :ivar rest_at: and when the rest goes, while it is watched what becomes of the first.
    """

    until: datetime
    once: str | None = None
    rest_at: datetime | None = None
    is_over: bool = False
    is_set_aside: bool = False


def check_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Go one chunk on in every live sequence whose clock's trigger is due; return how many people were looked at."""
    now = now or clock.now()
    live = {running.sequence_id: running for running in sequences.live_by_clock(now)}
    if not live:
        return 0
    known = {row.sequence_id: row for row in TriggerCheck.objects.filter(sequence_id__in=live)}
    _begin([running for pk, running in live.items() if pk not in known or _differs(known[pk], running)], now)
    again = [pk for pk, row in known.items() if _was_resumed(row, live[pk])]
    if again:
        TriggerCheck.objects.filter(sequence_id__in=again, due_at=None).update(
            due_at=now, attempts=0, error=""
        )
    due = TriggerCheck.objects.filter(sequence_id__in=live, due_at__lte=now).order_by("due_at", "pk")
    done = 0
    for pk, sequence_id in list(due.values_list("pk", "sequence_id")):
        done += _check(pk, live[sequence_id], limit=claims.batch_limit(limit or CHUNK), now=now)
    return done


def spec_of(flow: Flow) -> dict[str, Any]:
    """Return what is looked for: the clock's trigger, or those to whom the event's happened before."""
    return flow.timed.to_json() if flow.timed is not None else flow.looks_back or {}


def _differs(row: TriggerCheck, running: Running) -> bool:
    return bool(row.timed != spec_of(running.flow))


def _was_resumed(row: TriggerCheck, running: Running) -> bool:
    """Tell whether somebody paused and resumed what was set aside: it is tried again."""
    since = running.entering_since
    return bool(row.error) and row.due_at is None and since is not None and since > row.checked_until


def _begin(new: list[Running], now: datetime) -> None:
    """Look from now on by a trigger that is new, or another than before: what was before it starts nothing."""
    for running in new:
        flow, spec = running.flow, spec_of(running.flow)
        since = running.entering_since or now
        with transaction.atomic():
            claims.insert_new(
                [TriggerCheck(sequence_id=running.sequence_id, checked_until=since)], unique=["sequence"]
            )
            row = claims.lock_in_order(TriggerCheck.objects.filter(sequence_id=running.sequence_id))[0]
            if row.timed == spec:
                continue  # another worker was first
            if flow.timed is not None and flow.is_sent_once:
                # What was started for another audience or date ends with it.
                once.stop_runs(running.sequence_id, but_for=once.key_of(flow.timed), now=now)
            is_first = not row.timed
            back = (
                timedelta(days=flow.entry.existing_days) if is_first or flow.timed is None else timedelta(0)
            )
            row.timed, row.due_at = spec, now
            if flow.is_sent_once and flow.timed is not None and flow.timed.starts_at is not None:
                row.due_at = flow.timed.starts_at
            # Back to who qualified before, if the owner wants those too.
            row.checked_until = (since if is_first else now) - back
            row.pass_until, row.cursor, row.attempts, row.error = (now if back else None), 0, 0, ""
            row.missed_since = row.missed_until = None
            row.save()


def _check(pk: int, running: Running, *, limit: int, now: datetime) -> int:
    """Go one chunk on; what fails is tried again later, and set aside after five times."""

    def work() -> int:
        rows = claims.claim(TriggerCheck.objects.filter(pk=pk, due_at__lte=now).order_by("pk"), limit=1)
        return _go_on(rows[0], running, limit=limit, now=now) if rows else 0

    try:
        return claims.retried(work)
    except Exception as error:
        if isinstance(error, OperationalError | InterfaceError):
            raise  # Nothing is wrong with the trigger: a lock was held for too long, or the database went away.
        trace = trace_of(error)
        logger.error("The trigger of sequence %s could not be checked.\n%s", running.sequence_id, trace)
        attempts = (TriggerCheck.objects.filter(pk=pk).values_list("attempts", flat=True).first() or 0) + 1
        again = now + timedelta(seconds=30 * 2 ** (attempts - 1)) if attempts < TRIES else None
        TriggerCheck.objects.filter(pk=pk).update(attempts=attempts, due_at=again, error=trace)
        return 0


def _go_on(row: TriggerCheck, running: Running, *, limit: int, now: datetime) -> int:
    timed, run = running.flow.timed, None
    if running.flow.is_sent_once:
        run = once.under_way(running, now=now)
        if run is None or run.state not in once.LETTING_IN:
            row.due_at = once.look_again(run, now=now)
            row.save(update_fields=["due_at"])
            return 0
    asked = timed.segments if timed is not None else running.flow.entry.segments
    if not segments.are_counted(asked):
        # Who is in a segment, or is to be left out by one, is known only once it is counted: nobody goes before.
        row.due_at = now + OFTEN
        row.save(update_fields=["due_at"])
        return 0
    window = _window(row, running, now=now)
    place = audience.place_of(running)
    some = once.some_of(run) if run is not None else None
    chunk = chunk_of(
        running,
        window,
        place,
        after=row.cursor,
        limit=min(limit, run.left) if run is not None and some is not None else limit,
        now=now,
        some=some,
    )
    wishes = [
        Wish(
            into=running,
            contact_id=each.contact_id,
            site_id=each.site_id,
            key=each.occasion or (str(each.trigger.id) if each.trigger else ""),
            # A late pass lets people in late: what they did meanwhile counts.
            since=min(each.since, now),
            trigger=each.trigger,
            occasion=each.occasion,
        )
        for each in chunk.candidates
    ]
    entered = len(actions.admit(wishes, now=now).entered) if wishes else 0
    is_last = chunk.cursor is None
    if run is not None:
        is_last = once.note(run, entered=entered, is_last=is_last, now=now)
    if not is_last:
        row.pass_until, row.cursor = window.until, chunk.cursor or 0
    else:
        row.checked_until, row.pass_until, row.cursor = window.until, None, 0
        row.due_at = once.look_again(run, now=now) or _next(timed, now=now)
        if timed is None:
            of_sequences.existing_are_in(running.sequence_id)
    row.attempts, row.error = 0, ""
    row.save()
    return len(wishes) if is_last else max(len(wishes), 1)


def _window(row: TriggerCheck, running: Running, *, now: datetime) -> Window:
    """Return what this pass covers, and note in *row* what came too late for it."""
    since = row.checked_until
    if row.pass_until is not None:
        return Window(since=since, until=row.pass_until)
    # While nobody could enter, nothing was missed: a pause is somebody's choice.
    if running.entering_since is not None and running.entering_since > since:
        since = row.checked_until = running.entering_since
    if running.flow.timed is None or running.flow.is_sent_once:
        return Window(since=since, until=now)
    looked = occasions.look(since, now=now)
    if looked.missed is not None:
        logger.warning(
            "The trigger of sequence %s was not looked at from %s to %s: nobody enters for that time.",
            running.sequence_id,
            looked.missed.since.isoformat(),
            looked.missed.until.isoformat(),
        )
        row.missed_since, row.missed_until = looked.missed.since, looked.missed.until
        row.checked_until = looked.window.since
    return looked.window


def chunk_of(
    running: Running,
    window: Window,
    place: Place,
    *,
    after: int,
    limit: int,
    now: datetime,
    some: Some | None = None,
) -> Chunk:
    """
    Return the next people whom the trigger concerns in *window*, after a contact's id.

    :param some: only these, of what goes out once.
    """
    timed = running.flow.timed
    if timed is None:
        return audience.already(running, window, after=after, limit=limit)
    if timed.kind == triggers.DATE:
        return audience.with_a_date(timed, window, place, after=after, limit=limit)
    if timed.kind == triggers.INACTIVE:
        return audience.silent(timed, window, running, place, after=after, limit=limit)
    if timed.kind == triggers.SCHEDULE:
        return audience.on_schedule(timed, window, running, place, after=after, limit=limit)
    return audience.at_once(timed, running, place, now=now, after=after, limit=limit, some=some)


def newcomers(running: Running, *, now: datetime) -> int:
    """
    Return how many people would be looked at as soon as this goes live, counted up to ``MOST_COUNTED``.

    Some of them may have been inside before: the rules of re-entry are asked when they enter. Nobody enters what
    goes out once, which waits for its start.
    """
    flow, place = running.flow, audience.place_of(running)
    before = TriggerCheck.objects.filter(sequence_id=running.sequence_id).first()
    if before is not None and before.timed == spec_of(flow):
        return 0
    if not flow.entry.existing_days:
        return 0
    if not segments.are_counted(flow.entry.segments):
        # Rather too many than too few: who is in them is not known yet.
        rules = replace(flow.entry, segment=0, without_segments=())
        running = replace(running, flow=replace(flow, entry=rules))
    window = Window(since=now - timedelta(days=flow.entry.existing_days), until=now)
    found, cursor = 0, 0
    while found < MOST_COUNTED:
        chunk = chunk_of(running, window, place, after=cursor, limit=CHUNK, now=now)
        found += len({each.contact_id for each in chunk.candidates})
        if chunk.cursor is None:
            return found
        cursor = chunk.cursor
    return MOST_COUNTED


def _next(timed: Timed | None, *, now: datetime) -> datetime | None:
    """Return when to look again; None for never: it went out once."""
    if timed is None or timed.kind == triggers.ONCE:
        return None
    if timed.kind == triggers.INACTIVE:
        complete = audience.next_silence(timed, now=now)
        return min(max(complete or now + SELDOM, now + OFTEN), now + SELDOM)
    return occasions.next_look(now.astimezone(UTC), timed.time)


def looked(running: Running, contact_id: int, *, now: datetime) -> Looked:
    """Return what the next pass will find decided of somebody; it is asked, and nothing is moved on."""
    row = TriggerCheck.objects.filter(sequence_id=running.sequence_id).first()
    since = running.entering_since or now
    once_only = _how_far(running)
    if row is None:
        days = timedelta(days=running.flow.entry.existing_days)
        return replace(once_only, until=since - days)
    if _differs(row, running):
        return replace(once_only, until=now)
    if row.error and row.due_at is None and not _was_resumed(row, running):
        return Looked(until=row.checked_until, is_set_aside=True)
    is_reached = row.pass_until is not None and contact_id <= row.cursor
    if running.flow.is_sent_once:
        is_over = once_only.once == OnceState.DONE or (once_only.once == OnceState.REST and is_reached)
        return replace(once_only, until=row.checked_until, is_over=is_over)
    if row.pass_until is not None:
        return Looked(until=row.pass_until if is_reached else row.checked_until)
    return Looked(until=occasions.look(max(row.checked_until, since), now=now).window.since)


def _how_far(running: Running) -> Looked:
    if not running.flow.is_sent_once:
        return Looked(until=entry.EPOCH)
    run = once.run_of(running)
    if run is None:
        return Looked(until=entry.EPOCH, once="")
    is_watched = run.state == OnceState.WATCHING
    return Looked(until=entry.EPOCH, once=run.state, rest_at=run.rest_at if is_watched else None)
