"""Oscar's signals become notices: one small row each, in the shop's own transaction, and never an error.

Receivers write ids and build nothing; a worker asks the adapter for the rest. They run nothing while the
shop has no entry in ``WAGTAIL_DRIP["STORES"]``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import router, transaction
from django.db.models import signals
from django.dispatch import Signal
from oscar.apps.basket.signals import basket_addition, voucher_addition, voucher_removal
from oscar.apps.catalogue.reviews.signals import review_added
from oscar.apps.catalogue.signals import product_viewed
from oscar.apps.checkout.signals import start_checkout
from oscar.apps.customer.signals import user_registered
from oscar.apps.order.signals import order_status_changed
from oscar.apps.search.signals import user_search
from oscar.core.loading import get_model

from wagtail_drip import conf
from wagtail_drip.contrib.oscar import capture
from wagtail_drip.contrib.oscar.adapter import OscarAdapter
from wagtail_drip.core import clock
from wagtail_drip.events import actions as events
from wagtail_drip.events.harmless import harmless
from wagtail_drip.events.models import Notice
from wagtail_drip.stores import kinds, registry

# Oscar has no types, and its settings none either.
_oscar: Any = settings


def connect() -> None:
    """Hang the receivers on Oscar's signals, once."""
    model_signals: list[tuple[Signal, tuple[str, str], Callable[..., None]]] = [
        # Inside OrderCreator's own transaction, where order_placed comes after it.
        (signals.post_save, ("order", "Order"), order_saved),
        (signals.post_save, ("order", "ShippingEvent"), shipment_saved),
        (signals.post_save, ("payment", "Transaction"), payment_saved),
        (signals.post_save, ("basket", "Line"), line_touched),
        (signals.post_delete, ("basket", "Line"), line_touched),
        (signals.post_save, ("basket", "Basket"), basket_saved),
    ]
    for signal, model, receiver in model_signals:
        uid = f"wagtail_drip.oscar.{receiver.__name__}.{'.'.join(model)}"
        signal.connect(receiver, sender=get_model(*model), weak=False, dispatch_uid=uid)
    plain: list[tuple[Signal, Callable[..., None]]] = [
        (order_status_changed, status_changed),
        (basket_addition, product_added),
        (start_checkout, checkout_started),
        (voucher_addition, voucher_added),
        (voucher_removal, voucher_removed),
        (product_viewed, viewed),
        (user_search, searched),
        (review_added, reviewed),
        (user_registered, registered),
        (user_logged_in, logged_in),
    ]
    for signal, receiver in plain:
        signal.connect(receiver, weak=False, dispatch_uid=f"wagtail_drip.oscar.{receiver.__name__}")


def leave(kind: str, *, key: str, object_id: object = "", envelope: dict[str, Any] | None = None) -> None:
    """Leave a notice for the Oscar shop that is configured; none, if none is."""
    store = registry.alias_of(OscarAdapter)
    if store is None:
        return
    events.write_notice(
        store=store, kind=kind, key=key, object_id=str(object_id), envelope=envelope, now=_now()
    )


def _now() -> datetime:
    """Return our present moment; where the time machine's row must be read for it, in a savepoint."""
    if not conf.settings.CLOCK_SHIFT:
        return clock.now()
    with transaction.atomic(using=router.db_for_write(Notice)):
        return clock.now()


@harmless
def order_saved(*, instance: Any, created: bool, **_: Any) -> None:
    if created:
        leave(kinds.ORDER_PLACED, key=f"order:{instance.pk}:placed", object_id=instance.pk)


@harmless
def status_changed(*, order: Any, old_status: str, new_status: str, **_: Any) -> None:
    leave(
        kinds.ORDER_STATUS,
        key=events.touch_key("status", order.pk),
        object_id=order.pk,
        envelope={"old_status": old_status, "new_status": new_status},
    )


@harmless
def shipment_saved(*, instance: Any, created: bool, **_: Any) -> None:
    if created:
        leave(kinds.SHIPMENT, key=f"shipment:{instance.pk}", object_id=instance.pk)


@harmless
def payment_saved(*, instance: Any, created: bool, **_: Any) -> None:
    if created:
        leave(kinds.PAYMENT, key=f"payment:{instance.pk}", object_id=instance.pk)


@harmless
def line_touched(*, instance: Any, **_: Any) -> None:
    if instance.basket_id:
        touch(instance.basket_id)


@harmless
def basket_saved(*, instance: Any, created: bool, **_: Any) -> None:
    if not created and instance.status == instance.MERGED:
        touch(instance.pk)


def touch(basket_id: int) -> None:
    leave(kinds.CART, key=events.touch_key("cart", basket_id), object_id=basket_id)


@harmless
def product_added(*, request: Any, product: Any, **_: Any) -> None:
    basket_id = request.basket.pk
    if basket_id:
        leave(
            kinds.ADDED,
            key=events.touch_key("added", basket_id),
            object_id=f"{basket_id}:{product.pk}",
        )


@harmless
def checkout_started(*, request: Any, email: str = "", **_: Any) -> None:
    basket_id = request.basket.pk
    if basket_id:
        leave(
            kinds.CHECKOUT,
            key=events.touch_key("checkout", basket_id),
            object_id=basket_id,
            envelope={"email": email or ""},
        )


@harmless
def voucher_added(*, basket: Any, voucher: Any, **_: Any) -> None:
    _tell_coupon("coupon_applied", basket, voucher)


@harmless
def voucher_removed(*, basket: Any, voucher: Any, **_: Any) -> None:
    _tell_coupon("coupon_removed", basket, voucher)


def _tell_coupon(event: str, basket: Any, voucher: Any) -> None:
    if basket.pk:
        properties = {"coupon": voucher.code, "cart_id": str(basket.pk)}
        _tell(event, key=events.touch_key(event, basket.pk), properties=properties)


def _tell(event: str, *, key: str, properties: dict[str, Any], user: Any = None) -> None:
    envelope = {"event": event, "source": "signal", "properties": properties, "consent": None}
    envelope["contact"] = {"user_id": str(user.pk), "email": user.email} if user is not None else None
    leave(event, key=key, envelope=envelope)


@harmless
def viewed(*, product: Any, user: Any, **_: Any) -> None:
    # Of somebody who is not signed in nobody could tell who it was.
    if user is None or not user.is_authenticated:
        return
    store = registry.alias_of(OscarAdapter)
    if store is not None and registry.get(store).options["PRODUCT_VIEWS"]:
        leave(kinds.VIEWED, key=events.touch_key("viewed", product.pk), object_id=f"{product.pk}:{user.pk}")


@harmless
def searched(*, user: Any, query: str, **_: Any) -> None:
    if query and user is not None and user.is_authenticated:
        _tell(
            "products_searched",
            key=events.touch_key("search", user.pk),
            properties={"query": query},
            user=user,
        )


@harmless
def reviewed(*, review: Any, user: Any, **_: Any) -> None:
    if user is not None and user.is_authenticated:
        properties = {
            "product_id": str(review.product_id),
            "rating": review.score,
            "review_body": review.body,
        }
        _tell("product_reviewed", key=f"review:{review.pk}", properties=properties, user=user)


@harmless
def registered(*, request: Any, user: Any, **_: Any) -> None:
    store = registry.alias_of(OscarAdapter)
    if store is not None:
        leave(
            kinds.CUSTOMER,
            key=f"customer:{user.pk}:registered",
            object_id=user.pk,
            envelope=capture.registration(request, user, options=registry.get(store).options),
        )


@harmless
def logged_in(*, request: Any = None, user: Any, **_: Any) -> None:
    # Whoever signs in with something in the basket is a customer; staff signing in to the admin are not.
    basket = getattr(request, "_basket_cache", None)
    if basket is not None and basket.pk:
        leave(
            kinds.CUSTOMER_SEEN,
            key=events.touch_key("seen", user.pk),
            object_id=user.pk,
            envelope={"cart_id": str(basket.pk)},
        )
    elif request is not None and _oscar.OSCAR_BASKET_COOKIE_OPEN in request.COOKIES:
        leave(kinds.CUSTOMER_SEEN, key=events.touch_key("seen", user.pk), object_id=user.pk, envelope={})
