"""
Messages whose worker died or slept: what may be done with them without ever texting anybody twice.

A claimed one was never posted: it goes back to the queue. One that was handed over may have been: it passes
the gate again, and only if that says yes, the gateway recognises repeats and the message is young enough does
the same body go under the same key. Otherwise the provider is asked by our reference; what it does not find
proves nothing, and the message becomes ``unknown``. After that only a person may send it again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock, databases, keys
from wagtail_drip.gateways import registry
from wagtail_drip.gateways.types import Outcome, StatusEvent
from wagtail_drip.messaging import calls, claiming, fenced, gate, opt_outs, receipts
from wagtail_drip.messaging.calls import Calls, Finished
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.outcomes import Outcomes
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.messaging.types import COLUMNS, Claimed, Ready

S = MessageState
_BATCH = 200
# Claimed so often and never finished, it may be what kills its worker, or have been beside it: from then on it waits
# for longer each time and comes apart from those it was with. If that goes on it is set aside and shown.
_SUSPECT_AFTER = 5
_MOST_CLAIMS = 8
_SUSPECT_SECONDS = 600.0
_APART_SECONDS = 10.0
_SAYS_NOTHING = frozenset({Outcome.THROTTLED, Outcome.TRANSIENT, Outcome.AMBIGUOUS})


def recover_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Take up messages whose lease ran out by the database's clock, and return how many."""
    databases.refuse_unless_safe()
    if not settings.ENABLED:
        return 0
    with claiming.right_to_send() as may_send:
        return _recover(now=now or clock.now(), limit=limit or _BATCH) if may_send else 0


def _recover(*, now: datetime, limit: int) -> int:
    size = claims.batch_limit(limit)
    given_back = claims.retried(lambda: _give_back(size, now))
    token = keys.new_token()
    taken = claims.retried(lambda: _take_over(size, token))
    if taken:
        _resolve(taken, token=token, now=now)
    return given_back + len(taken)


def _expired(state: MessageState) -> Any:
    return (
        Message.objects.filter(state=state, lease_until__lt=clock.lease_now())
        .order_by("lease_until", "id")
        .values_list(*COLUMNS)
    )


def _give_back(limit: int, now: datetime) -> int:
    token = keys.new_token()
    rows = [Claimed._make(row) for row in claims.claim(_expired(S.CLAIMED), limit=limit)]
    Message.objects.filter(pk__in=[row.id for row in rows]).update(lease_token=token)
    died = [row.attempts + 1 for row in rows]
    fenced.move(
        rows,
        token=token,
        before=S.CLAIMED,
        after=S.SCHEDULED,
        now=now,
        per_row={
            "due_at": [_next_claim(times, place, now) for place, times in enumerate(died)],
            "attempts": died,
            "detail": ["Set aside: its workers died." if times >= _MOST_CLAIMS else "" for times in died],
        },
        lease_until=None,
    )
    return len(rows)


def _next_claim(died: int, place: int, now: datetime) -> datetime | None:
    """Return when the message at this place of the batch, of which so many workers died, comes again; None is never."""
    if died >= _MOST_CLAIMS:
        return None
    if died < _SUSPECT_AFTER:
        return now
    return now + timedelta(seconds=_SUSPECT_SECONDS * (died - _SUSPECT_AFTER + 1) + _APART_SECONDS * place)


def _take_over(limit: int, token: str) -> list[Claimed]:
    rows = [Claimed._make(row) for row in claims.claim(_expired(S.HANDED_OVER), limit=limit)]
    if rows:
        Message.objects.filter(pk__in=[row.id for row in rows]).update(
            lease_token=token, lease_until=claiming.lease_end()
        )
    return rows


def _resolve(messages: Sequence[Claimed], *, token: str, now: datetime) -> None:
    leased_at = time.monotonic()
    numbers = gate.may_repeat(messages, token=token, now=now)
    repeatable = [
        _as_it_was(message, numbers[message.id])
        for message in messages
        if message.id in numbers and _is_recognised(message, now)
    ]
    settled = {message.id for message in _repeat(repeatable, token=token, now=now, leased_at=leased_at)}
    _look_up([message for message in messages if message.id not in settled], numbers, token=token, now=now)


def _is_recognised(message: Claimed, now: datetime) -> bool:
    """Tell whether the gateway would know a repeat of this message for one."""
    gateway = claiming.find_gateway(message.gateway)
    if gateway is None or message.handed_over_at is None:
        return False
    seconds = gateway.capabilities.idempotency_seconds
    # Half of it: the provider counts from when it took the message, and we post some seconds from now.
    return seconds > 0 and now - message.handed_over_at < timedelta(seconds=seconds / 2)


def _as_it_was(message: Claimed, number: str) -> Ready:
    return Ready(message, message.contact_id, number, message.body, message.segments, message.encoding)


def _repeat(ready: Sequence[Ready], *, token: str, now: datetime, leased_at: float) -> list[Claimed]:
    """
    Post the same bodies under the same keys, and return the messages that need no look-up.

    Only an acceptance says anything of the first time. A repeat that is refused for now, or gets no answer, is
    repeated when its lease has run out; one that is refused for good leaves open whether the first one went.
    """
    under_way, outcomes = Calls(), Outcomes(token=token)
    for alias, texts in _by_gateway(ready).items():
        gateway = registry.get(alias)
        for call in calls.plan(gateway, texts):
            under_way.start(gateway, call, deadline=calls.deadline(gateway, leased_at=leased_at))
    settled, opted_out = [], []
    for finished in under_way.last():
        if finished.results is None:
            settled += [each.message for each in finished.messages]
            continue
        for each, result in zip(finished.messages, finished.results, strict=True):
            if result.outcome in _SAYS_NOTHING:
                settled.append(each.message)
            elif result.outcome is Outcome.ACCEPTED:
                settled.append(each.message)
                outcomes.keep(Finished([each], [result]))
            elif result.outcome is Outcome.OPTED_OUT:
                opted_out.append(each.message)
    outcomes.flush_at_last(now=now)
    claims.retried(lambda: opt_outs.believe(opted_out, now=now))
    return settled


def _look_up(messages: Sequence[Claimed], numbers: Mapping[int, str], *, token: str, now: datetime) -> None:
    """Ask the providers; what they know is a receipt, and the rest is unknown."""
    found: list[tuple[str, StatusEvent]] = []
    asked = [_as_it_was(message, numbers.get(message.id, "")) for message in messages]
    for alias, texts in _by_gateway(asked).items():
        gateway = claiming.find_gateway(alias)
        if gateway is not None and gateway.capabilities.lookup != "none":
            since = min(each.message.handed_over_at or now for each in texts)
            url = calls.callback_url(alias)
            events = gateway.lookup([calls.outbound(each, url) for each in texts], since=since)
            found += [(alias, event) for event in events]
    claims.retried(lambda: _settle(messages, found, token=token, now=now))


def _settle(
    messages: Sequence[Claimed], found: Sequence[tuple[str, StatusEvent]], *, token: str, now: datetime
) -> None:
    receipts.keep(found, now=now)
    # Those with an answer move on from here by their receipts, which are due at once.
    fenced.move(
        messages,
        token=token,
        before=S.HANDED_OVER,
        after=S.UNKNOWN,
        now=now,
        reason="no_answer",
        lease_until=None,
    )


def _by_gateway(ready: Sequence[Ready]) -> Mapping[str, list[Ready]]:
    by_gateway: defaultdict[str, list[Ready]] = defaultdict(list)
    for each in ready:
        by_gateway[each.message.gateway].append(each)
    return by_gateway
