"""The net under the receivers: orders that the shop has and that we were never told of.

A receiver never harms a sale, so what it cannot write is lost: a lock, a bulk import, raw SQL, our tables not
yet there. Every ten minutes the shop is asked for its orders of the last day, and what is missing is told now.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from wagtail_drip import conf
from wagtail_drip.core import actions as core
from wagtail_drip.core import claims, clock
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Notice
from wagtail_drip.stores import kinds, registry
from wagtail_drip.stores.models import Purchase

logger = logging.getLogger(__name__)

_WINDOW = timedelta(days=1)
_EVERY_SECONDS = 600
_BATCH = 5000
# Asking the database for the lease at every poll would be four queries a second for nothing.
_ASK_SECONDS = 60.0
_asked: dict[str, float] = {}


def reconcile_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Leave notices for orders that nobody told us of, and return how many; each shop every ten minutes."""
    if not conf.settings.ENABLED:
        return 0
    moment = now or clock.now()
    return sum(
        reconcile(store, now=moment, limit=limit or _BATCH) for store in registry.aliases() if _is_time(store)
    )


def reconcile(store: str, *, now: datetime, limit: int = _BATCH) -> int:
    """
    Leave notices for orders of the last day that we have no trace of, and return how many.

    Orders from before this installation are history: they are imported when somebody asks for it.
    """
    since = max(now - _WINDOW, core.installation().created_at)
    try:
        ids = registry.get(store).order_ids_since(since, limit=limit)
    except Exception as error:  # noqa: BLE001 -- one shop that cannot be asked stops no other
        logger.warning("The shop %s could not be asked for its orders: %s.", store, type(error).__qualname__)
        return 0
    known = set(Purchase.objects.filter(store=store, order_id__in=ids).values_list("order_id", flat=True))
    keys = {f"order:{each}:placed": each for each in ids if each not in known}
    told = set(Notice.objects.filter(store=store, key__in=keys).values_list("key", flat=True))
    missing = [key for key in keys if key not in told]
    for key in missing:
        events.write_notice(
            store=store,
            kind=kinds.ORDER_PLACED,
            object_id=keys[key],
            key=key,
            envelope={"source": "reconcile"},
            now=now,
        )
    if missing:
        logger.warning("%s orders of %s had not been told to us; they are taken in now.", len(missing), store)
    return len(missing)


def _is_time(store: str) -> bool:
    present = time.monotonic()
    if present - _asked.get(store, -_ASK_SECONDS) < _ASK_SECONDS:
        return False
    _asked[store] = present
    # Never given back: it runs out when it is time again, whoever asks then.
    return claims.take_lease(f"reconcile:{store}", seconds=_EVERY_SECONDS) is not None
