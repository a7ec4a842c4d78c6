"""The only writer of our copies: purchases with their lines and changes, and the mirror of carts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from wagtail_drip import conf
from wagtail_drip.core import claims
from wagtail_drip.core.upserts import upsert
from wagtail_drip.stores import tallies
from wagtail_drip.stores.models import Cart, Purchase, PurchaseChange, PurchaseLine
from wagtail_drip.stores.types import StoreCart, StoreOrder

# An order closes carts that were touched up to so long after it: a clock apart, or the last page of the checkout.
_CLOSES_AFTER = timedelta(hours=1)
# A later state does not go back to an earlier one, in whichever order the shop's messages arrive.
_RANK = {"placed": 0, "paid": 1, "fulfilled": 2, "refunded": 3, "cancelled": 3}

StoreId = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class OrderToCopy:
    store: str
    order: StoreOrder
    contact_id: int
    site_id: int
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangeToCopy:
    """*key* makes a repeat of the change harmless."""

    store: str
    order_id: str
    status: str
    amount: Decimal | None
    key: str
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class CartTouch:
    """
    A sign of life of a cart.

    :param cart: the shop's answer; None where only the sign itself is known.
    :param stage: "checkout" where the checkout was begun.
    """

    store: str
    cart_id: str
    at: datetime
    site_id: int
    contact_id: int | None = None
    cart: StoreCart | None = None
    stage: str = ""


def copy_orders(orders: Sequence[OrderToCopy], changes: Sequence[ChangeToCopy]) -> None:
    """Insert purchases that we do not have with their lines, and write what became of all of them."""
    claims.insert_new([_purchase(each) for each in orders], unique=["store", "order_id"])
    wanted = {(each.store, each.order.order_id) for each in orders}
    wanted |= {(each.store, each.order_id) for each in changes}
    copied = _copied(wanted)
    pks = {key: pk for key, (pk, _owner) in copied.items()}
    claims.insert_new(
        [
            _line(pks[each.store, each.order.order_id], position, each)
            for each in orders
            for position in range(len(each.order.lines))
        ],
        unique=["purchase", "position"],
    )
    known = [each for each in changes if (each.store, each.order_id) in pks]
    claims.insert_new(
        [
            PurchaseChange(
                purchase_id=pks[each.store, each.order_id],
                status=each.status,
                amount=each.amount,
                key=each.key[:191],
                at=each.at,
                recorded_at=each.recorded_at,
            )
            for each in known
        ],
        unique=["purchase", "key"],
    )
    _raise_statuses(known, pks)
    # Theirs whose orders they are, which is not always whom the notice names.
    tallies.refresh({owner for _pk, owner in copied.values()})


def purchase_pks(ids: Collection[StoreId]) -> dict[StoreId, int]:
    return {key: pk for key, (pk, _owner) in _copied(ids).items()}


def _copied(ids: Collection[StoreId]) -> dict[StoreId, tuple[int, int]]:
    """Return the row of each of these orders and whose it is; of all with such a number, whichever the store."""
    if not ids:
        return {}
    rows = Purchase.objects.filter(
        store__in={store for store, _ in ids}, order_id__in={order_id for _, order_id in ids}
    ).values_list("store", "order_id", "pk", "contact_id")
    return {(store, order_id): (pk, owner) for store, order_id, pk, owner in rows}


def _raise_statuses(changes: Iterable[ChangeToCopy], pks: Mapping[StoreId, int]) -> None:
    by_status: defaultdict[str, set[int]] = defaultdict(set)
    for change in changes:
        by_status[change.status].add(pks[change.store, change.order_id])
    for status in sorted(by_status, key=lambda each: _RANK[each]):
        lower = [name for name, rank in _RANK.items() if rank < _RANK[status]]
        Purchase.objects.filter(pk__in=by_status[status], status__in=lower).update(status=status)
    if by_status["refunded"]:
        sums = (
            PurchaseChange.objects.filter(purchase=OuterRef("pk"), status="refunded")
            .order_by()
            .values("purchase")
            .annotate(total=Sum("amount"))
            .values("total")
        )
        Purchase.objects.filter(pk__in=by_status["refunded"]).update(
            refunded=Coalesce(Subquery(sums), Decimal(0))
        )


def _purchase(each: OrderToCopy) -> Purchase:
    order = each.order
    return Purchase(
        store=each.store,
        order_id=order.order_id[:64],
        number=order.number[:64],
        contact_id=each.contact_id,
        site_id=each.site_id,
        cart_id=order.cart_id[:64],
        status="placed",
        currency=order.currency[:3],
        total=order.total,
        coupon=order.coupon[:64],
        placed_at=order.placed_at,
        recorded_at=each.recorded_at,
    )


def _line(purchase_id: int, position: int, each: OrderToCopy) -> PurchaseLine:
    line = each.order.lines[position]
    return PurchaseLine(
        purchase_id=purchase_id,
        position=position,
        product_id=line.product_id[:64],
        sku=line.sku[:128],
        name=line.name[:255],
        category=line.category[:255],
        quantity=line.quantity,
        price=line.price,
        url=line.url[:500],
        image_url=line.image_url[:500],
    )


def touch_carts(touches: Sequence[CartTouch]) -> None:
    """Insert or refresh the mirror of these carts; several touches of one cart count as its newest."""
    by_cart: defaultdict[StoreId, list[CartTouch]] = defaultdict(list)
    for touch in touches:
        by_cart[touch.store, touch.cart_id].append(touch)
    if not by_cart:
        return
    held = {(row.store, row.cart_id): row for row in claims.lock_in_order(carts_of(by_cart))}
    rows = [
        _touched(held.get(key), sorted(by_cart[key], key=lambda each: each.at)) for key in sorted(by_cart)
    ]
    write_carts(rows)


def carts_of(ids: Collection[StoreId]) -> QuerySet[Cart]:
    """Return the mirrors of these carts."""
    wanted = Q()
    for store in {store for store, _ in ids}:
        wanted |= Q(store=store, cart_id__in=[cart_id for each, cart_id in ids if each == store])
    return Cart.objects.filter(wanted) if ids else Cart.objects.none()


_REFRESHED = [
    "site",
    "contact",
    "stage",
    "status",
    "revision",
    "products",
    "currency",
    "total",
    "last_activity_at",
    "checkout_started_at",
    "sweep_due_at",
]


def write_carts(rows: Sequence[Cart]) -> None:
    """Upsert whole rows; the caller holds their locks."""
    fresh = [
        # The key alone decides: a row that another worker has just inserted is refreshed, not doubled.
        Cart(
            **{
                field.attname: getattr(row, field.attname)
                for field in Cart._meta.fields
                if field.attname != "id"
            }
        )
        for row in rows
    ]
    upsert(fresh, unique=["store", "cart_id"], update=_REFRESHED)


def _touched(row: Cart | None, touches: Sequence[CartTouch]) -> Cart:
    """Return the row as it is after *touches*, the newest last."""
    newest = touches[-1]
    if row is None:
        row = Cart(
            store=newest.store,
            cart_id=newest.cart_id[:64],
            site_id=newest.site_id,
            last_activity_at=newest.at,
            revision=0,
        )
    for touch in touches:
        row.revision += 1
        row.last_activity_at = max(row.last_activity_at, touch.at)
        if touch.contact_id is not None:
            row.contact_id = touch.contact_id
        if touch.stage == "checkout":
            row.stage = "checkout"
            row.site_id = touch.site_id
            row.checkout_started_at = row.checkout_started_at or touch.at
        if touch.cart is not None:
            refresh(row, touch.cart)
        elif row.status in ("emptied", "expired"):
            row.status = "open"
    row.sweep_due_at = sweep_moment(row)
    return row


def refresh(row: Cart, cart: StoreCart) -> None:
    """Put the shop's answer into the row; the caller writes it."""
    row.status = cart.status
    row.currency = cart.currency[:3]
    row.total = cart.total
    row.products = [line.as_product() for line in cart.lines]


def idle_after(stage: str) -> timedelta:
    """Return how long a cart at this stage lies still before it counts as left behind."""
    if stage == "checkout":
        return timedelta(minutes=conf.settings.CHECKOUT_IDLE_MINUTES)
    return timedelta(minutes=conf.settings.CART_IDLE_MINUTES)


def sweep_moment(row: Cart) -> datetime | None:
    """Return when the sweep must look at the cart: never while it is closed or nobody's."""
    if row.status != "open" or row.contact_id is None:
        return None
    return row.last_activity_at + idle_after(row.stage)


def close_carts_of_buyers(orders: Sequence[OrderToCopy]) -> None:
    """Close the carts that these orders came from, and what else their buyers had open by then."""
    if not orders:
        return
    by_cart = {(each.store, each.order.cart_id) for each in orders if each.order.cart_id}
    bought = {(each.contact_id, each.site_id): each.recorded_at for each in orders}
    for each in orders:
        bought[each.contact_id, each.site_id] = max(bought[each.contact_id, each.site_id], each.recorded_at)
    wanted = Q(contact_id__in={contact_id for contact_id, _ in bought})
    for store, cart_id in sorted(by_cart):
        wanted |= Q(store=store, cart_id=cart_id)
    closed = [
        row.pk
        for row in Cart.objects.filter(wanted, status="open")
        if (row.store, row.cart_id) in by_cart
        or (
            (moment := bought.get((row.contact_id or 0, row.site_id))) is not None
            and row.last_activity_at <= moment + _CLOSES_AFTER
        )
    ]
    if closed:
        Cart.objects.filter(pk__in=sorted(closed), status="open").update(
            status="converted", sweep_due_at=None
        )
