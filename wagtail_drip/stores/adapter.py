"""The interface that a shop's adapter implements. All it is asked, it is asked for a whole batch at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from wagtail_drip.stores.types import StoreCart, StoreChange, StoreCustomer, StoreLine, StoreOrder


class StoreAdapter(ABC):
    """
    Answers for one shop, from a worker, never from a shopper's request.

    Each method takes ids as texts and returns what it found by id; an id that the shop does not know is
    left out. The number of queries must not depend on the number of ids. ``orders``, ``carts`` and
    ``carts_live`` are needed; the others say that the shop has no such thing.

    :param alias: the key under ``WAGTAIL_DRIP["STORES"]``; the ``store`` of all its rows.
    :param options: the ``OPTIONS`` of the setting.
    """

    #: What staff see.
    label: str = ""
    #: True where answering costs no network: then the last check before a message asks the shop itself.
    is_local: bool = True

    def __init__(self, *, alias: str, options: Mapping[str, Any]) -> None:
        self.alias = alias
        self.options = options

    @abstractmethod
    def orders(self, ids: Collection[str]) -> dict[str, StoreOrder]:
        """Return the orders with their lines and buyers."""

    @abstractmethod
    def carts(self, ids: Collection[str]) -> dict[str, StoreCart | None]:
        """Return the carts with their lines; None where the cart is gone."""

    @abstractmethod
    def carts_live(self, ids: Collection[str]) -> dict[str, bool]:
        """Tell of each cart whether it still waits to be bought: it has lines, and no order."""

    def customers(self, ids: Collection[str]) -> dict[str, StoreCustomer]:
        return {}

    def payments(self, ids: Collection[str]) -> dict[str, StoreChange]:
        """Return payments and refunds by their own ids."""
        return {}

    def shipments(self, ids: Collection[str]) -> dict[str, StoreChange]:
        """Return shipping events by their own ids."""
        return {}

    def products(self, ids: Collection[str]) -> dict[str, StoreLine]:
        return {}

    def in_stock(self, ids: Collection[str]) -> dict[str, bool]:
        """Tell of each product whether it can be bought now."""
        return {}

    def status_event(self, status: str) -> str:
        """Return the event that an order's new status means in this shop; '' for none."""
        return ""

    def recovery_url(self, cart_id: str) -> str:
        """Return an absolute address that brings the cart back in any browser, signing nobody in."""
        return ""

    def recovery_response(self, request: HttpRequest, token: str) -> HttpResponse:
        """Answer somebody who comes by ``recovery_url`` to ``cart/<alias>/<token>/`` below our urls."""
        raise Http404

    def order_ids_since(self, moment: datetime, *, limit: int) -> list[str]:
        """
        Return at most *limit* orders placed at or after *moment*, oldest first.

        Those that we have no trace of are taken in; the shop's own notices of placed orders have the key
        ``order:<id>:placed``, so that an order is never told twice.
        """
        return []
