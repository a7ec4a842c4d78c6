"""A shop on paper: it knows what a test tells it, and counts how often it is asked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from wagtail_drip.contacts.types import Identity
from wagtail_drip.events import actions as events
from wagtail_drip.stores.adapter import StoreAdapter
from wagtail_drip.stores.types import StoreCart, StoreChange, StoreCustomer, StoreLine, StoreOrder

BEANS = StoreLine(product_id="7", name="Coffee beans", quantity=2, price=Decimal("12.50"))


class PaperShop(StoreAdapter):
    label = "On paper"
    known_orders: ClassVar[dict[str, StoreOrder]] = {}
    known_carts: ClassVar[dict[str, StoreCart]] = {}
    known_changes: ClassVar[dict[str, StoreChange]] = {}
    known_customers: ClassVar[dict[str, StoreCustomer]] = {}
    asked: ClassVar[list[str]] = []
    breaks_on: ClassVar[set[str]] = set()

    @classmethod
    def forget(cls) -> None:
        for each in (
            cls.known_orders,
            cls.known_carts,
            cls.known_changes,
            cls.known_customers,
            cls.asked,
            cls.breaks_on,
        ):
            each.clear()

    def _asked(self, what: str, ids: Collection[str]) -> None:
        self.asked.append(what)
        if self.breaks_on & set(ids):
            raise ValueError("the shop breaks")

    def orders(self, ids: Collection[str]) -> dict[str, StoreOrder]:
        self._asked("orders", ids)
        return {each: self.known_orders[each] for each in ids if each in self.known_orders}

    def carts(self, ids: Collection[str]) -> dict[str, StoreCart | None]:
        self._asked("carts", ids)
        return {each: self.known_carts.get(each) for each in ids}

    def carts_live(self, ids: Collection[str]) -> dict[str, bool]:
        self._asked("carts_live", ids)
        return {each: each in self.known_carts and self.known_carts[each].status == "open" for each in ids}

    def customers(self, ids: Collection[str]) -> dict[str, StoreCustomer]:
        return {each: self.known_customers[each] for each in ids if each in self.known_customers}

    def payments(self, ids: Collection[str]) -> dict[str, StoreChange]:
        return {each: self.known_changes[each] for each in ids if each in self.known_changes}

    def order_ids_since(self, moment: datetime, *, limit: int) -> list[str]:
        self._asked("order_ids_since", [])
        rows = [each for each in self.known_orders.values() if each.placed_at >= moment]
        return [each.order_id for each in sorted(rows, key=lambda each: each.placed_at)][:limit]

    def recovery_url(self, cart_id: str) -> str:
        return f"https://shop.example/back/{cart_id}"


class FarShop(PaperShop):
    is_local = False


def number(n: int) -> str:
    return f"+44740012{n:04d}"


def buyer(n: int) -> Identity:
    return Identity(store="paper", user_id=str(n), phone=number(n), first_name=f"Ada {n}")


def order(n: int, *, site_id: int, now: datetime, **fields: Any) -> StoreOrder:
    """Put an order of buyer *n*, and by default number *n*, into the shop's book."""
    made = StoreOrder(
        **{
            "order_id": str(n),
            "number": f"N{n}",
            "site_id": site_id,
            "currency": "GBP",
            "total": Decimal("25.00"),
            "placed_at": now,
            "identity": buyer(n),
            "lines": (BEANS,),
            "cart_id": f"c{n}",
            **fields,
        }
    )
    PaperShop.known_orders[made.order_id] = made
    return made


def cart(cart_id: str, *, owner: int | None = 1, **fields: Any) -> StoreCart:
    made = StoreCart(
        **{
            "cart_id": cart_id,
            "identity": buyer(owner) if owner is not None else None,
            "currency": "GBP",
            "total": Decimal("25.00"),
            "lines": (BEANS,),
            **fields,
        }
    )
    PaperShop.known_carts[cart_id] = made
    return made


def notice(
    kind: str, object_id: str, *, now: datetime, key: str = "", store: str = "paper", **fields: Any
) -> None:
    events.write_notice(
        store=store, kind=kind, object_id=object_id, key=key or f"{kind}:{object_id}", now=now, **fields
    )


def touch(cart_id: str, *, now: datetime) -> None:
    notice("cart_touched", cart_id, now=now, key=events.touch_key("cart", cart_id))
