"""A history of real Oscar orders, so that there is something to segment, to report and to replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from oscar.apps.order.utils import OrderCreator
from oscar.core import prices
from oscar.core.loading import get_class, get_model


@dataclass(frozen=True, kw_only=True)
class Past:
    number: str
    email: str
    days_ago: int
    lines: tuple[tuple[str, int], ...]
    status: str = "Complete"


HISTORY = (
    Past(number="SEED-1001", email="amara@example.com", days_ago=171, lines=(("COF-01", 1), ("BRW-03", 2))),
    Past(number="SEED-1002", email="wei@example.com", days_ago=158, lines=(("TEA-01", 1), ("TEA-02", 1))),
    Past(number="SEED-1003", email="sofia@example.com", days_ago=140, lines=(("TEA-05", 3),)),
    Past(number="SEED-1004", email="amara@example.com", days_ago=128, lines=(("COF-01", 2),)),
    Past(number="SEED-1005", email="tomasz@example.com", days_ago=120, lines=(("COF-03", 2), ("COF-04", 1))),
    Past(number="SEED-1006", email="priya@example.com", days_ago=97, lines=(("BRW-01", 1), ("TEA-04", 1))),
    Past(number="SEED-1007", email="wei@example.com", days_ago=92, lines=(("TEA-01", 2),)),
    Past(
        number="SEED-1008", email="owen@example.com", days_ago=80, lines=(("COF-02", 1),), status="Cancelled"
    ),
    Past(number="SEED-1009", email="amara@example.com", days_ago=75, lines=(("COF-02", 1), ("COF-01", 1))),
    Past(number="SEED-1010", email="maryam@example.com", days_ago=61, lines=(("TEA-03", 1), ("TEA-05", 1))),
    Past(number="SEED-1011", email="wei@example.com", days_ago=44, lines=(("TEA-02", 1), ("BRW-03", 1))),
    Past(number="SEED-1012", email="jonas@example.com", days_ago=38, lines=(("COF-03", 1),)),
    Past(number="SEED-1013", email="amara@example.com", days_ago=30, lines=(("COF-01", 2), ("TEA-05", 1))),
    Past(number="SEED-1014", email="maryam@example.com", days_ago=19, lines=(("TEA-03", 2),)),
    Past(number="SEED-1015", email="sofia@example.com", days_ago=12, lines=(("TEA-04", 1), ("BRW-03", 1))),
    Past(number="SEED-1016", email="wei@example.com", days_ago=6, lines=(("TEA-01", 1),)),
    Past(
        number="SEED-1017",
        email="priya@example.com",
        days_ago=3,
        lines=(("TEA-04", 2),),
        status="Being processed",
    ),
)


def place_past(users: dict[str, Any], *, now: datetime) -> int:
    """Place the orders that are missing, dated back from *now*, and return how many were placed."""
    orders = get_model("order", "Order").objects
    there = set(orders.filter(number__startswith="SEED-").values_list("number", flat=True))
    missing = [past for past in HISTORY if past.number not in there]
    for past in missing:
        with transaction.atomic():
            order = _place(past, users[past.email])
            placed_at = now - timedelta(days=past.days_ago, hours=past.days_ago % 9)
            orders.filter(pk=order.pk).update(date_placed=placed_at)
    return len(missing)


def _place(past: Past, user: Any) -> Any:
    basket = get_model("basket", "Basket").objects.create(owner=user)
    basket.strategy = get_class("partner.strategy", "Selector")().strategy(user=user)
    products = {p.upc: p for p in get_model("catalogue", "Product").objects.filter(upc__in=dict(past.lines))}
    for upc, quantity in past.lines:
        basket.add_product(products[upc], quantity)
    address = get_model("order", "ShippingAddress")()
    user.addresses.get().populate_alternative_model(address)
    address.save()
    free = prices.Price(currency="GBP", excl_tax=Decimal(0), incl_tax=Decimal(0))
    order = OrderCreator().place_order(
        basket=basket,
        total=prices.Price(
            currency="GBP", excl_tax=basket.total_excl_tax, incl_tax=basket.total_excl_tax, tax=Decimal(0)
        ),
        shipping_method=get_class("shipping.methods", "Free")(),
        shipping_charge=free,
        user=user,
        shipping_address=address,
        order_number=past.number,
    )
    basket.submit()
    for status in {"Complete": ("Being processed", "Complete")}.get(past.status, (past.status,)):
        order.set_status(status)
    return order
