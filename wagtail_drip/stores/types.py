"""What goes through the door of stores: what adapters answer with, and what others ask."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any

from wagtail_drip.contacts.types import Consent, Identity
from wagtail_drip.core.values import value
from wagtail_drip.events.conditions import Condition


@value
class StoreLine:
    """
    A product, in an order or a cart or by itself.

    :param price: one unit, with tax, after the line's discounts.
    :param list_price: one unit before discounts, where it differs.
    :param url: absolute, as is *image_url*.
    """

    product_id: str
    name: str
    sku: str = ""
    category: str = ""
    quantity: int = 1
    price: Decimal = Decimal(0)
    list_price: Decimal | None = None
    url: str = ""
    image_url: str = ""

    def as_product(self) -> dict[str, Any]:
        """Return the line as a member of an event's ``products``."""
        found: dict[str, Any] = {
            "product_id": self.product_id,
            "sku": self.sku,
            "name": self.name,
            "category": self.category,
            "price": money(self.price),
            "quantity": self.quantity,
            "url": self.url,
            "image_url": self.image_url,
        }
        if self.list_price is not None:
            found["list_price"] = money(self.list_price)
        return found


@value
class StoreOrder:
    """
    An order as the shop knows it.

    :param status: placed, paid, fulfilled, cancelled or refunded.
    :param placed_at: the shop's moment, aware.
    :param consents: what the buyer agreed to with this order; recorded only where nothing was decided yet.
    """

    order_id: str
    site_id: int
    currency: str
    total: Decimal
    placed_at: datetime
    identity: Identity
    lines: tuple[StoreLine, ...] = ()
    number: str = ""
    cart_id: str = ""
    status: str = "placed"
    subtotal: Decimal | None = None
    shipping: Decimal | None = None
    tax: Decimal | None = None
    discount: Decimal | None = None
    coupon: str = ""
    order_url: str = ""
    consents: tuple[Consent, ...] = ()


@value
class StoreCart:
    """
    A cart as the shop knows it.

    :param status: open, converted (ordered), merged (into another) or emptied.
    :param total: of the goods, with tax, before vouchers and offers over several products.
    :param identity: whose it is, where the shop knows.
    :param site_id: None where the shop does not know on which site it stands.
    """

    cart_id: str
    status: str = "open"
    identity: Identity | None = None
    site_id: int | None = None
    currency: str = ""
    total: Decimal | None = None
    lines: tuple[StoreLine, ...] = ()
    coupon: str = ""


@value
class StoreCustomer:
    customer_id: str
    identity: Identity
    site_id: int
    consents: tuple[Consent, ...] = ()


@value
class StoreChange:
    """
    Something that became of an order: a payment, a refund, a shipment.

    :param event: order_paid, order_refunded, order_fulfilled, order_delivered, order_cancelled; '' is no event.
    :param key: tells it apart from other changes of this order; a repeat has the same.
    :param details: further properties of the event.
    """

    order_id: str
    event: str
    key: str
    at: datetime
    amount: Decimal | None = None
    details: dict[str, Any] = field(default_factory=dict)


@value
class Guard:
    """
    What must not have happened for a message to go.

    :param kind: "event": the contact must not have done *event* (all *conditions*) since *since*;
        "cart": the cart must still be open; "news": no *event* of the contact may be known whose consequences
        have not been drawn yet.
    """

    contact_id: int
    kind: str
    since: datetime
    event: str = ""
    conditions: tuple[Condition, ...] = ()
    store: str = ""
    cart_id: str = ""


def money(amount: Decimal) -> str:
    """Return a decimal text with at least two places and no needless zeros after them: "12.50"."""
    if not amount:
        return "0.00"
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        plain = plain.quantize(Decimal("0.01"))
    return format(plain, "f")
