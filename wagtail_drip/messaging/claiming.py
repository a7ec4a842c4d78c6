"""Taking messages out of the queue, lane by lane and sender by sender, under a lease."""

from __future__ import annotations

import logging
from collections.abc import Iterator
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


def claim(*, token: str, limit: int, now: datetime) -> list[Claimed]:
    """
    Claim at most *limit* due messages for *token*: the lower lane first, in it what is due first.

    Of what is claimed the higher priority goes first. No sender gives more than its bucket holds, and what is held or parked stays where it is.
    """
    held = holds.open_holds(now)
    if held.stops_everything:
        return []
    claimed: list[Claimed] = []
    left = budget.available()
    senders = [
        sender
        for sender, segments in left.items()
        if segments and not held.stops_sender(*_parts(sender)) and find_gateway(_parts(sender)[0])
    ]
    for lane in LANES:
        for sender in senders:
            wanted = min(limit - len(claimed), left[sender])
            # Looked for first, outside a transaction: on SQLite a claim of nothing would stop every writer.
            if wanted > 0 and _due(lane, sender, held, now).exists():
                taken = claims.retried(lambda: _take(lane, sender, held, wanted, token, now))  # noqa: B023
                left[sender] -= len(taken)
                claimed += taken
    return claimed


def find_gateway(alias: str) -> Gateway | None:
    """Return the gateway, or None where its settings cannot work: its messages wait until somebody mends them."""
    try:
        return registry.get(alias)
    except ImproperlyConfigured as error:
        logger.error("Messages of gateway %s wait: %s", alias, error)
        return None


def _take(
    lane: int, sender: str, held: holds.OpenHolds, limit: int, token: str, now: datetime
) -> list[Claimed]:
    due: Any = _due(lane, sender, held, now).order_by("due_at", "id").values_list(*COLUMNS)
    rows: list[Claimed] = [Claimed._make(row) for row in claims.claim(due, limit=claims.batch_limit(limit))]
    if rows:
        Message.objects.filter(Among("pk", [row.id for row in rows])).update(
            state=MessageState.CLAIMED,
            due_at=None,
            lease_token=token,
            lease_until=lease_end(),
        )
    return sorted(rows, key=lambda row: -row.priority)


def _due(lane: int, sender: str, held: holds.OpenHolds, now: datetime) -> QuerySet[Message]:
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
