"""
How many segments a sender may hand over: a bucket for each, refilled by the database's clock.

A bucket holds one second's worth, so that a sender never bursts above its rate; it may go below nothing once,
for a text that is longer than that. Buckets of all hosts are one row each, charged in a transaction of its own
before the hand-over: what is charged and then not handed over is put back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock
from wagtail_drip.core.prepared import prepared
from wagtail_drip.messaging.models import SenderBudget

# Small rates still let one ordinary text through whole.
_LEAST_CAPACITY = 10.0
_ATTEMPTS = 5


def rate() -> float:
    """Return the segments a second that one sender may hand over; 0 is unbounded."""
    return float(settings.SENDER_SEGMENTS_PER_SECOND)


def open_buckets(senders: Collection[str]) -> None:
    """Make a full bucket for each sender that has none. The senders' list is also what claims go through."""
    known = set(SenderBudget.objects.filter(sender__in=senders).values_list("sender", flat=True))
    missing = sorted(set(senders) - known)
    if missing:
        present = clock.lease_now()
        claims.insert_new(
            [SenderBudget(sender=sender, tokens=_capacity(), refilled_at=present) for sender in missing],
            unique=["sender"],
        )


def available() -> dict[str, int]:
    """Return what each sender may hand over now, in segments; a large number where there is no bound."""
    rows = _buckets()
    if not rate():
        return {sender: 1_000_000 for sender, _, _ in rows}
    present = clock.lease_now()
    return {
        sender: max(0, int(_refilled(tokens, refilled_at, present))) for sender, tokens, refilled_at in rows
    }


@prepared
def _buckets() -> QuerySet[Any]:
    return SenderBudget.objects.order_by("sender").values_list("sender", "tokens", "refilled_at")


def charge(sender: str, *, segments: int, least: int) -> int:
    """
    Take at most *segments* from the bucket, and at least *least* or nothing, and return what was taken.

    :param least: the first message's segments: less is of no use.
    """
    if not rate():
        return segments
    for _ in range(_ATTEMPTS):
        row = SenderBudget.objects.filter(sender=sender).values_list("tokens", "refilled_at").first()
        if row is None:
            open_buckets([sender])
            continue
        present = clock.lease_now()
        tokens = _refilled(*row, present)
        if tokens < min(float(least), _capacity()):
            return 0
        taken = max(least, min(segments, int(tokens)))
        # Somebody else's charge between the read and this UPDATE makes it match nothing.
        with transaction.atomic():
            charged = SenderBudget.objects.filter(sender=sender, tokens=row[0], refilled_at=row[1]).update(
                tokens=tokens - taken, refilled_at=present
            )
        if charged:
            return taken
    return 0


def put_back(sender: str, segments: int) -> None:
    """Give back what was charged for messages that were not handed over."""
    if segments > 0 and rate():
        SenderBudget.objects.filter(sender=sender).update(tokens=F("tokens") + segments)


def pause(sender: str, seconds: float) -> None:
    """Let nothing of this sender go for so long: its gateway asked us to slow down."""
    if rate():
        SenderBudget.objects.filter(sender=sender).update(
            tokens=-rate() * seconds, refilled_at=clock.lease_now()
        )


def _capacity() -> float:
    return max(rate(), _LEAST_CAPACITY)


def _refilled(tokens: float, refilled_at: datetime, present: datetime) -> float:
    elapsed = max(0.0, (present - refilled_at).total_seconds())
    return min(_capacity(), tokens + elapsed * rate())
