"""One thing that happened, read from a notice and not yet written down; and its properties. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from wagtail_drip.contacts.types import Consent, Identity
from wagtail_drip.stores.types import StoreCart, StoreOrder, money

# What an event makes of a purchase.
STATUS_AFTER = {
    "order_placed": "placed",
    "order_paid": "paid",
    "order_fulfilled": "fulfilled",
    "order_delivered": "fulfilled",
    "order_cancelled": "cancelled",
    "order_refunded": "refunded",
}


@dataclass(frozen=True, kw_only=True)
class Happening:
    """
    :param event: '' where there is something to copy and nothing to tell.
    :param key: the event's, unique in the store.
    :param site_id: None for the default site.
    :param cart_id: the cart that was touched, or whose contact this is about.
    :param touches_cart: whether this is a sign of life of the cart.
    :param keeps_decisions: record the consents only where nothing was decided before.
    :param needs_number: tell the event only if the contact has a number.
    """

    notice_id: int
    store: str
    event: str
    key: str
    recorded_at: datetime
    occurred_at: datetime
    source: str = "signal"
    properties: dict[str, Any] = field(default_factory=dict)
    identity: Identity | None = None
    consents: tuple[Consent, ...] = ()
    keeps_decisions: bool = False
    site_id: int | None = None
    order: StoreOrder | None = None
    order_id: str = ""
    amount: Decimal | None = None
    cart: StoreCart | None = None
    cart_id: str = ""
    touches_cart: bool = False
    stage: str = ""
    needs_number: bool = False


def order_properties(order: StoreOrder) -> dict[str, Any]:
    """Return the properties of ``order_placed`` but ``is_first_order``, which needs the contact's history."""
    found: dict[str, Any] = {
        "order_id": order.order_id,
        "number": order.number or order.order_id,
        "currency": order.currency,
        "total": money(order.total),
        "products": [line.as_product() for line in order.lines],
    }
    for name in ("subtotal", "shipping", "tax", "discount"):
        amount = getattr(order, name)
        if amount is not None:
            found[name] = money(amount)
    for name in ("cart_id", "coupon", "order_url"):
        if getattr(order, name):
            found[name] = getattr(order, name)
    return found


def cart_properties(cart: StoreCart, *, recovery_url: str = "") -> dict[str, Any]:
    """Return what events about a cart tell of it."""
    found: dict[str, Any] = {
        "cart_id": cart.cart_id,
        "currency": cart.currency,
        "products": [line.as_product() for line in cart.lines],
        "items_count": sum(line.quantity for line in cart.lines),
    }
    if cart.total is not None:
        found["total"] = money(cart.total)
    if cart.coupon:
        found["coupon"] = cart.coupon
    if recovery_url:
        found["recovery_url"] = recovery_url
    return found
