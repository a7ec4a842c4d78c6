"""What somebody's orders come to: always what the purchases say, in whichever order the shop's messages arrive."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from itertools import permutations
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import paper_shop as shop
from tests.paper_shop import PaperShop
from wagtail_drip.contacts.models import Contact
from wagtail_drip.stores import intake, tallies
from wagtail_drip.stores.models import Purchase, PurchaseTally, SpendTally
from wagtail_drip.stores.types import StoreChange

pytestmark = pytest.mark.django_db


def kept() -> list[tuple[Any, ...]]:
    rows = PurchaseTally.objects.order_by("contact_id").values_list("contact_id", "n", "first_at", "last_at")
    return list(rows)


def spent() -> list[tuple[str, int, Decimal]]:
    return list(SpendTally.objects.order_by("contact_id", "currency").values_list("currency", "n", "spent"))


def change(key: str, order_id: str, event: str, *, now: datetime, amount: str | None = None) -> None:
    PaperShop.known_changes[key] = StoreChange(
        order_id=order_id,
        event=event,
        key=key,
        amount=Decimal(amount) if amount else None,
        at=now,
    )
    shop.notice("payment", key, now=now)


def test_the_orders_of_a_batch_are_counted_by_person_and_currency(site_id: int, now: datetime) -> None:
    day = timedelta(days=1)
    shop.order(1, site_id=site_id, now=now, order_id="a", placed_at=now - 9 * day)
    shop.order(1, site_id=site_id, now=now, order_id="b", placed_at=now - 2 * day, total=Decimal("10.01"))
    shop.order(1, site_id=site_id, now=now, order_id="c", placed_at=now - 5 * day, currency="EUR")
    shop.order(2, site_id=site_id, now=now, order_id="d", placed_at=now)
    for each in "bdca":
        shop.notice("order_placed", each, now=now)

    intake.take_in_due(now=now)

    one, two = (Contact.objects.get(phone=shop.number(n)).pk for n in (1, 2))
    assert sorted(kept()) == sorted([(one, 3, now - 9 * day, now - 2 * day), (two, 1, now, now)])
    assert sorted(spent()) == [("EUR", 1, 25), ("GBP", 1, 25), ("GBP", 2, Decimal("35.01"))]
    assert tallies.wrong([one, two]) == []


MESSAGES = ("order", "order again", "refund", "cancelled")


@pytest.mark.parametrize("order", list(permutations(MESSAGES)), ids=" then ".join)
def test_refunds_and_cancellations_come_in_any_order_and_twice(
    site_id: int, now: datetime, order: tuple[str, ...]
) -> None:
    shop.order(1, site_id=site_id, now=now, order_id="a", placed_at=now - timedelta(days=3))
    shop.order(1, site_id=site_id, now=now, order_id="b", placed_at=now - timedelta(days=1))

    def say(what: str) -> None:
        if what.startswith("order"):
            shop.notice("order_placed", "a", now=now, key=what)
            shop.notice("order_placed", "b", now=now, key=f"{what} b")
        elif what == "refund":
            change("r", "a", "order_refunded", now=now, amount="5.50")
        else:
            change("x", "b", "order_cancelled", now=now)

    for what in order:
        say(what)
        intake.take_in_due(now=now)
    # What told of an order before it came is told again by the shop.
    for what in ("refund", "cancelled"):
        shop.notice("payment", "r" if what == "refund" else "x", now=now, key=f"{what} again")
    intake.take_in_due(now=now)

    contact = Contact.objects.get()
    assert kept() == [(contact.pk, 1, now - timedelta(days=3), now - timedelta(days=3))]
    assert spent() == [("GBP", 1, Decimal("19.50"))]
    assert tallies.wrong([contact.pk]) == []


def test_nothing_is_left_when_the_only_order_is_cancelled(site_id: int, now: datetime) -> None:
    shop.order(1, site_id=site_id, now=now, order_id="a")
    shop.notice("order_placed", "a", now=now)
    intake.take_in_due(now=now)
    change("x", "a", "order_cancelled", now=now)

    intake.take_in_due(now=now)

    assert kept() == [(Contact.objects.get().pk, 0, None, None)]
    assert spent() == [("GBP", 0, Decimal(0))]


def test_orders_of_who_was_merged_count_for_who_speaks_for_them(site_id: int, now: datetime) -> None:
    for n in (1, 2):
        shop.order(n, site_id=site_id, now=now)
        shop.notice("order_placed", str(n), now=now)
    intake.take_in_due(now=now)
    one, two = (Contact.objects.get(phone=shop.number(n)) for n in (1, 2))
    Contact.objects.filter(pk=two.pk).update(merged_into=one)
    assert tallies.wrong([one.pk, two.pk]) == [one.pk, two.pk]

    with transaction.atomic():
        tallies.refresh([two.pk])

    assert kept() == [(one.pk, 2, now, now)]
    assert spent() == [("GBP", 2, Decimal(50))]
    Contact.objects.filter(pk=two.pk).update(merged_into=None)
    with transaction.atomic():
        tallies.refresh([one.pk, two.pk])
    assert kept() == [(one.pk, 1, now, now), (two.pk, 1, now, now)]
    assert tallies.wrong([one.pk, two.pk]) == []


def test_it_asks_as_much_for_forty_people_as_for_four(site_id: int, now: datetime) -> None:
    for n in range(40):
        shop.order(n, site_id=site_id, now=now)
        shop.notice("order_placed", str(n), now=now)
    intake.take_in_due(now=now)
    people = list(Contact.objects.values_list("pk", flat=True))
    assert len(people) == 40
    counts = []
    for some in (people[:4], people):
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            tallies.refresh(some)
        counts.append(len([each for each in queries if "SAVEPOINT" not in each["sql"]]))

    assert counts[0] == counts[1]
    assert counts[1] <= 8


def test_the_command_finds_what_differs_and_makes_it_right(site_id: int, now: datetime) -> None:
    for n in (1, 2, 3):
        shop.order(n, site_id=site_id, now=now)
        shop.notice("order_placed", str(n), now=now)
    intake.take_in_due(now=now)
    one = Contact.objects.get(phone=shop.number(1))
    Purchase.objects.filter(contact=one).update(status="cancelled")
    # As after an upgrade: they bought, and nothing was counted yet.
    PurchaseTally.objects.exclude(contact=one).delete()
    SpendTally.objects.exclude(contact=one).delete()

    said, repaired = StringIO(), StringIO()
    with pytest.raises(CommandError, match=r"3 contacts.*--orders --repair"):
        call_command("drip_check", "--orders", stdout=said)
    call_command("drip_check", "--orders", "--repair", stdout=repaired)

    assert f"- Contact {one.pk}" in said.getvalue()
    assert "The orders of 3 contacts were counted anew." in repaired.getvalue()
    assert [n for _pk, n, _first, _last in kept()] == [0, 1, 1]
    call_command("drip_check", "--orders", stdout=StringIO())
