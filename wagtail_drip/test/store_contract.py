"""
What every shop's adapter must do, as tests that you inherit.

::

    class TestMyShop(StoreContract):
        def make_adapter(self): ...
        def make_order(self) -> str: ...
        def make_cart(self) -> str: ...

The three make what their names say, with one product at least, and return the adapter or the id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.events import catalogue
from wagtail_drip.stores.adapter import StoreAdapter
from wagtail_drip.stores.happenings import cart_properties, order_properties
from wagtail_drip.stores.types import StoreCart

UNKNOWN = ("", "0", "no such id", "99999999999", "-1", "١٢")


@pytest.mark.django_db
class StoreContract:
    """Inherit it in a class whose name begins with ``Test``."""

    def make_adapter(self) -> StoreAdapter:
        raise NotImplementedError

    def make_order(self) -> str:
        """Place an order and return its id."""
        raise NotImplementedError

    def make_cart(self) -> str:
        """Fill a cart and return its id."""
        raise NotImplementedError

    def test_an_order_tells_who_bought_what_for_how_much(self) -> None:
        order_id = self.make_order()

        order = self.make_adapter().orders([order_id])[order_id]

        assert order.order_id == order_id
        assert order.site_id
        assert len(order.currency) == 3
        assert isinstance(order.total, Decimal)
        assert order.placed_at.tzinfo is not None
        assert order.identity.phone or order.identity.email or order.identity.user_id
        assert order.lines
        catalogue.validate("order_placed", order_properties(order))

    def test_an_identity_names_the_shop_that_its_keys_belong_to(self) -> None:
        adapter = self.make_adapter()
        order_id = self.make_order()

        identity = adapter.orders([order_id])[order_id].identity

        if identity.user_id or identity.external_id or identity.anonymous_id:
            assert identity.store == adapter.alias

    def test_a_cart_tells_what_is_in_it(self) -> None:
        cart_id = self.make_cart()

        cart = self._cart(cart_id)

        assert (cart.cart_id, cart.status) == (cart_id, "open")
        assert cart.lines
        catalogue.validate("cart_updated", cart_properties(cart))

    def test_a_cart_that_waits_is_live(self) -> None:
        cart_id = self.make_cart()

        assert self.make_adapter().carts_live([cart_id]) == {cart_id: True}

    def test_what_it_does_not_know_it_leaves_out_and_never_fails(self) -> None:
        adapter = self.make_adapter()

        assert adapter.orders(UNKNOWN) == {}
        assert not any(adapter.carts(UNKNOWN).values())
        assert not any(adapter.carts_live(UNKNOWN).values())
        assert adapter.customers(UNKNOWN) == {}
        assert adapter.payments(UNKNOWN) == {}
        assert adapter.shipments(UNKNOWN) == {}
        assert adapter.products(UNKNOWN) == {}
        assert not any(adapter.in_stock(UNKNOWN).values())

    def test_asked_for_nothing_it_answers_nothing(self) -> None:
        adapter = self.make_adapter()

        assert (adapter.orders([]), adapter.carts([]), adapter.carts_live([])) == ({}, {}, {})

    def test_the_number_of_queries_does_not_depend_on_the_number_of_ids(self) -> None:
        adapter = self.make_adapter()
        orders = [self.make_order() for _ in range(5)]
        carts = [self.make_cart() for _ in range(5)]
        self._ask(adapter, orders[:1], carts[:1])

        few = self._ask(adapter, orders[:2], carts[:2])
        many = self._ask(adapter, orders, carts)

        assert few == many

    def test_orders_since_a_moment_come_oldest_first_and_no_more_than_asked_for(self) -> None:
        adapter = self.make_adapter()
        before = datetime(2000, 1, 1, tzinfo=UTC)
        orders = [self.make_order() for _ in range(3)]

        found = adapter.order_ids_since(before, limit=2)

        assert found in ([], orders[:2])

    def test_the_way_back_to_a_cart_is_an_absolute_address(self) -> None:
        url = self.make_adapter().recovery_url(self.make_cart())

        assert url == "" or url.startswith(("https://", "http://"))

    def _cart(self, cart_id: str) -> StoreCart:
        cart = self.make_adapter().carts([cart_id])[cart_id]
        assert cart is not None
        return cart

    def _ask(self, adapter: StoreAdapter, orders: list[str], carts: list[str]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert set(adapter.orders(orders)) == set(orders)
            assert set(adapter.carts(carts)) == set(carts)
            assert set(adapter.carts_live(carts)) == set(carts)
        return len(queries)
