"""
What gateways answered, written down: kept until it is committed, fenced by the worker's token.

An answer that cannot be written is kept and tried again. If we die with it, its message stays ``handed_over``
and recovery finds it: it may be lost from view for a while, but it is never posted again blindly.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, DataError, connection

from wagtail_drip import signals
from wagtail_drip.core import claims, clock, traces
from wagtail_drip.core.values import value
from wagtail_drip.gateways import registry
from wagtail_drip.gateways.types import Outcome, SendResult
from wagtail_drip.messaging import bad_numbers, budget, fenced, ledger, opt_outs
from wagtail_drip.messaging.calls import Finished
from wagtail_drip.messaging.models import Hold, Message
from wagtail_drip.messaging.states import DeferReason, MessageState
from wagtail_drip.messaging.types import Claimed

logger = logging.getLogger(__name__)
S = MessageState

FLUSH_SECONDS = 0.2
FLUSH_ROWS = 500
_LAST_PAUSES_SECONDS = (0.5, 2.0, 5.0)
_FIRST_PAUSE_SECONDS = 30
_LONGEST_PAUSE_SECONDS = 3600
# After an ambiguous answer: so long until recovery repeats it under the same key, or asks what became of it.
_REPEAT_SECONDS = 30


@value
class _Answered:
    message: Claimed
    result: SendResult | None  # None: never posted


class Outcomes:
    """The answers of one pass that are not committed yet."""

    def __init__(self, *, token: str) -> None:
        self._token = token
        self._kept: list[_Answered] = []
        self._oldest = 0.0

    def keep(self, finished: Finished) -> None:
        """Keep what a call brought back."""
        if not self._kept:
            self._oldest = time.monotonic()
        if finished.results is None:
            self._kept += [_Answered(message=ready.message, result=None) for ready in finished.messages]
        else:
            self._kept += [
                _Answered(message=ready.message, result=result)
                for ready, result in zip(finished.messages, finished.results, strict=True)
            ]

    @property
    def is_due(self) -> bool:
        return bool(self._kept) and (
            len(self._kept) >= FLUSH_ROWS or time.monotonic() - self._oldest >= FLUSH_SECONDS
        )

    def flush(self, *, now: datetime) -> None:
        """
        Commit what is kept.

        :raises DatabaseError: if that did not go; it stays kept then.
        """
        if not self._kept:
            return
        accepted = _committed(self._kept, token=self._token, now=now)
        self._kept = []
        if accepted and signals.message_sent.has_listeners():
            signals.message_sent.send_robust(sender=Message, message_ids=accepted)

    def flush_when_due(self, *, now: datetime) -> None:
        """Commit what is kept if it is old or much; a failure is left to the next time."""
        if self.is_due:
            self._try(now)

    def flush_at_last(self, *, now: datetime) -> None:
        """Commit what is kept before the pass ends; a database that is away is given some seconds to return."""
        for pause in _LAST_PAUSES_SECONDS:
            if self._try(now):
                return
            time.sleep(pause)
        self.flush(now=now)

    def _try(self, now: datetime) -> bool:
        try:
            self.flush(now=now)
        except DatabaseError as error:
            logger.error("%s answers could not be written yet.\n%s", len(self._kept), traces.trace_of(error))
            self._oldest = time.monotonic()
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            return False
        return True


def _committed(answered: Sequence[_Answered], *, token: str, now: datetime) -> list[int]:
    """Write *answered*; one that the database refuses is written apart from the others, and then given up."""
    try:
        return claims.retried(lambda: _write(answered, token=token, now=now))
    except DataError as error:
        if len(answered) == 1:
            trace = traces.trace_of(error)
            logger.error("The answer of message %s cannot be written.\n%s", answered[0].message.id, trace)
            return []
        half = len(answered) // 2
        return [
            *_committed(answered[:half], token=token, now=now),
            *_committed(answered[half:], token=token, now=now),
        ]


def _write(answered: Sequence[_Answered], *, token: str, now: datetime) -> list[int]:
    """Write each answer by its kind, in one transaction, and return the ids of the accepted ones."""
    by_kind: defaultdict[str, list[_Answered]] = defaultdict(list)
    for each in answered:
        by_kind[each.result.outcome if each.result else "not_posted"].append(each)
    # Opt-outs and dead numbers lock contacts, in order and all at once: contacts are locked before messages.
    bad_numbers.lock({each.message.contact_id for kind in _OF_PEOPLE for each in by_kind.get(kind, ())})
    for kind in sorted(by_kind, key=lambda kind: (kind not in _OF_PEOPLE, kind)):
        _WRITERS[kind](by_kind[kind], token, now)
    return [each.message.id for each in by_kind.get(Outcome.ACCEPTED, ())]


def _accepted(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    results = [each.result for each in answered if each.result]
    messages = [each.message for each in answered]
    provider_ids = [result.provider_id[:128] for result in results]
    per_row: dict[str, Sequence[Any]] = {
        "provider_id": provider_ids,
        "segments": [
            message.segments if result.segments is None else result.segments
            for message, result in zip(messages, results, strict=True)
        ],
        "price": [result.price for result in results],
        "currency": [result.currency[:3] for result in results],
    }
    moved = fenced.move(
        messages,
        token=token,
        before=S.HANDED_OVER,
        after=S.SENT,
        now=now,
        per_row=per_row,
        sent_at=now,
        lease_until=None,
    )
    if len(moved) != len(messages):
        _note_late_ids(messages, provider_ids, token)


def _note_late_ids(messages: Sequence[Claimed], provider_ids: Sequence[str], token: str) -> None:
    """Note the provider's ids of messages that a receipt has settled before we could."""
    for message, provider_id in zip(messages, provider_ids, strict=True):
        Message.objects.filter(pk=message.id, lease_token=token, provider_id="").exclude(
            state=S.HANDED_OVER
        ).update(provider_id=provider_id)


def _again(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    """A certain refusal for now: back to the queue as a new generation, and the ledger forgets it."""
    _reschedule(
        answered,
        token,
        now,
        due_at=[_pause(each, now) for each in answered],
        reason=DeferReason.GATEWAY_DOWN,
    )


def _throttled(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    _reschedule(
        answered,
        token,
        now,
        due_at=[_pause(each, now) for each in answered],
        reason=DeferReason.RATE_LIMIT,
    )
    pauses: defaultdict[str, float] = defaultdict(float)
    for each in answered:
        asked = each.result.retry_after_seconds if each.result else None
        pauses[each.message.sender_key] = max(pauses[each.message.sender_key], asked or 1.0)
    for sender, seconds in sorted(pauses.items()):
        budget.pause(sender, seconds)


def _not_posted(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    _reschedule(answered, token, now, due_at=[now] * len(answered), reason="", is_refused=False)


def _reschedule(
    answered: Sequence[_Answered],
    token: str,
    now: datetime,
    *,
    due_at: Sequence[datetime],
    reason: str,
    is_refused: bool = True,
) -> None:
    messages = [each.message for each in answered]
    moved = fenced.move(
        messages,
        token=token,
        before=S.HANDED_OVER,
        after=S.SCHEDULED,
        now=now,
        per_row={
            "due_at": list(due_at),
            "generation": [message.generation + is_refused for message in messages],
            "detail": [_detail(each) for each in answered],
        },
        defer_reason=reason,
        handed_over_at=None,
        lease_until=None,
    )
    ledger.give_back(moved)


def _ambiguous(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    """Nobody knows. Recovery asks a gateway that recognises repeats or can be asked; else it stays unknown."""
    askable = [each for each in answered if _can_tell(each.message.gateway)]
    if askable:
        Message.objects.filter(
            pk__in=[each.message.id for each in askable], lease_token=token, state=S.HANDED_OVER
        ).update(lease_until=clock.lease_now() + timedelta(seconds=_REPEAT_SECONDS))
    others = [each for each in answered if not _can_tell(each.message.gateway)]
    fenced.move(
        [each.message for each in others],
        token=token,
        before=S.HANDED_OVER,
        after=S.UNKNOWN,
        now=now,
        per_row={"detail": [_detail(each) for each in others]},
        reason="ambiguous",
        lease_until=None,
    )


def _opted_out(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    opt_outs.believe([each.message for each in answered], now=now)
    _fail(answered, token, now, reason="opted_out")


def _bad_number(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    _fail(answered, token, now, reason="invalid_phone")
    bad_numbers.note(
        [bad_numbers.Failed(each.message, each.result.code if each.result else "") for each in answered],
        now=now,
    )


def _fail(answered: Sequence[_Answered], token: str, now: datetime, *, reason: str) -> None:
    moved = fenced.move(
        [each.message for each in answered],
        token=token,
        before=S.HANDED_OVER,
        after=S.FAILED,
        now=now,
        per_row={"detail": [_detail(each) for each in answered]},
        reason=reason,
        settled_at=now,
        lease_until=None,
    )
    ledger.give_back(moved)
    # Their places are free again.
    ledger.ask_again([message.contact_id for message in moved], now=now)


def _content(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    """The text is refused for everybody: its step is held. A text of no step has nobody behind it: it fails."""
    stepless = [each for each in answered if each.message.sequence_id is None]
    _fail(stepless, token, now, reason="content_blocked")
    steps = [each for each in answered if each.message.sequence_id is not None]
    _hold({("step", f"{each.message.sequence_id}:{each.message.step_id}"): each for each in steps}, now)
    _reschedule(steps, token, now, due_at=[now] * len(steps), reason=DeferReason.HELD)


def _config(answered: Sequence[_Answered], token: str, now: datetime) -> None:
    """The account or the sender is refused for everything: the gateway is held until a person mends it."""
    _hold({("gateway", each.message.gateway): each for each in answered}, now)
    _reschedule(answered, token, now, due_at=[now] * len(answered), reason=DeferReason.HELD)


def _hold(wanted: dict[tuple[str, str], _Answered], now: datetime) -> None:
    open_now = set(Hold.objects.filter(lifted_at=None).values_list("scope", "key")) if wanted else set()
    Hold.objects.bulk_create(
        Hold(scope=scope, key=key, reason=_detail(each) or "Refused by the gateway.", since=now)
        for (scope, key), each in sorted(wanted.items(), key=lambda item: item[0])
        if (scope, key) not in open_now
    )


def _pause(each: _Answered, now: datetime) -> datetime:
    seconds = min(_FIRST_PAUSE_SECONDS * 2.0**each.message.generation, _LONGEST_PAUSE_SECONDS)
    if each.result is not None and each.result.retry_after_seconds is not None:
        seconds = max(1.0, each.result.retry_after_seconds)
    return now + timedelta(seconds=seconds)


def _detail(each: _Answered) -> str:
    if each.result is None:
        return ""
    return " ".join(part for part in (each.result.code, each.result.detail) if part)[:255]


def _can_tell(alias: str) -> bool:
    """Tell whether a repeat or a question under our own reference may clear up what happened."""
    capabilities = registry.get(alias).capabilities
    return capabilities.idempotency_seconds > 0 or capabilities.lookup == "ref"


_OF_PEOPLE = (Outcome.OPTED_OUT, Outcome.BAD_NUMBER)
_WRITERS: dict[str, Callable[[Sequence[_Answered], str, datetime], None]] = {
    Outcome.ACCEPTED: _accepted,
    Outcome.THROTTLED: _throttled,
    Outcome.TRANSIENT: _again,
    Outcome.AMBIGUOUS: _ambiguous,
    Outcome.OPTED_OUT: _opted_out,
    Outcome.BAD_NUMBER: _bad_number,
    Outcome.CONTENT: _content,
    Outcome.CONFIG: _config,
    "not_posted": _not_posted,
}
