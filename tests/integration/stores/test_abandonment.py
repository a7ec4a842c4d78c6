from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import paper_shop as shop
from tests.paper_shop import PaperShop
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.stores import abandonment, intake
from wagtail_drip.stores.models import Cart

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def leave(cart_id: str, *, at: datetime, owner: int | None = 1, **fields: Any) -> None:
    """Somebody touches a cart for the last time."""
    shop.cart(cart_id, owner=owner, **fields)
    shop.touch(cart_id, now=at)
    intake.take_in_due(now=at)


def left() -> list[tuple[str, str]]:
    rows = Event.objects.filter(name__in=["cart_abandoned", "checkout_abandoned"]).order_by("pk")
    return [(row.name, row.properties["cart_id"]) for row in rows]


def sweep(now: datetime) -> None:
    while abandonment.sweep_due(now=now):
        pass


def test_a_cart_is_left_behind_after_an_hour_and_not_a_second_sooner(site_id, now):
    leave("c1", at=now)

    sweep(now + HOUR - timedelta(seconds=1))
    assert left() == []
    sweep(now + HOUR)

    assert left() == [("cart_abandoned", "c1")]
    event = Event.objects.get(name="cart_abandoned")
    assert event.source == "sweep"
    assert event.recorded_at == now + HOUR
    assert event.match_due_at == now + HOUR
    assert event.properties == {
        "cart_id": "c1",
        "currency": "GBP",
        "total": "25.00",
        "products": [shop.BEANS.as_product()],
        "items_count": 2,
        "recovery_url": "https://shop.example/back/c1",
        "abandoned_at": (now + HOUR).isoformat(),
        "idle_seconds": 3600,
    }


def test_a_checkout_is_left_unfinished_after_a_quarter_of_an_hour(site_id, now):
    shop.cart("c1")
    shop.notice("checkout_started", "c1", now=now)
    intake.take_in_due(now=now)

    sweep(now + 14 * MINUTE)
    assert left() == []
    sweep(now + 15 * MINUTE)

    assert left() == [("checkout_abandoned", "c1")]
    assert Event.objects.get(name="checkout_abandoned").properties["checkout_id"] == "c1"


def test_a_cart_is_left_behind_once(site_id, now):
    leave("c1", at=now)
    sweep(now + HOUR)

    sweep(now + 2 * HOUR)
    sweep(now + 30 * HOUR)

    assert len(left()) == 1
    assert Cart.objects.get().sweep_due_at is None


def test_a_touch_meanwhile_starts_the_hour_again(site_id, now):
    leave("c1", at=now)
    leave("c1", at=now + 30 * MINUTE)

    sweep(now + HOUR)
    assert left() == []
    sweep(now + 90 * MINUTE)

    assert left() == [("cart_abandoned", "c1")]


def test_a_contact_hears_of_carts_once_a_week(site_id, now):
    leave("c1", at=now)
    sweep(now + HOUR)
    leave("c1", at=now + 2 * HOUR)
    sweep(now + 3 * HOUR)
    leave("c2", at=now + timedelta(days=6))
    sweep(now + timedelta(days=6) + HOUR)
    assert left() == [("cart_abandoned", "c1")]

    leave("c2", at=now + timedelta(days=8))
    sweep(now + timedelta(days=8) + HOUR)

    assert left() == [("cart_abandoned", "c1"), ("cart_abandoned", "c2")]


def test_only_the_newest_of_several_carts_counts(site_id, now):
    leave("older", at=now - 10 * MINUTE)
    leave("newer", at=now)

    sweep(now + HOUR)

    assert left() == [("cart_abandoned", "newer")]


def test_a_worker_that_was_down_does_not_text_about_yesterday(site_id, now):
    leave("c1", at=now)

    sweep(now + 24 * HOUR + timedelta(seconds=1))

    assert left() == []
    assert Cart.objects.get().status == "expired"


def test_an_expired_cart_lives_again_when_it_is_touched(site_id, now):
    leave("c1", at=now)
    sweep(now + 25 * HOUR)

    leave("c1", at=now + 26 * HOUR)
    sweep(now + 27 * HOUR)

    assert left() == [("cart_abandoned", "c1")]


def test_nobodys_cart_is_never_left_behind(site_id, now):
    leave("c1", at=now, owner=None)

    sweep(now + HOUR)

    assert left() == []


@pytest.mark.parametrize("status", ["converted", "merged", "emptied"])
def test_the_shop_has_the_last_word(site_id, now, status):
    leave("c1", at=now)
    shop.cart("c1", status=status)

    sweep(now + HOUR)

    assert left() == []
    assert Cart.objects.get().status == status


def test_a_cart_that_the_shop_has_forgotten_is_closed(site_id, now):
    leave("c1", at=now)
    PaperShop.known_carts.clear()

    sweep(now + HOUR)

    assert (left(), Cart.objects.get().status) == ([], "emptied")


def test_an_order_from_another_cart_answers_for_this_one(site_id, now):
    leave("c1", at=now)
    shop.order(1, site_id=site_id, now=now + 5 * MINUTE, cart_id="another")
    shop.notice("order_placed", "1", now=now + 5 * MINUTE)
    intake.take_in_due(now=now + 5 * MINUTE)

    sweep(now + HOUR)

    assert (left(), Cart.objects.get().status) == ([], "converted")


def test_a_far_shop_is_not_asked_and_its_mirror_counts(site_id, now):
    envelope = {
        "event": "cart_updated",
        "contact": {"phone": shop.number(1)},
        "properties": {
            "cart_id": "c1",
            "currency": "GBP",
            "total": "8.00",
            "products": [{"product_id": "7", "name": "Tea", "price": "8.00"}],
        },
    }
    shop.notice("cart_updated", "", now=now, key="k", store="far", envelope=envelope)
    intake.take_in_due(now=now)
    PaperShop.asked.clear()

    sweep(now + HOUR)

    assert left() == [("cart_abandoned", "c1")]
    assert PaperShop.asked == []


def test_a_cart_that_breaks_the_shop_stops_no_other(site_id, now):
    leave("c1", at=now, owner=1)
    leave("c2", at=now, owner=2)
    PaperShop.breaks_on.add("c1")

    abandonment.sweep_due(now=now + HOUR)

    assert left() == [("cart_abandoned", "c2")]
    bad = Cart.objects.get(cart_id="c1")
    assert (bad.attempts, bad.error, bad.sweep_due_at) == (1, "ValueError", now + HOUR + MINUTE)


def test_a_sweep_costs_the_same_whatever_its_size(site_id, now):
    counts = []
    for size, start in ((3, 0), (30, 100)):
        for n in range(start, start + size):
            shop.cart(f"c{n}", owner=n)
            shop.touch(f"c{n}", now=now)
        intake.take_in_due(now=now)
        assert not Notice.objects.exclude(error="").exists()
        PaperShop.asked.clear()
        with CaptureQueriesContext(connection) as queries:
            done = abandonment.sweep_due(now=now + HOUR)
        assert (done, PaperShop.asked) == (size, ["carts"])
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert len(left()) == 33
