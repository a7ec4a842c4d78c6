"""Taking messages out of the queue, lane by lane and sender by sender, under a lease."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import QuerySet

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock
from wagtail_drip.core.among import Among
from wagtail_drip.gateways import registry
from wagtail_drip.gateways.base import Gateway
from wagtail_drip.messaging import budget, holds
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.messaging.types import COLUMNS, LANES, Claimed

logger = logging.getLogger(__name__)


Take = Callable[[Gateway, QuerySet[Message], int], int]


def go_through(take: Take, *, limit: int, now: datetime) -> int:
    """
    Give *take* one queue after the other until *limit* messages were taken, and return how many: the lower lane first.

    No sender gives more than its bucket holds, and what is held or parked stays where it is.

    :param take: is given the gateway, what is due of one of its senders in one lane, and how many it may take;
        it returns how many it took.
    """
    held = holds.open_holds(now)
    if held.stops_everything:
        return 0
    found = 0
    left = budget.available()
    senders = {
        sender: gateway
        for sender, segments in left.items()
        if segments
        and not held.stops_sender(*_parts(sender))
        and (gateway := find_gateway(_parts(sender)[0])) is not None
    }
    for lane in LANES:
        for sender, gateway in senders.items():
            most = min(limit - found, left[sender])
            if most > 0:
                taken = take(gateway, due(lane, sender, held, now), most)
                left[sender] -= taken
                found += taken
    return found


def hold(due: QuerySet[Message], most: int, *, token: str) -> list[Claimed]:
    """Claim at most *most* of what is due, in a transaction of its own."""

    def work() -> list[Claimed]:
        messages = lock(due, most)
        lease(messages, token=token)
        return messages

    return claims.retried(work)


def lock(due: QuerySet[Message], most: int) -> list[Claimed]:
    """Return at most *most* of what is due, locked for this transaction: those due first, by their priority."""
    rows: Any = due.order_by("due_at", "id").values_list(*COLUMNS)
    found = map(Claimed._make, claims.claim(rows, limit=claims.batch_limit(most)))
    return sorted(found, key=lambda row: -row.priority)


def lease(messages: Sequence[Claimed], *, token: str) -> None:
    """Mark messages that this transaction has locked as ours, for as long as a lease lasts."""
    if messages:
        Message.objects.filter(Among("pk", [message.id for message in messages])).update(
            state=MessageState.CLAIMED,
            due_at=None,
            lease_token=token,
            lease_until=lease_end(),
        )


def find_gateway(alias: str) -> Gateway | None:
    """Return the gateway, or None where its settings cannot work: its messages wait until somebody mends them."""
    try:
        return registry.get(alias)
    except ImproperlyConfigured as error:
        logger.error("Messages of gateway %s wait: %s", alias, error)
        return None


def due(lane: int, sender: str, held: holds.OpenHolds, now: datetime) -> QuerySet[Message]:
    """Return what is due in a sender's lane and is not held."""
    gateway, address = _parts(sender)
    return Message.objects.filter(
        held.uncovered(),
        lane=lane,
        sender=address,
        gateway=gateway,
        state=MessageState.SCHEDULED,
        due_at__lte=now,
    )


def lease_end() -> datetime:
    """Return until when a message claimed or handed over now is ours, by the database's clock."""
    return clock.lease_now() + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)


def _parts(sender: str) -> tuple[str, str]:
    gateway, _, address = sender.partition(":")
    return gateway, address


@contextmanager
def right_to_send() -> Iterator[bool]:
    """Yield whether this process may post: on SQLite, where one writes at a time, only one may."""
    if connection.vendor != "sqlite":
        yield True
        return
    token = claims.take_lease("send", seconds=settings.MESSAGE_LEASE_SECONDS)
    try:
        yield token is not None
    finally:
        if token is not None:
            claims.release_lease("send", token)
