"""Which carts were left behind. Times compare on our clock; what the shop says now has the last word."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Max

from wagtail_drip import conf
from wagtail_drip.core import claims, clock
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import EventDraft
from wagtail_drip.stores import copies, registry
from wagtail_drip.stores.happenings import cart_properties
from wagtail_drip.stores.models import Cart, Purchase
from wagtail_drip.stores.types import StoreCart

logger = logging.getLogger(__name__)

_ATTEMPTS = 5
_BATCH = 200
# An order so long before the cart's last activity still answers for it: the shop's last pages touch carts too.
_BOUGHT_BEFORE = timedelta(hours=1)


def sweep_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Look at carts whose time has come, record ``cart_abandoned`` or ``checkout_abandoned``, return how many."""
    if not conf.settings.ENABLED:
        return 0
    moment = now or clock.now()
    return claims.retried(lambda: _pass(moment, limit=limit or claims.batch_limit(_BATCH)))


def _pass(now: datetime, *, limit: int) -> int:
    due = Cart.objects.filter(sweep_due_at__lte=now).order_by("sweep_due_at", "pk")
    carts = claims.claim(due, limit=limit)
    if carts:
        _sweep_or_halve(sorted(carts, key=lambda each: each.pk), now=now)
    return len(carts)


def _sweep_or_halve(carts: Sequence[Cart], *, now: datetime) -> None:
    try:
        with transaction.atomic():
            _sweep(carts, now=now)
    except Exception as error:
        if isinstance(error, DatabaseError) and claims.is_worth_retrying(error):
            raise
        if len(carts) == 1:
            _put_off(carts[0], error, now=now)
            return
        middle = len(carts) // 2
        _sweep_or_halve(carts[:middle], now=now)
        _sweep_or_halve(carts[middle:], now=now)


def _put_off(cart: Cart, error: Exception, *, now: datetime) -> None:
    attempts = cart.attempts + 1
    again = now + timedelta(minutes=attempts) if attempts < _ATTEMPTS else None
    if again is None:
        logger.error("The sweep of cart %s of %s is parked.", cart.pk, cart.store)
    Cart.objects.filter(pk=cart.pk).update(attempts=attempts, error=type(error).__name__, sweep_due_at=again)


@dataclass(kw_only=True)
class _Verdicts:
    """Each cart gets exactly one."""

    later: list[tuple[int, datetime]]
    closed: dict[str, list[int]]
    rested: list[int]
    left: list[Cart]


def _sweep(carts: Sequence[Cart], *, now: datetime) -> None:
    answers = _ask(carts)
    newest, last_left, bought = _history(carts)
    verdicts = _Verdicts(later=[], closed=defaultdict(list), rested=[], left=[])
    for cart in carts:
        _judge(cart, answers, newest, last_left, bought, verdicts, now=now)
    for pk, moment in verdicts.later:
        Cart.objects.filter(pk=pk).update(sweep_due_at=moment)
    for status, pks in verdicts.closed.items():
        Cart.objects.filter(pk__in=pks).update(status=status, sweep_due_at=None, attempts=0, error="")
    Cart.objects.filter(pk__in=verdicts.rested).update(sweep_due_at=None, attempts=0, error="")
    _leave(verdicts.left, answers, now=now)


_Answers = dict[tuple[str, str], StoreCart | None]


def _ask(carts: Sequence[Cart]) -> _Answers:
    """Return what the shops on this machine say of the carts; nothing of shops that are far away."""
    found: _Answers = {}
    for store in {cart.store for cart in carts}:
        adapter = registry.find(store)
        if adapter is not None and adapter.is_local:
            ids = [cart.cart_id for cart in carts if cart.store == store]
            told = adapter.carts(ids)
            found |= {(store, cart_id): told.get(cart_id) for cart_id in ids}
    return found


def _history(
    carts: Sequence[Cart],
) -> tuple[dict[int, datetime], dict[int, datetime], dict[tuple[int, int], datetime]]:
    """Return by contact: its newest open cart's activity, when one was last left, its last order per site."""
    contact_ids = {cart.contact_id for cart in carts if cart.contact_id is not None}
    mine = Cart.objects.filter(contact_id__in=contact_ids).order_by()
    newest = mine.filter(status="open").values("contact_id").annotate(at=Max("last_activity_at"))
    left = mine.filter(abandoned_at__isnull=False).values("contact_id").annotate(at=Max("abandoned_at"))
    bought = (
        Purchase.objects.filter(contact_id__in=contact_ids)
        .exclude(status="cancelled")
        .order_by()
        .values("contact_id", "site_id")
        .annotate(at=Max("recorded_at"))
    )
    return (
        {row["contact_id"]: row["at"] for row in newest},
        {row["contact_id"]: row["at"] for row in left},
        {(row["contact_id"], row["site_id"]): row["at"] for row in bought},
    )


def _judge(
    cart: Cart,
    answers: _Answers,
    newest: dict[int, datetime],
    last_left: dict[int, datetime],
    bought: dict[tuple[int, int], datetime],
    verdicts: _Verdicts,
    *,
    now: datetime,
) -> None:
    if cart.status != "open" or cart.contact_id is None:
        verdicts.rested.append(cart.pk)
        return
    key = (cart.store, cart.cart_id)
    told = answers.get(key)
    if key in answers and (told is None or told.status != "open" or not told.lines):
        status = told.status if told is not None and told.status != "open" else "emptied"
        verdicts.closed[status].append(cart.pk)
        return
    if not cart.products and told is None:
        verdicts.closed["emptied"].append(cart.pk)
        return
    order_at = bought.get((cart.contact_id, cart.site_id))
    if order_at is not None and order_at >= cart.last_activity_at - _BOUGHT_BEFORE:
        verdicts.closed["converted"].append(cart.pk)
        return
    due = cart.last_activity_at + copies.idle_after(cart.stage)
    if due > now:
        verdicts.later.append((cart.pk, due))
        return
    if cart.last_activity_at < now - timedelta(hours=conf.settings.CART_MAX_AGE_HOURS):
        # A worker that was down for days must not text about carts of days ago.
        verdicts.closed["expired"].append(cart.pk)
        return
    cooled = last_left.get(cart.contact_id)
    if (
        cart.abandoned_revision is not None and cart.abandoned_revision >= cart.revision
    ) or cart.last_activity_at < newest.get(cart.contact_id, cart.last_activity_at):
        verdicts.rested.append(cart.pk)
        return
    if cooled is not None and cooled > now - timedelta(days=conf.settings.CART_COOLDOWN_DAYS):
        verdicts.rested.append(cart.pk)
        return
    if any(other.contact_id == cart.contact_id for other in verdicts.left):
        verdicts.rested.append(cart.pk)
        return
    verdicts.left.append(cart)


def _leave(carts: Sequence[Cart], answers: _Answers, *, now: datetime) -> None:
    if not carts:
        return
    events.record_events([_draft(cart, answers.get((cart.store, cart.cart_id)), now=now) for cart in carts])
    Cart.objects.filter(pk__in=[cart.pk for cart in carts]).update(
        abandoned_at=now, abandoned_revision=F("revision"), sweep_due_at=None, attempts=0, error=""
    )


def _draft(cart: Cart, told: StoreCart | None, *, now: datetime) -> EventDraft:
    adapter = registry.find(cart.store)
    recovery_url = adapter.recovery_url(cart.cart_id) if adapter else ""
    if told is not None:
        copies.refresh(cart, told)
        properties = cart_properties(told, recovery_url=recovery_url)
    else:
        properties = {
            "cart_id": cart.cart_id,
            "currency": cart.currency,
            "products": cart.products,
            "items_count": sum(int(each.get("quantity") or 1) for each in cart.products),
            "recovery_url": recovery_url,
        }
        if cart.total is not None:
            properties["total"] = str(cart.total)
    idle = now - cart.last_activity_at
    properties |= {"abandoned_at": now.isoformat(), "idle_seconds": int(idle.total_seconds())}
    name = "cart_abandoned"
    if cart.stage == "checkout":
        name = "checkout_abandoned"
        properties["checkout_id"] = cart.cart_id
    return EventDraft(
        name=name,
        key=f"cart:{cart.cart_id}:abandoned:{cart.revision}",
        store=cart.store,
        site_id=cart.site_id,
        contact_id=cart.contact_id,
        properties=properties,
        source="sweep",
        occurred_at=now,
        recorded_at=now,
    )
