"""Events find the sequences they start and the people who wait for them: claim, wake, admit, commit."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet

from wagtail_drip.conf import settings
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims, clock
from wagtail_drip.enrolments import actions, entry, for_whom, gather, moved_dates
from wagtail_drip.enrolments.actions import Wish
from wagtail_drip.enrolments.carry_out import why_cancelled
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.states import ExitReason
from wagtail_drip.enrolments.walk_batch import trace_of
from wagtail_drip.events.models import Event
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.flow import Flow

logger = logging.getLogger(__name__)

TRIES = 5
BATCH = 500
# How soon, and how late at most, an event is looked at again that waits for a segment to be counted.
SOON, LATE = timedelta(minutes=1), timedelta(minutes=10)


def match_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Match one batch of events and return how many there were."""
    now = now or clock.now()
    rows = Event.objects.filter(match_due_at__lte=now).order_by("match_due_at", "pk")
    if not rows.exists():
        return 0
    return _match(rows, size=claims.batch_limit(limit or BATCH), now=now)


def _match(rows: QuerySet[Event], *, size: int, now: datetime) -> int:
    """Match one batch in one transaction; if that fails, halve it until the bad event is alone."""
    claimed: list[int] = []

    def work() -> None:
        events = claims.claim(rows, limit=size)
        claimed[:] = [event.pk for event in events]
        held = match(events, now=now)
        _finish(events, held, now=now)

    try:
        claims.retried(work)
    except Exception as error:
        if isinstance(error, OperationalError | InterfaceError):
            raise  # Nothing is wrong with the rows: a lock was held for too long, or the database went away.
        if len(claimed) == 1:
            trace = trace_of(error)
            logger.error("Event %s could not be matched.\n%s", claimed[0], trace)
            _put_off(claimed[0], trace, now=now)
        elif claimed:
            middle = len(claimed) // 2
            for half in (claimed[:middle], claimed[middle:]):
                _match(rows.filter(pk__in=half), size=len(half), now=now)
        else:
            raise
    return len(claimed)


def _put_off(pk: int, error: str, *, now: datetime) -> None:
    """Count the failure; the fifth parks the event, with its error, for somebody to look at."""
    attempts = (Event.objects.filter(pk=pk).values_list("match_attempts", flat=True).first() or 0) + 1
    # Half a minute, one, two, four: a deployment under way, a mistake that somebody is mending.
    again = now + timedelta(seconds=30 * 2 ** (attempts - 1)) if attempts < TRIES else None
    Event.objects.filter(pk=pk).update(match_attempts=attempts, match_due_at=again, error=error)


def _finish(events: Sequence[Event], held: Mapping[int, Collection[int]], *, now: datetime) -> None:
    """Note what is matched, what waits for a segment to be counted, and what waited too long for it."""
    # What waited in vain keeps for whom, so that it can be told.
    in_vain = {event.pk for event in events if event.held_for and not _is_fresh(event, now=now)}
    rows = Event.objects.filter(pk__in={event.pk for event in events} - held.keys())
    rows.exclude(pk__in=in_vain).update(match_due_at=None, held_for="")
    if in_vain:
        rows.filter(pk__in=in_vain).update(match_due_at=None)
    alike: dict[tuple[str, datetime], list[int]] = defaultdict(list)
    for event in events:
        if event.pk in held:
            held_for = " ".join(str(pk) for pk in sorted(held[event.pk]))
            alike[held_for, _look_again(event, now=now)].append(event.pk)
    for (held_for, again), pks in alike.items():
        Event.objects.filter(pk__in=pks).update(held_for=held_for, match_due_at=again)


def _look_again(event: Event, *, now: datetime) -> datetime:
    """Return when to look again: soon at first, later less often, and once more just before it is too old."""
    # In whole minutes, so that those of about the same age are looked at together.
    again = (now + min(max(now - event.recorded_at, SOON), LATE)).replace(second=0, microsecond=0)
    last = event.recorded_at + timedelta(hours=settings.TRIGGER_MAX_AGE_HOURS) - SOON
    last = last.replace(second=0, microsecond=0)
    return last if now < last < again else again


def _is_fresh(event: Event, *, now: datetime) -> bool:
    return entry.is_fresh(event.recorded_at, max_age_hours=settings.TRIGGER_MAX_AGE_HOURS, now=now)


def is_asked_by(event: Event, sequence_id: int) -> bool:
    """Tell whether a sequence still asks whether *event* lets somebody in: of what is held, only whom it waits for."""
    return not event.held_for or str(sequence_id) in event.held_for.split()


def is_matched(event: Event, sequence_id: int) -> bool:
    """Tell whether it is decided whether *event* lets somebody into the sequence."""
    return event.match_due_at is None or not is_asked_by(event, sequence_id)


def waited_in_vain(event: Event, sequence_id: int) -> bool:
    """Tell whether *event* let nobody into the sequence for want of a segment that was counted."""
    return event.match_due_at is None and bool(event.held_for) and is_asked_by(event, sequence_id)


def match(events: Sequence[Event], *, now: datetime) -> Mapping[int, Collection[int]]:
    """
    Wake who waits for one of *events*, then let in whom they start something for.

    :return: by event, the sequences for which it must be looked at again: nobody knows yet whether it lets anybody in.
    """
    heads = contacts.resolve_merged({event.contact_id for event in events if event.contact_id is not None})
    theirs: dict[int, list[Event]] = defaultdict(list)
    new = [event for event in events if not event.held_for]
    for event in new:
        if event.contact_id is not None:
            theirs[heads[event.contact_id]].append(event)
    moved_dates.follow(new, now=now)
    _wake(theirs, heads, now=now)
    return _admit(events, now=now)


def _wake(theirs: Mapping[int, Sequence[Event]], heads: Mapping[int, int], *, now: datetime) -> None:
    """Make sooner what the next advance would find by itself: a goal, an exit, an awaited event."""
    merged = Contact.objects.filter(merged_into__in=theirs).values_list("pk", flat=True)
    people = {*theirs, *heads, *merged}
    running = list(Enrolment.objects.filter(contact_id__in=people, running=1))
    if not running:
        return
    speaks_for = contacts.resolve_merged({row.contact_id for row in running})
    flows = sequences.flows({row.version_id for row in running})
    woken: list[int] = []
    ending: dict[str, list[Enrolment]] = defaultdict(list)
    for row in running:
        for event in theirs.get(speaks_for[row.contact_id], ()):
            if event.pk == row.event_id or event.recorded_at <= row.since:
                continue
            reason = ends_by(flows[row.version_id], event)
            if reason:
                ending[reason].append(row)
            if reason or event.name in row.waits_for.split():
                woken.append(row.pk)
                break
    if not woken:
        return
    # Enrolments before contacts, as an advance takes them; both in order.
    claims.lock_in_order(Enrolment.objects.filter(pk__in=woken))
    actions.lock_people([row for rows in ending.values() for row in rows])
    actions.wake(woken, now=now)
    for reason, rows in sorted(ending.items()):
        messaging.cancel_pending(
            enrolment_ids=[row.pk for row in rows], reason=why_cancelled(reason), now=now
        )


def ends_by(flow: Flow, event: Event) -> str:
    """Return the exit reason that *event* gives to somebody in *flow*; '' if none."""
    if flow.goal is not None and flow.goal.accepts(event.name, event.properties):
        return ExitReason.GOAL_MET
    if any(test.accepts(event.name, event.properties) for test in flow.exits):
        return ExitReason.EXIT_RULE
    return ""


def _admit(events: Sequence[Event], *, now: datetime) -> Mapping[int, Collection[int]]:
    fresh = [event for event in events if event.contact_id is not None and _is_fresh(event, now=now)]
    live = sequences.live_by_trigger({event.name for event in fresh})
    missing = for_whom.uncounted([running.flow for each in live.values() for running in each])
    wishes: list[Wish] = []
    held: dict[int, list[int]] = defaultdict(list)
    for event in sorted(fresh, key=lambda each: (each.recorded_at, each.pk)):
        seen = gather.seen(event)
        for running in live.get(event.name, ()):
            is_here = running.site_id in (None, event.site_id) and is_asked_by(event, running.sequence_id)
            if is_here and event.contact_id is not None and entry.is_triggered(running.flow, seen):
                if not missing.isdisjoint(running.flow.entry.segments):
                    held[event.pk].append(running.sequence_id)
                    continue
                wishes.append(
                    Wish(
                        into=running,
                        contact_id=event.contact_id,
                        site_id=event.site_id,
                        key=str(event.pk),
                        since=event.recorded_at,
                        trigger=seen,
                    )
                )
    out = for_whom.kept_out((wish.contact_id, wish.into.flow) for wish in wishes)
    wishes = [wish for wish in wishes if (wish.contact_id, wish.into.flow.entry) not in out]
    if wishes:
        actions.admit(wishes, now=now)
    return held
