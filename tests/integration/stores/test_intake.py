from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from tests import paper_shop as shop
from tests.paper_shop import PaperShop
from wagtail_drip import api
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.events import actions as events
from wagtail_drip.events import catalogue
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.stores import intake
from wagtail_drip.stores.models import Cart, Purchase
from wagtail_drip.stores.types import StoreChange


def place(numbers, *, site_id, now):
    for n in numbers:
        shop.order(n, site_id=site_id, now=now)
        shop.notice("order_placed", str(n), now=now)


def test_a_batch_asks_the_shop_once_and_costs_the_same_whatever_its_size(site_id, now):
    place(range(1, 60), site_id=site_id, now=now)
    intake.take_in_due(now=now)
    PaperShop.asked.clear()
    counts = []
    for size in (5, 40):
        # New orders of customers whom we know: returning customers are the usual case.
        for n in range(1, size + 1):
            shop.order(n, site_id=site_id, now=now, order_id=f"{size}-{n}")
            shop.notice("order_placed", f"{size}-{n}", now=now)
            shop.cart(f"{size}-{n}", owner=n)
            shop.touch(f"{size}-{n}", now=now)
        with CaptureQueriesContext(connection) as queries:
            intake.take_in_due(now=now)
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[1] <= 38
    assert PaperShop.asked == ["orders", "carts"] * 2
    assert Purchase.objects.count() == 59 + 45


def test_a_new_contact_costs_a_bounded_number_of_queries(site_id, now):
    counts = []
    for numbers in (range(1, 6), range(11, 31)):
        place(numbers, site_id=site_id, now=now)
        with CaptureQueriesContext(connection) as queries:
            intake.take_in_due(now=now)
        counts.append(len(queries))

    assert (counts[1] - counts[0]) / 15 <= 10


def test_a_notice_that_cannot_be_read_is_parked_after_five_attempts_and_stops_nobody(site_id, now):
    place([1, 2, 3], site_id=site_id, now=now)
    PaperShop.breaks_on.add("2")

    intake.take_in_due(now=now)

    assert set(Purchase.objects.values_list("order_id", flat=True)) == {"1", "3"}
    bad = Notice.objects.get(object_id="2")
    assert (bad.attempts, bad.error, bad.due_at) == (1, "ValueError", now + timedelta(seconds=30))
    later = now
    for _ in range(4):
        later = Notice.objects.get(pk=bad.pk).due_at
        intake.take_in_due(now=later)
    bad.refresh_from_db()
    assert (bad.attempts, bad.error, bad.due_at) == (5, "ValueError", None)
    assert intake.take_in_due(now=later + timedelta(days=1)) == 0


def test_an_order_that_is_not_there_yet_is_looked_for_again(site_id, now):
    shop.notice("order_placed", "1", now=now)
    intake.take_in_due(now=now)
    assert Notice.objects.get().error == "The shop does not know this object (yet)."
    shop.order(1, site_id=site_id, now=now)

    intake.take_in_due(now=now + timedelta(seconds=30))

    assert Purchase.objects.get().order_id == "1"
    assert (Notice.objects.get().error, Notice.objects.get().due_at) == ("", None)


def test_a_shop_that_is_not_configured_parks_its_notices_and_names_itself(site_id, now):
    shop.notice("order_placed", "1", now=now, store="nowhere")

    intake.take_in_due(now=now)

    assert 'WAGTAIL_DRIP["STORES"]["nowhere"] is missing' in Notice.objects.get().error


def test_an_envelope_without_what_its_event_needs_is_refused_by_name(site_id, now):
    envelope = {
        "event": "order_placed",
        "contact": {"phone": shop.number(1)},
        "properties": {"order_id": "1"},
    }
    shop.notice("order_placed", "", now=now, key="a", store="site", envelope=envelope)

    intake.take_in_due(now=now)

    assert Notice.objects.get().error == "InvalidEvent: The event order_placed needs the property 'currency'."
    assert not Contact.objects.exists()


def test_ten_touches_of_a_cart_are_one_look_as_new_as_the_newest(site_id, now):
    shop.cart("c1")
    for minute in range(10):
        shop.touch("c1", now=now + timedelta(minutes=minute))

    done = intake.take_in_due(now=now + timedelta(minutes=9))

    assert done == 10
    assert PaperShop.asked == ["carts"]
    cart = Cart.objects.get()
    assert (cart.revision, cart.last_activity_at) == (1, now + timedelta(minutes=9))
    assert cart.sweep_due_at == now + timedelta(minutes=69)
    assert (cart.total, cart.products[0]["price"]) == (Decimal("25.00"), "12.50")
    assert Event.objects.get().name == "cart_updated"
    assert not Notice.objects.filter(due_at__isnull=False).exists()


def test_nobodys_cart_is_mirrored_and_never_due(site_id, now):
    shop.cart("c1", owner=None)
    shop.touch("c1", now=now)

    intake.take_in_due(now=now)

    assert (Cart.objects.get().contact, Cart.objects.get().sweep_due_at) == (None, None)
    assert not Event.objects.exists()


def test_an_order_told_by_site_code_needs_no_adapter(site_id, now):
    envelope = {
        "event": "order_placed",
        "contact": {"phone": "07400 120001", "first_name": "Ada"},
        "consent": {"group": "marketing", "granted": True, "source": "our form", "method": "web_form"},
        "properties": {
            "order_id": 9,
            "currency": "GBP",
            "total": "10.00",
            "products": [{"product_id": 7, "name": "Tea", "price": "10.00"}],
        },
        "occurred_at": "2026-11-21T10:00:00+00:00",
    }
    shop.notice("order_placed", "", now=now, key="order:9", store="site", envelope=envelope)

    intake.take_in_due(now=now)

    purchase = Purchase.objects.get()
    assert (purchase.order_id, purchase.total, purchase.site_id) == ("9", Decimal("10.00"), site_id)
    assert purchase.contact.active_phone == "+447400120001"
    assert purchase.lines.get().name == "Tea"
    assert Permission.objects.get().granted
    event = Event.objects.get()
    assert (event.source, event.occurred_at.day, event.recorded_at) == ("api", 21, now)


def test_an_order_closes_what_its_buyer_had_open_but_not_what_comes_later(site_id, now):
    other = Site.objects.create(hostname="other.example", root_page=Site.objects.get(pk=site_id).root_page)
    for cart_id, hours in (("c1", -1), ("old", -30), ("later", 2)):
        shop.cart(cart_id)
        shop.touch(cart_id, now=now + timedelta(hours=hours))
    shop.cart("elsewhere", site_id=other.pk)
    shop.touch("elsewhere", now=now)
    shop.cart("of somebody else", owner=2)
    shop.touch("of somebody else", now=now)
    intake.take_in_due(now=now + timedelta(hours=3))
    shop.order(1, site_id=site_id, now=now)
    shop.notice("order_placed", "1", now=now)

    intake.take_in_due(now=now + timedelta(hours=3))

    assert dict(Cart.objects.values_list("cart_id", "status")) == {
        "c1": "converted",
        "old": "converted",
        "later": "open",
        "elsewhere": "open",
        "of somebody else": "open",
    }


def test_history_is_kept_and_starts_nothing(site_id, now):
    shop.order(1, site_id=site_id, now=now)
    shop.notice("order_placed", "1", now=now, envelope={"source": "backfill"})

    intake.take_in_due(now=now)

    event = Event.objects.get()
    assert (event.source, event.match_due_at) == ("backfill", None)
    assert Purchase.objects.count() == 1


def test_an_order_does_not_undo_a_refusal(site_id, now):
    contact = contacts.identify(shop.buyer(1), now=now)
    no = Consent(
        group=PurposeGroup.TRANSACTIONAL, granted=False, source="phone call", method=ConsentMethod.STAFF
    )
    contacts.record_consent(contact_id=contact.pk, site_id=site_id, consent=no, now=now)
    yes = Consent(
        group=PurposeGroup.TRANSACTIONAL, granted=True, source="checkout", method=ConsentMethod.CHECKOUT
    )
    shop.order(1, site_id=site_id, now=now, consents=(yes,))
    shop.notice("order_placed", "1", now=now)

    intake.take_in_due(now=now)

    assert Permission.objects.get().granted is False
    assert ConsentRecord.objects.count() == 1


def test_a_payment_of_an_order_we_never_heard_of_copies_the_order(site_id, now):
    shop.order(1, site_id=site_id, now=now)
    PaperShop.known_changes["p1"] = StoreChange(
        order_id="1", event="order_paid", key="order:1:paid", at=now, amount=Decimal("25.00")
    )
    shop.notice("payment", "p1", now=now)

    intake.take_in_due(now=now)

    purchase = Purchase.objects.get()
    assert purchase.status == "paid"
    assert list(purchase.changes.order_by("pk").values_list("status", "amount")) == [
        ("placed", Decimal("25.00")),
        ("paid", Decimal("25.00")),
    ]
    assert Event.objects.get().properties["amount"] == "25.00"


def test_a_late_payment_does_not_undo_a_cancellation(site_id, now):
    shop.order(1, site_id=site_id, now=now)
    for key, event in (("c", "order_cancelled"), ("p", "order_paid")):
        PaperShop.known_changes[key] = StoreChange(
            order_id="1", event=event, key=f"order:1:{event}", at=now, amount=Decimal("25.00")
        )
        shop.notice("payment", key, now=now)
        intake.take_in_due(now=now)

    assert Purchase.objects.get().status == "cancelled"


def test_what_names_only_a_cart_is_told_of_the_carts_contact(site_id, now):
    shop.cart("c1")
    shop.touch("c1", now=now)
    envelope = {"event": "coupon_applied", "contact": None, "properties": {"coupon": "TEN", "cart_id": "c1"}}
    shop.notice("coupon_applied", "", now=now, key="coupon", envelope=envelope)

    intake.take_in_due(now=now)

    assert Event.objects.get(name="coupon_applied").contact == Contact.objects.get()


def test_a_checkout_begun_without_a_number_is_told_when_the_number_comes(site_id, now):
    shop.cart("c1", owner=None)
    shop.notice("checkout_started", "c1", now=now, key="first", envelope={"email": "ada@example.com"})
    intake.take_in_due(now=now)
    assert not Event.objects.exists()
    envelope = {
        "event": "checkout_started",
        "event_key": "checkout:c1",
        "contact": {"email": "ada@example.com", "phone": shop.number(1)},
        "properties": {"cart_id": "c1", "checkout_id": "c1"},
        "site_id": site_id,
    }
    for key in ("second", "again"):
        shop.notice("checkout_captured", "c1", now=now, key=key, envelope=envelope)

    intake.take_in_due(now=now)

    event = Event.objects.get()
    assert (event.name, event.key, event.contact) == (
        "checkout_started",
        "checkout:c1",
        Contact.objects.get(),
    )
    assert event.properties["products"][0]["name"] == "Coffee beans"
    assert Cart.objects.get().stage == "checkout"


def test_an_order_that_is_told_again_of_somebody_else_is_written_down(site_id, now):
    ada = {"phone": "+447400111111"}
    bob = {"phone": "+447400222222"}
    for number, contact in enumerate((ada, bob)):
        told = {**catalogue.sample("order_placed"), "order_id": "A1"}
        assert api.emit("order_placed", key=f"order:{number}", contact=contact, properties=told)

    intake.take_in_due(now=clock.now())

    assert not Notice.objects.exclude(error="")
    assert [each.properties["is_first_order"] for each in Event.objects.order_by("pk")] == [True, True]


def test_a_second_order_is_not_the_first(site_id, now):
    place([1], site_id=site_id, now=now)
    intake.take_in_due(now=now)
    shop.order(1, site_id=site_id, now=now, order_id="100", placed_at=now + timedelta(days=1))
    shop.notice("order_placed", "100", now=now)

    intake.take_in_due(now=now)

    told = {each.properties["order_id"]: each.properties["is_first_order"] for each in Event.objects.all()}
    assert told == {"1": True, "100": False}


def test_switched_off_nothing_is_taken_in(site_id, now, settings):
    place([1], site_id=site_id, now=now)
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ENABLED": False}

    assert intake.take_in_due(now=now) == 0
    assert Notice.objects.get().due_at == now


def test_a_notice_of_tomorrow_waits(site_id, now):
    place([1], site_id=site_id, now=now + timedelta(days=1))

    assert intake.take_in_due(now=now) == 0


@pytest.mark.parametrize("field", ["key", "store"])
def test_a_repeated_notice_is_one_only_within_its_store(site_id, now, field):
    shop.notice("order_placed", "1", now=now, key="same", store="paper")
    other = {"key": "other", "store": "paper"} if field == "key" else {"key": "same", "store": "far"}

    shop.notice("order_placed", "1", now=now, key="same", store="paper")
    shop.notice("order_placed", "1", now=now, **other)

    assert Notice.objects.count() == 2


def test_an_unknown_kind_says_so(site_id, now):
    events.write_notice(store="paper", kind="something", key="x", now=now)

    intake.take_in_due(now=now)

    assert Notice.objects.get().error == "No adapter reads this kind of notice."


def test_a_new_number_takes_the_customers_cart_of_the_same_batch_along(site_id, now):
    place([1], site_id=site_id, now=now)
    intake.take_in_due(now=now)
    account = Identity(store="paper", user_id="1")
    shop.cart("c9", identity=account)
    shop.touch("c9", now=now)
    shop.order(
        1, site_id=site_id, now=now, order_id="2", identity=replace(account, phone=shop.number(2)), cart_id=""
    )
    shop.notice("order_placed", "2", now=now)

    intake.take_in_due(now=now)

    new = Contact.objects.get(active_phone=shop.number(2))
    assert Purchase.objects.get(order_id="2").contact == new
    assert Cart.objects.get().contact == new
    assert new.identities.get(kind="user_id").value == "1"
