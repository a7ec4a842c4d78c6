"""Every shop's adapter that we ship keeps the contract that we ship."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest
from django.test import Client
from oscar.core.loading import get_model

from tests import paper_shop
from tests import shop as oscar_shop
from tests.paper_shop import PaperShop
from wagtail_drip.contrib.oscar.adapter import OscarAdapter
from wagtail_drip.test.store_contract import StoreContract


class TestOscar(StoreContract):
    def make_adapter(self):
        return OscarAdapter(alias="oscar", options={})

    def make_order(self):
        oscar_shop.buy_as_guest(Client(), self._product())
        return str(get_model("order", "Order").objects.order_by("-pk").first().pk)

    def make_cart(self):
        return str(oscar_shop.put_into_basket(Client(), self._product()).pk)

    def _product(self):
        # A new article each time: what is fetched for one must not be fetched once for each.
        return oscar_shop.stock()


class TestAShopOnPaper(StoreContract):
    @pytest.fixture(autouse=True)
    def _clean(self):
        self.ids = count(1)
        yield
        PaperShop.forget()

    def make_adapter(self):
        return PaperShop(alias="paper", options={})

    def make_order(self):
        now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        return paper_shop.order(next(self.ids), site_id=1, now=now).order_id

    def make_cart(self):
        return paper_shop.cart(f"c{next(self.ids)}").cart_id
