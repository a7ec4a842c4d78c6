"""From notices that hold only ids to what happened, by asking the shop once for the whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from wagtail_drip import conf
from wagtail_drip.contacts.types import Identity
from wagtail_drip.events.models import Notice
from wagtail_drip.events.types import BACKFILL
from wagtail_drip.stores import envelopes, kinds, registry
from wagtail_drip.stores.adapter import StoreAdapter
from wagtail_drip.stores.happenings import Happening, cart_properties, order_properties
from wagtail_drip.stores.types import StoreCart, StoreChange, StoreCustomer, StoreLine, StoreOrder, money

# Why a notice could not be read yet; such notices are tried again, and parked after five attempts.
NOT_FOUND = "The shop does not know this object (yet)."
UNKNOWN_KIND = "No adapter reads this kind of notice."


@dataclass(kw_only=True)
class Readings:
    """What the notices of a batch tell, in their order, and which of them could not be read, and why."""

    happenings: list[Happening] = field(default_factory=list)
    unread: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Answers:
    adapter: StoreAdapter
    orders: Mapping[str, StoreOrder]
    carts: Mapping[str, StoreCart | None]
    customers: Mapping[str, StoreCustomer]
    payments: Mapping[str, StoreChange]
    shipments: Mapping[str, StoreChange]
    products: Mapping[str, StoreLine]


def read(notices: Sequence[Notice]) -> Readings:
    """
    Return what *notices* tell, asking each shop a fixed number of questions.

    Touches of the same cart become one, as new as the newest.

    :raises InvalidEvent: if an envelope is wrong.
    :raises ImproperlyConfigured: if a shop has no adapter.
    """
    found = Readings()
    answers: dict[str, _Answers] = {}
    for store in {notice.store for notice in notices}:
        mine = [notice for notice in notices if notice.store == store]
        needs_adapter = not all(envelopes.is_whole(notice) for notice in mine)
        adapter = registry.get(store) if needs_adapter else registry.find(store)
        if adapter is not None:
            answers[store] = _ask(adapter, mine)
    for notice in _collapsed(notices):
        if envelopes.is_whole(notice):
            found.happenings.append(_with_cart(envelopes.read(notice), answers.get(notice.store)))
            continue
        told = _READERS.get(notice.kind, _unknown)(notice, answers[notice.store])
        if isinstance(told, str):
            found.unread[notice.pk] = told
        else:
            found.happenings += told
    return found


def _collapsed(notices: Sequence[Notice]) -> Iterable[Notice]:
    """Leave out all touches of a cart but the newest: one look at the cart answers them all."""
    newest: dict[tuple[str, str], Notice] = {}
    for notice in notices:
        if notice.kind == kinds.CART:
            held = newest.get((notice.store, notice.object_id))
            if held is None or notice.recorded_at >= held.recorded_at:
                newest[notice.store, notice.object_id] = notice
    for notice in notices:
        if notice.kind != kinds.CART or newest[notice.store, notice.object_id] is notice:
            yield notice


def _ask(adapter: StoreAdapter, notices: Sequence[Notice]) -> _Answers:
    ids: dict[str, set[str]] = {}
    for notice in notices:
        if not envelopes.is_whole(notice):
            ids.setdefault(notice.kind, set()).add(notice.object_id)
    payments = adapter.payments(wanted) if (wanted := ids.get(kinds.PAYMENT)) else {}
    shipments = adapter.shipments(wanted) if (wanted := ids.get(kinds.SHIPMENT)) else {}
    orders = ids.get(kinds.ORDER_PLACED, set()) | ids.get(kinds.ORDER_STATUS, set())
    orders |= {change.order_id for change in (*payments.values(), *shipments.values())}
    pairs = [each.partition(":") for each in ids.get(kinds.ADDED, ())]
    views = [each.partition(":") for each in ids.get(kinds.VIEWED, ())]
    carts = ids.get(kinds.CART, set()) | ids.get(kinds.CHECKOUT, set()) | {cart for cart, _, _ in pairs}
    carts |= {cart for cart in map(_cart_of, notices) if cart}
    carts |= {
        cart for notice in notices if notice.kind == kinds.CUSTOMER_SEEN and (cart := _seen_with(notice))
    }
    customers = ids.get(kinds.CUSTOMER, set()) | ids.get(kinds.CUSTOMER_SEEN, set())
    customers |= {customer for _, _, customer in views}
    products = {product for _, _, product in pairs} | {product for product, _, _ in views}
    return _Answers(
        adapter=adapter,
        orders=adapter.orders(orders) if orders else {},
        carts=adapter.carts(carts) if carts else {},
        customers=adapter.customers(customers) if customers else {},
        payments=payments,
        shipments=shipments,
        products=adapter.products(products) if products else {},
    )


def _cart_of(notice: Notice) -> str:
    """Return the cart that a whole envelope names, so that its lines are copied with it."""
    if not envelopes.is_whole(notice) or notice.envelope is None:
        return ""
    properties = notice.envelope.get("properties") or {}
    return str(properties.get("cart_id") or "")


def _seen_with(notice: Notice) -> str:
    """Return the cart that a customer was seen with."""
    return str((notice.envelope or {}).get("cart_id") or "")


def _with_cart(happening: Happening, answers: _Answers | None) -> Happening:
    """Add what the shop knows of a cart that an envelope only names."""
    cart = answers.carts.get(happening.cart_id) if answers is not None else None
    if answers is None or cart is None or not happening.touches_cart or happening.cart is not None:
        return happening
    properties = happening.properties
    if happening.event == "checkout_started":
        told = cart_properties(cart, recovery_url=answers.adapter.recovery_url(cart.cart_id))
        properties = {**told, **properties}
    return replace(happening, cart=cart, properties=properties)


def _happening(notice: Notice, **fields: Any) -> Happening:
    return Happening(
        notice_id=notice.pk,
        store=notice.store,
        recorded_at=notice.recorded_at,
        **{"key": notice.key, "occurred_at": notice.recorded_at, **fields},
    )


def _order_placed(notice: Notice, answers: _Answers) -> list[Happening] | str:
    order = answers.orders.get(notice.object_id)
    if order is None:
        return NOT_FOUND
    return [
        _happening(
            notice,
            event="order_placed",
            properties=order_properties(order),
            occurred_at=order.placed_at,
            source=_source(notice, order),
            cart_id=order.cart_id,
            **_of(order),
        )
    ]


def _source(notice: Notice, order: StoreOrder) -> str:
    """Return the event's source; an order that we hear of too late is history and starts nothing."""
    told = str((notice.envelope or {}).get("source") or "signal")
    oldest = notice.recorded_at - timedelta(hours=conf.settings.TRIGGER_MAX_AGE_HOURS)
    return BACKFILL if told == "reconcile" and order.placed_at < oldest else told


def _of(order: StoreOrder) -> dict[str, Any]:
    return {
        "identity": order.identity,
        "consents": order.consents,
        "keeps_decisions": True,
        "site_id": order.site_id,
        "order": order,
        "order_id": order.order_id,
    }


def _order_status(notice: Notice, answers: _Answers) -> list[Happening] | str:
    order = answers.orders.get(notice.object_id)
    if order is None:
        return NOT_FOUND
    envelope = notice.envelope or {}
    told = {"order_id": order.order_id, "number": order.number}
    new = str(envelope.get("new_status", ""))
    statuses = {"old_status": str(envelope.get("old_status", "")) or "-", "new_status": new or "-"}
    found = [_happening(notice, event="order_status_changed", properties={**told, **statuses}, **_of(order))]
    means = answers.adapter.status_event(new)
    if means:
        key = f"order:{order.order_id}:{means}"
        more = {"total": money(order.total), "currency": order.currency}
        if means == "order_paid":
            more = {"amount": money(order.total), "currency": order.currency}
        found.append(_happening(notice, event=means, key=key, properties={**told, **more}, **_of(order)))
    return found


def _change(notice: Notice, answers: _Answers, change: StoreChange | None) -> list[Happening] | str:
    if change is None:
        return NOT_FOUND
    order = answers.orders.get(change.order_id)
    if order is None:
        return NOT_FOUND
    if not change.event:
        return []
    properties: dict[str, Any] = {"order_id": order.order_id, "number": order.number, **change.details}
    if change.amount is not None:
        properties |= {"amount": money(change.amount), "currency": order.currency}
    return [
        _happening(
            notice,
            event=change.event,
            key=change.key,
            properties=properties,
            occurred_at=change.at,
            amount=change.amount,
            **_of(order),
        )
    ]


def _cart(notice: Notice, answers: _Answers) -> list[Happening] | str:
    cart = answers.carts.get(notice.object_id) or StoreCart(cart_id=notice.object_id, status="emptied")
    event = {"open": "cart_updated", "emptied": "cart_emptied"}.get(cart.status, "")
    properties: dict[str, Any] = {"cart_id": cart.cart_id}
    if event == "cart_updated":
        properties = cart_properties(cart, recovery_url=answers.adapter.recovery_url(cart.cart_id))
    return [
        _happening(
            notice,
            event=event,
            properties=properties,
            identity=cart.identity,
            site_id=cart.site_id,
            cart=cart,
            cart_id=cart.cart_id,
            touches_cart=True,
        )
    ]


def _checkout(notice: Notice, answers: _Answers) -> list[Happening] | str:
    cart = answers.carts.get(notice.object_id)
    if cart is None:
        return []
    email = str((notice.envelope or {}).get("email") or "")
    identity = cart.identity or (Identity(store=notice.store, email=email) if email else None)
    properties = cart_properties(cart, recovery_url=answers.adapter.recovery_url(cart.cart_id))
    return [
        _happening(
            notice,
            event="checkout_started" if cart.status == "open" else "",
            key=f"checkout:{cart.cart_id}",
            properties={**properties, "checkout_id": cart.cart_id},
            identity=identity,
            site_id=(notice.envelope or {}).get("site_id") or cart.site_id,
            cart=cart,
            cart_id=cart.cart_id,
            touches_cart=True,
            stage="checkout",
            # A guest gives the number a page later; the same event is told then.
            needs_number=True,
        )
    ]


def _customer(notice: Notice, answers: _Answers) -> list[Happening] | str:
    customer = answers.customers.get(notice.object_id)
    if customer is None:
        return NOT_FOUND
    cart_id = _seen_with(notice) if notice.kind == kinds.CUSTOMER_SEEN else ""
    return [
        _happening(
            notice,
            event="customer_registered" if notice.kind == kinds.CUSTOMER else "",
            cart=answers.carts.get(cart_id),
            cart_id=cart_id,
            touches_cart=bool(cart_id),
            identity=customer.identity,
            consents=customer.consents,
            keeps_decisions=True,
            site_id=customer.site_id,
        )
    ]


def _added(notice: Notice, answers: _Answers) -> list[Happening] | str:
    cart_id, _, product_id = notice.object_id.partition(":")
    product, cart = answers.products.get(product_id), answers.carts.get(cart_id)
    if product is None or cart is None:
        return []  # Taken out again before we looked.
    return [
        _happening(
            notice,
            event="product_added_to_cart",
            properties={"cart_id": cart_id, "currency": cart.currency, **product.as_product()},
            identity=cart.identity,
            site_id=cart.site_id,
            cart_id=cart_id,
        )
    ]


def _viewed(notice: Notice, answers: _Answers) -> list[Happening] | str:
    product_id, _, customer_id = notice.object_id.partition(":")
    product, customer = answers.products.get(product_id), answers.customers.get(customer_id)
    if product is None or customer is None:
        return []
    return [
        _happening(
            notice,
            event="product_viewed",
            properties=product.as_product(),
            identity=customer.identity,
            site_id=customer.site_id,
        )
    ]


def _unknown(notice: Notice, answers: _Answers) -> list[Happening] | str:
    return UNKNOWN_KIND


_READERS = {
    kinds.ORDER_PLACED: _order_placed,
    kinds.ORDER_STATUS: _order_status,
    kinds.PAYMENT: lambda notice, answers: _change(notice, answers, answers.payments.get(notice.object_id)),
    kinds.SHIPMENT: lambda notice, answers: _change(notice, answers, answers.shipments.get(notice.object_id)),
    kinds.CART: _cart,
    kinds.CHECKOUT: _checkout,
    kinds.CUSTOMER: _customer,
    kinds.CUSTOMER_SEEN: _customer,
    kinds.ADDED: _added,
    kinds.VIEWED: _viewed,
}
