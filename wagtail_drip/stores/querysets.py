"""Reading our copies, set-wise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, Min, Q

from wagtail_drip.core.among import Among
from wagtail_drip.stores.models import Cart, Purchase


def latest_purchases(
    contact_ids: Collection[int], order_ids: Mapping[int, str] | None = None
) -> dict[int, Purchase]:
    """
    Return each contact's purchase with its lines: the one named, else the latest that was not cancelled.

    Three queries, however many contacts.

    :param order_ids: the order that matters, by contact; it wins over a later one.
    """
    named = {pk: order_id for pk, order_id in (order_ids or {}).items() if order_id}
    wanted = set(named.values())
    newest = (
        Purchase.objects.filter(contact_id__in=contact_ids)
        .exclude(status="cancelled")
        .values("contact_id")
        .annotate(newest=Max("placed_at"))
        .values_list("contact_id", "newest")
    )
    moments = dict(newest)
    rows = (
        Purchase.objects.filter(contact_id__in=contact_ids)
        .filter(Q(placed_at__in=set(moments.values())) | Q(order_id__in=wanted))
        .prefetch_related("lines")
        .order_by("pk")
    )
    found: dict[int, Purchase] = {}
    for row in rows:
        if named.get(row.contact_id) == row.order_id or (
            row.placed_at == moments.get(row.contact_id)
            and row.status != "cancelled"
            and found.get(row.contact_id, row).order_id != named.get(row.contact_id)
        ):
            found[row.contact_id] = row
    return found


def open_carts(contact_ids: Collection[int], cart_ids: Mapping[int, str] | None = None) -> dict[int, Cart]:
    """
    Return each contact's cart: the one named, whatever its state, else the newest open one. One query.

    :param cart_ids: the cart that matters, by contact.
    """
    named = {pk: cart_id for pk, cart_id in (cart_ids or {}).items() if cart_id}
    rows = Cart.objects.filter(contact_id__in=contact_ids).filter(
        Q(status="open") | Q(cart_id__in=set(named.values()))
    )
    found: dict[int, Cart] = {}
    for row in rows.order_by("last_activity_at", "pk"):
        contact_id = row.contact_id
        if contact_id is None:
            continue
        held = found.get(contact_id)
        if held is not None and held.cart_id == named.get(contact_id):
            continue
        if row.status == "open" or row.cart_id == named.get(contact_id):
            found[contact_id] = row
    return found


def first_orders_at(contact_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these contacts placed the first order that we know of."""
    rows = Purchase.objects.filter(contact_id__in=contact_ids).order_by()
    return dict(rows.values("contact_id").annotate(first=Min("placed_at")).values_list("contact_id", "first"))


def bought(
    contact_ids: Collection[int], *, as_of: datetime | None = None
) -> list[tuple[int, datetime, Decimal, str]]:
    """
    Return (contact, placed, total less what was refunded, currency) of every purchase that stands. One query.

    :param as_of: only what we knew by then.
    """
    rows = Purchase.objects.filter(Among("contact_id", contact_ids)).exclude(status="cancelled")
    if as_of is not None:
        rows = rows.filter(recorded_at__lte=as_of)
    return [
        (contact_id, placed_at, total - refunded, currency)
        for contact_id, placed_at, total, refunded, currency in rows.values_list(
            "contact_id", "placed_at", "total", "refunded", "currency"
        )
    ]
