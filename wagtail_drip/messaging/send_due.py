"""
Sending what is due: claim, decide and compose, pass the gate, call, write down the outcome.

The only place that hands anything to a gateway. What is decided is decided elsewhere; here is the order.
"""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from wagtail_drip.compliance import rulebook
from wagtail_drip.compliance.time_rules import TimeRules
from wagtail_drip.conf import settings
from wagtail_drip.core import clock, databases, garbage, keys
from wagtail_drip.gateways import registry
from wagtail_drip.messaging import calls, claiming, composing, gate, straight
from wagtail_drip.messaging.calls import Calls
from wagtail_drip.messaging.outcomes import FLUSH_SECONDS, Outcomes
from wagtail_drip.messaging.types import Ready

# New messages are claimed for so long, so that one slow call does not keep the other threads idle.
_REFILL_SECONDS = 2.0


def send_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """
    Hand over what is due, and return how many messages were claimed; 0 is idle.

    :param limit: at most so many; by default ``SEND_BATCH`` at a time for a couple of seconds.
    :raises UnsafeDatabase: if the database's settings would let workers lose or double what they touch.
    """
    databases.refuse_unless_safe()
    if not settings.ENABLED:
        return 0
    with claiming.right_to_send() as may_send:
        return _send(now=now, limit=limit) if may_send else 0


@garbage.put_off()
def _send(*, now: datetime | None, limit: int | None) -> int:
    token = keys.new_token()
    under_way, outcomes = Calls(), Outcomes(token=token)
    waiting: deque[list[Ready]] = deque()  # the calls to come
    # Read once, by a pass that has something to send.
    rules = functools.cache(lambda: rulebook.read((now or clock.now()).date()))
    began, claimed, is_dry = time.monotonic(), 0, False
    try:
        while waiting or under_way.number or not is_dry:
            moment = now or clock.now()
            if not waiting and not is_dry:
                wanted = settings.SEND_BATCH if limit is None else min(settings.SEND_BATCH, limit - claimed)
                number, messages = straight.take(
                    token=token, limit=wanted, now=moment, under_way=under_way, rules=rules
                )
                claimed += number
                is_dry = not number or time.monotonic() - began > _REFILL_SECONDS
                if messages:
                    ready = composing.prepare(messages, token=token, now=moment, rules=rules())
                    waiting.extend(_planned(ready))
            if waiting and under_way.is_worth_topping_up:
                _hand_over(waiting, under_way, token=token, now=moment, rules=rules())
            is_busy = under_way.number == 0 or (waiting and under_way.is_worth_topping_up)
            for finished in under_way.finished(timeout=0 if is_busy else FLUSH_SECONDS):
                outcomes.keep(finished)
            outcomes.flush_when_due(now=moment)
    finally:
        # Whatever went wrong above, what gateways answer to calls under way is waited for and kept.
        for finished in under_way.last():
            outcomes.keep(finished)
        outcomes.flush_at_last(now=now or clock.now())
    return claimed


def _planned(ready: list[Ready]) -> Iterator[list[Ready]]:
    """Yield the calls, gateway by gateway, in the order in which the messages were claimed."""
    for alias in dict.fromkeys(each.message.gateway for each in ready):
        yield from calls.plan(registry.get(alias), [each for each in ready if each.message.gateway == alias])


def _hand_over(
    waiting: deque[list[Ready]], under_way: Calls, *, token: str, now: datetime, rules: TimeRules
) -> None:
    """Let as many calls through the gate as threads are free, and start them."""
    chunk = [waiting.popleft() for _ in range(min(under_way.free, len(waiting)))]
    leased_at = time.monotonic()
    wanted = [each for call in chunk for each in call]
    passed = {each.message.id: each for each in gate.hand_over(wanted, token=token, now=now, rules=rules)}
    for call in chunk:
        going = [passed[each.message.id] for each in call if each.message.id in passed]
        if going:
            gateway = registry.get(going[0].message.gateway)
            under_way.start(gateway, going, deadline=calls.deadline(gateway, leased_at=leased_at))
    composing.refund([each for each in wanted if each.message.id not in passed])
