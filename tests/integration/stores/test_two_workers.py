"""Two workers take in the same shop at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from tests import paper_shop as shop
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.stores import abandonment, intake
from wagtail_drip.stores.models import Cart, Purchase

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time: nothing to race"),
]


def in_two_threads(work: Callable[[], int]) -> None:
    together, failed = Barrier(2), []

    def run() -> None:
        try:
            together.wait(10)
            for _ in range(20):
                work()
        except Exception as error:  # noqa: BLE001 -- handed to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_the_same_buyers_in_both_batches_are_one_contact_each(now: Any) -> None:
    from wagtail.models import Site

    site_id = Site.objects.get(is_default_site=True).pk
    for order in range(60):
        # Ten people, six orders each, in an order that makes two workers meet.
        buyer = order % 10
        shop.order(buyer, site_id=site_id, now=now, order_id=str(order), cart_id=f"c{order}")
        shop.cart(f"c{order}", owner=buyer)
        shop.touch(f"c{order}", now=now)
        shop.notice("order_placed", str(order), now=now)

    in_two_threads(lambda: intake.take_in_due(now=now, limit=7))

    assert not Notice.objects.exclude(error="").exists()
    assert not Notice.objects.filter(due_at__isnull=False).exists()
    assert Contact.objects.exclude(active_phone=None).count() == 10
    assert ContactIdentity.objects.count() == 10
    assert Purchase.objects.count() == 60
    assert Event.objects.filter(name="order_placed").count() == 60
    assert Cart.objects.filter(status="open").count() == 0


def test_a_cart_is_left_behind_once_whoever_sweeps(now: Any) -> None:
    for n in range(40):
        shop.cart(f"c{n}", owner=n)
        shop.touch(f"c{n}", now=now)
    intake.take_in_due(now=now)

    in_two_threads(lambda: abandonment.sweep_due(now=now + timedelta(hours=1), limit=5))

    assert Event.objects.filter(name="cart_abandoned").count() == 40
    assert not Cart.objects.exclude(error="").exists()
