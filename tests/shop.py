"""A small Oscar shop, and somebody who buys in it through Oscar's own pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.test import Client
from oscar.core.loading import get_model
from oscar.test import factories

PHONE = "+447400123456"
ADDRESS = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "line1": "12 St James's Square",
    "line4": "London",
    "postcode": "SW1Y 4JH",
    "country": "GB",
    "phone_number": PHONE,
}


def stock() -> Any:
    """Return a product at 12.50, ten in stock, sent by post."""
    country = get_model("address", "Country")
    country.objects.get_or_create(
        iso_3166_1_a2="GB",
        defaults={
            "iso_3166_1_a3": "GBR",
            "iso_3166_1_numeric": "826",
            "printable_name": "United Kingdom",
            "name": "United Kingdom",
            "is_shipping_country": True,
        },
    )
    product = factories.create_product(
        title="Coffee beans", price=Decimal("12.50"), num_in_stock=10, partner_name="Roastery"
    )
    return product


def put_into_basket(client: Client, product: Any, quantity: int = 2) -> Any:
    response = client.post(f"/shop/basket/add/{product.pk}/", {"quantity": quantity, "action": "add"})
    assert response.status_code == 302, response.content
    return get_model("basket", "Basket").objects.order_by("-pk").first()


def begin_as_guest(client: Client, email: str = "ada@example.com") -> None:
    response = client.post("/shop/checkout/", {"username": email, "options": "anonymous"})
    assert response["Location"] == "/shop/checkout/shipping-address/"


def send_address(client: Client, **extra: str) -> Any:
    response = client.post("/shop/checkout/shipping-address/", {**ADDRESS, **extra})
    assert response.status_code == 302, response.content
    return response


def pay(client: Client) -> Any:
    """Go from the accepted address to the placed order, and return the last page's answer."""
    client.get("/shop/checkout/shipping-method/")
    client.get("/shop/checkout/payment-method/")
    client.get("/shop/checkout/payment-details/")
    client.get("/shop/checkout/preview/")
    return client.post("/shop/checkout/preview/", {"action": "place_order"})


def buy_as_guest(client: Client, product: Any, *, email: str = "ada@example.com", **extra: str) -> Any:
    put_into_basket(client, product)
    begin_as_guest(client, email)
    send_address(client, **extra)
    return pay(client)
