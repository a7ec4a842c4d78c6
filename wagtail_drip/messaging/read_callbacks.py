"""From what gateways posted to us to receipts and inbound texts, and from receipts to messages."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import DataError

from wagtail_drip.core import claims, clock, traces
from wagtail_drip.gateways import registry
from wagtail_drip.gateways.types import InboundEvent, RawRequest, StatusEvent
from wagtail_drip.messaging import receipts
from wagtail_drip.messaging.models import Callback, InboundText

logger = logging.getLogger(__name__)

_BATCH = 200
_MOST_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 30


def read_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Read what gateways posted, match receipts with messages, and return how many rows that was."""
    now = now or clock.now()
    return read_callbacks(now=now, limit=limit) + receipts.match_due(now=now, limit=limit)


def read_callbacks(*, now: datetime, limit: int | None = None) -> int:
    """Turn callbacks into receipts and inbound texts; one that cannot be read waits, and is parked after five times."""
    size = claims.batch_limit(limit or _BATCH)
    try:
        return claims.retried(lambda: _read(size, now))
    except DataError:
        if size == 1:
            return claims.retried(lambda: _set_aside(now))
        # Something in this batch cannot be written. Alone, it stops nobody else.
        return sum(read_callbacks(now=now, limit=1) for _ in range(size))


def _read(limit: int, now: datetime) -> int:
    rows = _claim(limit, now)
    events: list[tuple[Callback, int, StatusEvent | InboundEvent]] = []
    done = []
    for row in rows:
        try:
            parsed = registry.get(row.gateway).parse(RawRequest.from_json(row.raw))
        except Exception as error:  # noqa: BLE001 -- one broken callback must not stop its neighbours
            logger.error("Callback %s cannot be read.\n%s", row.pk, traces.trace_of(error))
            _put_off(row, error, now)
        else:
            done.append(row.pk)
            events += [(row, position, event) for position, event in enumerate(parsed.events)]
    receipts.keep(
        [(row.gateway, event) for row, _, event in events if isinstance(event, StatusEvent)], now=now
    )
    claims.insert_new(
        [
            _inbound(row, event, position, now)
            for row, position, event in events
            if isinstance(event, InboundEvent)
        ],
        unique=["gateway", "provider_id"],
    )
    # What it told stands in rows of its own now; its digest is enough to know a repeat.
    Callback.objects.filter(pk__in=done).update(due_at=None, raw={})
    return len(rows)


def _claim(limit: int, now: datetime) -> list[Callback]:
    return claims.claim(Callback.objects.filter(due_at__lte=now).order_by("due_at", "id"), limit=limit)


def _set_aside(now: datetime) -> int:
    rows: Sequence[Callback] = _claim(1, now)
    for row in rows:
        _put_off(row, DataError("It holds what the database cannot store."), now)
    return len(rows)


def _put_off(row: Callback, error: Exception, now: datetime) -> None:
    attempts = row.attempts + 1
    later = now + timedelta(seconds=_FIRST_PAUSE_SECONDS * 4**row.attempts)
    # Not the error's own text, which may quote the request: a number or a body.
    why = str(error) if isinstance(error, ImproperlyConfigured | DataError) else type(error).__name__
    Callback.objects.filter(pk=row.pk).update(
        attempts=attempts, error=why, due_at=None if attempts >= _MOST_ATTEMPTS else later
    )


def _inbound(row: Callback, event: InboundEvent, position: int, now: datetime) -> InboundText:
    return InboundText(
        gateway=row.gateway,
        # A provider without ids: the callback's own, which tells its repeats.
        provider_id=(event.provider_id or f"{row.digest}:{position}")[:128],
        from_number=event.from_number[:20],
        to_number=event.to_number[:64],
        text=event.text.replace("\x00", ""),
        opted_out=bool(event.opted_out),
        at=event.at or row.received_at,
        recorded_at=row.received_at,
        due_at=now,
    )
