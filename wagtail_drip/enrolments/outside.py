"""
What sequences ask of the outside: claimed with a lease, made in threads without a transaction, written down.

A pass never waits for a slow far side, which would keep texts waiting behind it: what is under way stays
under way in this process and is written down by one of the next passes. A worker that dies in between leaves
its lease to expire; the call is then made again, under the same key.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from wagtail_drip.core import claims, clock, keys, traces
from wagtail_drip.enrolments import actions, outside_jobs, querysets
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.enrolments.states import CallState
from wagtail_drip.enrolments.webhook_client import NoAnswer, Refused
from wagtail_drip.enrolments.webhook_targets import UnknownTarget

logger = logging.getLogger(__name__)

AT_ONCE = 16
TRIES = 5
LEASE_SECONDS = 300  # ten times the longest time-out
PATIENCE_SECONDS = 0.25
FIRST_PAUSE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A call under way."""

    call_id: int
    enrolment_id: int
    kind: str
    token: str
    attempts: int


@dataclass(kw_only=True)
class _Flight:
    """What this process has under way."""

    process_id: int
    threads: ThreadPoolExecutor
    calls: dict[Future[dict[str, Any]], _Sent] = field(default_factory=dict)


# One of each worker's own: nobody else writes down what it has under way.
_own = threading.local()


def call_due(*, now: datetime | None = None) -> int:
    """
    Write down what has come back, take up what is due, and return how many calls that were.

    What is still under way counts too, so that nobody takes the pass for idle.
    """
    now = now or clock.now()
    flight = _flight()
    done = _land(flight, now=now) if flight.calls else 0
    done += _take_up(flight, now=now)
    if flight.calls:
        wait(flight.calls, timeout=PATIENCE_SECONDS)
        done += _land(flight, now=now)
    return done + len(flight.calls)


def _flight() -> _Flight:
    # A worker that was forked has none of its parent's threads.
    flight: _Flight | None = getattr(_own, "flight", None)
    if flight is None or flight.process_id != os.getpid():
        threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="drip-outside")
        flight = _own.flight = _Flight(process_id=os.getpid(), threads=threads)
    return flight


def _take_up(flight: _Flight, *, now: datetime) -> int:
    free = AT_ONCE - len(flight.calls)
    held = OutsideCall.objects.filter(lease_until__isnull=False)
    if held.exists():
        expired = held.filter(state=CallState.CLAIMED, lease_until__lt=clock.lease_now())
        claims.retried(lambda: _give_back(claims.claim(expired.order_by("pk"), limit=AT_ONCE), now=now))
    due = querysets.calls_due(now)
    if not free or not due.exists():
        return 0
    token = keys.new_token()
    calls, runs, done = claims.retried(lambda: _claim(due, free, token, now=now))
    if not calls:
        return done
    jobs = _prepared(calls, runs, now=now)
    for call in calls:
        sent = _Sent(
            call_id=call.pk,
            enrolment_id=call.enrolment_id,
            kind=call.kind,
            token=token,
            attempts=call.attempts + 1,
        )
        job = jobs[call.pk]
        if isinstance(job, Exception):
            future: Future[dict[str, Any]] = Future()
            future.set_exception(job)
        else:
            future = flight.threads.submit(job)
        flight.calls[future] = sent
    return done


def _prepared(
    calls: Sequence[OutsideCall], runs: Mapping[int, Enrolment], *, now: datetime
) -> dict[int, outside_jobs.Job | Exception]:
    """Prepare what was claimed; if that raises, halve it until the call that cannot be prepared is alone."""
    try:
        return outside_jobs.jobs(calls, runs, now=now)
    except Exception as error:  # noqa: BLE001 -- one call's data must not stop its neighbours
        if len(calls) == 1:
            logger.error("Call %s could not be prepared.\n%s", calls[0].key, traces.trace_of(error))
            return {calls[0].pk: error}
        half = len(calls) // 2
        return {**_prepared(calls[:half], runs, now=now), **_prepared(calls[half:], runs, now=now)}


def _claim(
    due: QuerySet[OutsideCall], limit: int, token: str, *, now: datetime
) -> tuple[list[OutsideCall], dict[int, Enrolment], int]:
    """Claim what is due, and drop what nobody wants any more."""
    claimed = claims.claim(due, limit=limit)
    runs = Enrolment.objects.select_related("contact").in_bulk({call.enrolment_id for call in claimed})
    wanted = [call for call in claimed if _is_wanted(call, runs[call.enrolment_id])]
    unwanted = [call.pk for call in claimed if call not in wanted]
    if unwanted:
        OutsideCall.objects.filter(pk__in=unwanted).update(
            state=CallState.CANCELLED, due_at=None, settled_at=now
        )
    if wanted:
        OutsideCall.objects.filter(pk__in=[call.pk for call in wanted]).update(
            state=CallState.CLAIMED,
            due_at=None,
            token=token,
            lease_until=clock.lease_now() + timedelta(seconds=LEASE_SECONDS),
            attempts=F("attempts") + 1,
        )
    return wanted, runs, len(unwanted)


def _is_wanted(call: OutsideCall, run: Enrolment) -> bool:
    """Tell whether the run still waits for the answer; staff are told even of a run that is over."""
    if run.contact.erased_at is not None:
        return False
    # Whoever had it tried again knows that the run may have gone on: the other system is to hear of it.
    is_meant = call.kind != "webhook" or call.asked_again_at is not None
    return is_meant or is_awaited(call, run)


def is_awaited(call: OutsideCall, run: Enrolment) -> bool:
    """Tell whether the run still stands where it asked."""
    return run.running is not None and run.visit == call.visit


def _give_back(expired: Iterable[OutsideCall], *, now: datetime) -> None:
    """Let calls whose worker died be made again; one that was there at the death of five is given up."""
    for call in expired:
        again = call.attempts < TRIES
        _write(
            _Sent(
                call_id=call.pk,
                enrolment_id=call.enrolment_id,
                kind=call.kind,
                token=call.token,
                attempts=call.attempts,
            ),
            state=CallState.WAITING if again else CallState.FAILED,
            due_at=now if again else None,
            error="Its worker ended before the answer came.",
            now=now,
        )


def _land(flight: _Flight, *, now: datetime) -> int:
    """Write down what has come back; what cannot be written stays, and is tried again by the next pass."""
    back = [future for future in flight.calls if future.done()]
    if not back:
        return 0

    def work() -> None:
        for future in back:
            _settle(flight.calls[future], future, now=now)

    claims.retried(work)
    for future in back:
        del flight.calls[future]
    return len(back)


def _settle(sent: _Sent, future: Future[dict[str, Any]], *, now: datetime) -> None:
    error = future.exception()
    if error is None:
        _write(sent, state=CallState.ANSWERED, response=future.result(), error="", now=now)
        return
    is_final = isinstance(error, Refused) or sent.attempts >= TRIES
    ours = isinstance(error, Refused | NoAnswer | UnknownTarget)
    words = str(error) if ours else type(error).__name__
    pause = min(FIRST_PAUSE_SECONDS * 4 ** (sent.attempts - 1), LONGEST_PAUSE_SECONDS)
    asked = error.retry_after_seconds if isinstance(error, NoAnswer) else None
    later = now + timedelta(seconds=max(pause, min(asked or 0, LONGEST_PAUSE_SECONDS)))
    _write(
        sent,
        state=CallState.FAILED if is_final else CallState.WAITING,
        due_at=None if is_final else later,
        error=words[:255],
        now=now,
    )


def _write(
    sent: _Sent, *, state: CallState, now: datetime, due_at: datetime | None = None, **new: Any
) -> None:
    """Write what became of a call that is still ours, and wake the run that waits for it."""
    is_over = state is not CallState.WAITING
    written = OutsideCall.objects.filter(pk=sent.call_id, token=sent.token, state=CallState.CLAIMED).update(
        state=state, due_at=due_at, token="", lease_until=None, settled_at=now if is_over else None, **new
    )
    if written and is_over and sent.kind == "webhook":
        actions.wake([sent.enrolment_id], now=now)
