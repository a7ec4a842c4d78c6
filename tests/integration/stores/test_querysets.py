from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import paper_shop as shop
from wagtail_drip.contacts.models import Contact
from wagtail_drip.stores import intake, querysets
from wagtail_drip.stores.models import Cart, Purchase

DAY = timedelta(days=1)


def place(order_id, *, owner, site_id, at, **fields):
    shop.order(owner, site_id=site_id, now=at, order_id=order_id, **fields)
    shop.notice("order_placed", order_id, now=at)
    intake.take_in_due(now=at)


def test_the_latest_purchase_counts_unless_one_is_named(site_id, now):
    place("1", owner=1, site_id=site_id, at=now)
    place("2", owner=1, site_id=site_id, at=now + DAY)
    contact = Contact.objects.get()

    assert querysets.latest_purchases([contact.pk])[contact.pk].order_id == "2"
    assert querysets.latest_purchases([contact.pk], {contact.pk: "1"})[contact.pk].order_id == "1"
    assert querysets.latest_purchases([contact.pk], {contact.pk: "unknown"})[contact.pk].order_id == "2"


def test_a_cancelled_purchase_is_not_the_latest(site_id, now):
    place("1", owner=1, site_id=site_id, at=now)
    place("2", owner=1, site_id=site_id, at=now + DAY)
    Purchase.objects.filter(order_id="2").update(status="cancelled")
    contact = Contact.objects.get()

    assert querysets.latest_purchases([contact.pk])[contact.pk].order_id == "1"


def test_the_newest_open_cart_counts_unless_one_is_named(site_id, now):
    for minutes, cart_id in enumerate(("a", "b", "c")):
        shop.cart(cart_id)
        shop.touch(cart_id, now=now + timedelta(minutes=minutes))
    intake.take_in_due(now=now + DAY)
    Cart.objects.filter(cart_id="c").update(status="converted")
    contact = Contact.objects.get()

    assert querysets.open_carts([contact.pk])[contact.pk].cart_id == "b"
    assert querysets.open_carts([contact.pk], {contact.pk: "a"})[contact.pk].cart_id == "a"
    assert querysets.open_carts([contact.pk], {contact.pk: "c"})[contact.pk].cart_id == "c"


def test_reading_costs_the_same_for_one_and_for_many(site_id, now):
    for n in range(12):
        place(str(n), owner=n, site_id=site_id, at=now)
    everybody = list(Contact.objects.values_list("pk", flat=True))
    counts = []
    for some in (everybody[:1], everybody):
        with CaptureQueriesContext(connection) as queries:
            purchases = querysets.latest_purchases(some)
            querysets.open_carts(some)
        assert len(purchases) == len(some)
        assert purchases[some[0]].lines.all()[0].name == "Coffee beans"
        counts.append(len(queries))

    assert counts == [4, 4]
