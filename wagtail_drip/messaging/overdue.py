"""``sent`` is what the gateway said; of a text without a receipt after three days nobody knows whether it came.

It becomes ``unknown`` by rule, where the gateway gives receipts at all; a receipt that comes later still counts.
Each message is looked at twice, found by when it was written: three days on, and once more when even those that
waited for long must have gone. So no index is needed that every message would pay for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Min

from wagtail_drip.core import claims
from wagtail_drip.core.models import Lease
from wagtail_drip.gateways import registry
from wagtail_drip.messaging import tallies
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import MessageState

AFTER = timedelta(hours=72)
NO_RECEIPT = "no_receipt"
# How old what was written must be at each look, and under which name it is noted how far the look has come.
LOOKS = {"receipts:first": AFTER, "receipts:last": AFTER + timedelta(days=14)}
BATCH = 500
MOST_BATCHES = 20
# Looked at in one go: what was written in it is sorted for each batch, for the index by time knows no order.
STRETCH = timedelta(hours=1)


def doubt_due(*, now: datetime) -> int:
    """Call unknown what should have had a receipt, and return how many that were. One worker at a time."""
    aliases = _with_receipts()
    return sum(_look(name, now - age, aliases, now=now) for name, age in LOOKS.items()) if aliases else 0


def _with_receipts() -> list[str]:
    found = []
    for alias in registry.aliases():
        try:
            gateway = registry.get(alias)
        except ImproperlyConfigured:
            continue
        if gateway.capabilities.receipts == "push":
            found.append(alias)
    return found


def _look(name: str, until: datetime, aliases: list[str], *, now: datetime) -> int:
    token = claims.take_lease(name, seconds=300)
    if token is None:
        return 0
    done = 0
    try:
        since: datetime = _looked_until(name) or until
        for _ in range(MOST_BATCHES):
            if since >= until:
                break
            end = min(until, since + STRETCH)
            number, since = claims.retried(lambda: _doubt(since, end, aliases, now=now))  # noqa: B023
            done += number
            # Noted only after the batch is committed: a look that dies is taken up where it was.
            Lease.objects.filter(name=name, token=token).update(started_at=since)
    finally:
        claims.release_lease(name, token)
    return done


def _looked_until(name: str) -> datetime | None:
    """Return up to when everything that was written is looked at; None where nothing was ever written."""
    noted = Lease.objects.filter(name=name).values_list("started_at", flat=True).first()
    if noted is not None:
        return noted
    first: datetime | None = Message.objects.aggregate(first=Min("created_at"))["first"]
    return first - timedelta(seconds=1) if first is not None else None


def _doubt(since: datetime, until: datetime, aliases: list[str], *, now: datetime) -> tuple[int, datetime]:
    """Doubt one batch, and return how many and up to which moment of writing everything is looked at."""
    written = Message.objects.filter(created_at__gt=since, created_at__lte=until)
    window = list(written.order_by("created_at").values_list("created_at", flat=True)[BATCH - 1 : BATCH])
    last = window[0] if window else until
    rows: Any = (
        Message.objects.filter(created_at__gt=since, created_at__lte=last, state=MessageState.SENT)
        .filter(sent_at__lt=now - AFTER, gateway__in=aliases)
        .values_list("pk", "site_id", "sequence_id", "step_id", "handed_over_at", "segments")
    )
    found = claims.lock_in_order(rows)
    Message.objects.filter(pk__in=[row[0] for row in found], state=MessageState.SENT).update(
        state=MessageState.UNKNOWN, reason=NO_RECEIPT, settled_at=now
    )
    tallies.append(
        tallies.Change(
            site_id, sequence_id, step_id, MessageState.SENT, MessageState.UNKNOWN, at or now, segments
        )
        for _, site_id, sequence_id, step_id, at, segments in found
    )
    return len(found), last
