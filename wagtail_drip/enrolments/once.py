"""What goes out once: a person starts it, the first go ahead, and the rest follows unless something holds it back.

How far the audience was gone through is the row of ``TriggerCheck``, which every writer here locks first: a worker
that lets people in and a person who stops it never decide at the same moment. Nobody gets it twice whatever happens
here, for an entry is unique by what it is about; a start is, by its audience and date.
"""

from __future__ import annotations

import json
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from wagtail_drip.core import claims, keys, states
from wagtail_drip.enrolments import once_outcome, once_rules
from wagtail_drip.enrolments.audience import PLACES, Some
from wagtail_drip.enrolments.models import TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_rules import FirstPart
from wagtail_drip.enrolments.once_states import TRANSITIONS, UNDER_WAY, OnceState
from wagtail_drip.sequences import actions as of_sequences
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.triggers import Timed
from wagtail_drip.sequences.types import Running

logger = logging.getLogger(__name__)

LETTING_IN = (OnceState.FIRST, OnceState.REST)
# While one waits for what becomes of the first, so often is looked.
OFTEN = timedelta(minutes=1)


def key_of(timed: Timed) -> str:
    """Return what one start is told by: to whom it goes, and when. Other words for the same people are no other."""
    return keys.digest("once", json.dumps(timed.to_json(), sort_keys=True))


def run_of(running: Running) -> OnceRun | None:
    """Return how the sequence as it is published now was started; None where nobody did."""
    timed = running.flow.timed
    if timed is None or not running.flow.is_sent_once:
        return None
    return OnceRun.objects.filter(sequence_id=running.sequence_id, key=key_of(timed)).first()


def start(
    sequence_id: int, *, version_id: int, first: FirstPart, people: int, by: str, now: datetime
) -> OnceRun | None:
    """
    Let it go, at its date or at once: to the first people, and after a while to the rest, or to everybody.

    Of two who press at once, or one who presses twice, only the first has started it. What was stopped can be
    started again, for those whom it had not reached.

    :param version_id: the version that was looked at; another one is not started.
    :param people: the audience as it was counted.
    :param by: who starts it, by name.
    :return: None if it was started before, or does not run as it was looked at.
    """

    def work() -> OnceRun | None:
        check = _locked_check(sequence_id)
        running = sequences.live([sequence_id]).get(sequence_id)
        timed = running.flow.timed if running is not None and running.flow.is_sent_once else None
        if running is None or timed is None or running.version_id != version_id:
            return None
        values: dict[str, Any] = {
            "token": keys.new_token(),
            "started_at": now,
            "started_by": by[:150],
            "people": people,
            "first": first.people,
            "place": secrets.randbelow(PLACES),
            "entered": 0,
            "wait_minutes": first.wait_minutes,
            "most_failed": first.limits.failed_percent,
            "most_opted_out": first.limits.opted_out_percent,
            "most_complaints": first.limits.complaints,
        }
        state = OnceState.FIRST if first.people else OnceState.REST
        row = OnceRun(sequence_id=sequence_id, key=key_of(timed), state=state, **values)
        claims.insert_new([row], unique=["sequence", "key"])
        known = OnceRun.objects.filter(sequence_id=sequence_id, key=row.key)
        earlier = known.get()
        if earlier.token != row.token:
            if earlier.first:
                # Others than those, who have had it: nobody would be the first.
                values["place"] = _first_of(earlier).next_place
            values |= {
                "held_for": "",
                "decided_by": "",
                "first_in_at": None,
                "rest_at": None,
                "ended_at": None,
            }
            stopped = [OnceState.STOPPED]
            if not states.move(known, state, table=TRANSITIONS, allowed_from=stopped, **values):
                return None
        if check is not None:
            _look_at(check, at=timed.starts_at or now)
        return known.get()

    return claims.retried(work)


def go_on(sequence_id: int, *, run_id: int, by: str, now: datetime) -> bool:
    """
    Let the rest go although something held it back, or before its time.

    :return: False if somebody was first, or it is elsewhere by now.
    """

    def work() -> bool:
        check = _locked_check(sequence_id)
        waiting = [OnceState.HELD, OnceState.WATCHING]
        changed = states.move(
            OnceRun.objects.filter(pk=run_id, sequence_id=sequence_id),
            OnceState.REST,
            table=TRANSITIONS,
            allowed_from=waiting,
            decided_by=by[:150],
        )
        if changed and check is not None:
            _look_at(check, at=now)
        return bool(changed)

    return claims.retried(work)


def stop(sequence_id: int, *, now: datetime, by: str = "") -> bool:
    """
    End it: nobody else enters, and what waits in the outbox is not sent.

    :return: False if it had ended already.
    """

    def work() -> bool:
        _locked_check(sequence_id)
        # In this order, as who follows the sequence's end locks them.
        has_ended = of_sequences.end(sequence_id, now=now, by=by)
        stop_runs(sequence_id, by=by, now=now)
        return has_ended

    return claims.retried(work)


def stop_runs(sequence_id: int, *, by: str = "", but_for: str = "", now: datetime) -> int:
    """Note that what is under way ends here, in the caller's transaction; return how many were."""
    rows = OnceRun.objects.filter(sequence_id=sequence_id).exclude(key=but_for)
    return states.move(rows, OnceState.STOPPED, table=TRANSITIONS, decided_by=by[:150], ended_at=now)


def under_way(running: Running, *, now: datetime) -> OnceRun | None:
    """
    Return the start that people may be let in by, once it is decided whether the rest goes; None where none is.

    For the pass that has claimed the sequence's ``TriggerCheck``.
    """
    timed = running.flow.timed
    if timed is None:
        return None
    rows = OnceRun.objects.filter(sequence_id=running.sequence_id, key=key_of(timed), state__in=UNDER_WAY)
    found = next(iter(claims.lock_in_order(rows)), None)
    if found is not None and found.state == OnceState.WATCHING:
        _decide(found, now=now)
    return found


def look_again(run: OnceRun | None, *, now: datetime) -> datetime | None:
    """Return when a pass that lets nobody in is to come back; None for when a person wants it to."""
    return now + OFTEN if run is not None and run.state == OnceState.WATCHING else None


def some_of(run: OnceRun) -> Some | None:
    """Return whom of the audience the part that enters now is taken from; None for all of it."""
    if run.state != OnceState.FIRST:
        return None
    return _first_of(run)


def _first_of(run: OnceRun) -> Some:
    return Some.at(run.place, n=run.first, of=run.people)


def note(run: OnceRun, *, entered: int, is_last: bool, now: datetime) -> bool:
    """Note who was let in, in the transaction that did; return whether this part of it is over."""
    run.entered += entered
    if run.state == OnceState.FIRST:
        is_last = is_last or not run.left
        if is_last:
            run.state, run.first_in_at = OnceState.WATCHING, now
            run.rest_at = now + timedelta(minutes=run.wait_minutes)
    elif is_last:
        run.state, run.ended_at = OnceState.DONE, now
    run.save()
    return is_last


def _decide(run: OnceRun, *, now: datetime) -> None:
    """Hold the rest back, let it go, or wait on. The pass holds the lock, so only one decides."""
    outcome = once_outcome.of_first(run)
    hold = once_rules.why_hold(outcome, run.limits)
    if hold is not None:
        run.state = OnceState.HELD
        run.held_for, run.held_n, run.held_of = hold.why.value, hold.n, hold.of
        logger.error(
            "The rest of sequence %s is held back (%s: %s of %s).",
            run.sequence_id,
            hold.why.value,
            hold.n,
            hold.of,
        )
    elif not outcome.tells_enough:
        run.rest_at = now + timedelta(minutes=run.wait_minutes)
    elif run.rest_at is None or run.rest_at <= now:
        run.state = OnceState.REST
    else:
        return
    run.save()


def _locked_check(sequence_id: int) -> TriggerCheck | None:
    rows: QuerySet[TriggerCheck] = TriggerCheck.objects.filter(sequence_id=sequence_id)
    return next(iter(claims.lock_in_order(rows)), None)


def _look_at(check: TriggerCheck, *, at: datetime) -> None:
    TriggerCheck.objects.filter(pk=check.pk).update(
        due_at=at, cursor=0, pass_until=None, attempts=0, error=""
    )
