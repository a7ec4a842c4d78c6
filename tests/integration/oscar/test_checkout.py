from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from oscar.core.loading import get_model

from tests import shop
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.core import clock
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.stores import intake
from wagtail_drip.stores.models import Cart, Purchase


def take_in() -> int:
    done = 0
    while count := intake.take_in_due():
        done += count
    assert not Notice.objects.exclude(error="").exists(), list(Notice.objects.exclude(error="").values())
    return done


def names() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("name", flat=True))


def test_a_guests_purchase_becomes_a_contact_a_purchase_and_events(product):
    response = shop.buy_as_guest(Client(), product, drip_sms_consent="1")

    take_in()

    assert response["Location"] == "/shop/checkout/thank-you/"
    order = get_model("order", "Order").objects.get()
    contact = Contact.objects.get()
    assert (contact.active_phone, contact.email, contact.first_name, contact.region) == (
        shop.PHONE,
        "ada@example.com",
        "Ada",
        "GB",
    )
    purchase = Purchase.objects.get()
    assert (purchase.store, purchase.order_id, purchase.number) == ("oscar", str(order.pk), order.number)
    assert (purchase.contact_id, purchase.total, purchase.currency) == (contact.pk, Decimal("25.00"), "GBP")
    line = purchase.lines.get()
    assert (line.name, line.quantity, line.price, line.product_id) == (
        "Coffee beans",
        2,
        Decimal("12.50"),
        str(product.pk),
    )
    event = Event.objects.get(name="order_placed")
    assert event.contact_id == contact.pk
    assert event.properties["total"] == "25.00"
    assert event.properties["is_first_order"] is True
    assert event.properties["products"][0]["url"].startswith("https://shop.example/shop/catalogue/")
    assert event.match_due_at is not None
    assert Cart.objects.get().status == "converted"


def test_the_ticked_box_is_marketing_consent_with_its_words_and_the_number_may_be_used_for_the_order(product):
    client = Client(REMOTE_ADDR="203.0.113.7")
    shop.put_into_basket(client, product)
    shop.begin_as_guest(client)
    shop.send_address(client, drip_sms_consent="1")

    take_in()

    marketing = ConsentRecord.objects.get(purpose_group="marketing")
    assert (marketing.granted, marketing.method, marketing.ip) == (True, "checkout", "203.0.113.7")
    assert marketing.wording.startswith("Yes, text me offers and news from Test shop")
    assert len(marketing.wording_version) == 12
    transactional = ConsentRecord.objects.get(purpose_group="transactional")
    assert transactional.wording == "In case we need to call you about your order"
    assert set(Permission.objects.values_list("group", "granted")) == {
        ("marketing", True),
        ("transactional", True),
    }


def test_without_the_tick_nothing_is_agreed_to_but_the_order_itself(product):
    shop.buy_as_guest(Client(), product)

    take_in()

    assert list(Permission.objects.values_list("group", flat=True)) == ["transactional"]


def test_the_transactional_use_can_be_switched_off(product, settings):
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "STORES": {
            "oscar": {
                **settings.WAGTAIL_DRIP["STORES"]["oscar"],
                "OPTIONS": {"TRANSACTIONAL_FROM_CHECKOUT": False},
            }
        },
    }
    shop.buy_as_guest(Client(), product)

    take_in()

    assert Purchase.objects.count() == 1
    assert not ConsentRecord.objects.exists()


def test_the_page_shows_the_box_unticked_and_bound_to_the_form(product):
    client = Client()
    shop.put_into_basket(client, product)
    shop.begin_as_guest(client)

    page = client.get("/shop/checkout/shipping-address/").content.decode()

    assert page.count('name="drip_sms_consent"') == 1
    assert 'form="new_shipping_address"' in page
    assert 'id="new_shipping_address"' in page
    assert (
        "checked" not in page[page.index("drip-consent") : page.index("</label>", page.index("drip-consent"))]
    )
    assert "Yes, text me offers and news from Test shop" in page


def test_a_cart_left_at_the_address_step_is_a_checkout_with_a_contact(product):
    client = Client()
    basket = shop.put_into_basket(client, product)
    shop.begin_as_guest(client)
    shop.send_address(client)

    take_in()

    cart = Cart.objects.get()
    assert (cart.cart_id, cart.stage, cart.status) == (str(basket.pk), "checkout", "open")
    assert cart.contact == Contact.objects.get(active_phone=shop.PHONE)
    assert cart.total == Decimal("25.00")
    assert names().count("checkout_started") == 1
    started = Event.objects.get(name="checkout_started")
    assert started.properties["products"][0]["name"] == "Coffee beans"
    assert started.properties["recovery_url"].startswith("https://shop.example/drip/cart/oscar/")


@pytest.fixture
def customer(db):
    return get_user_model().objects.create_user(
        "ada", email="ada@example.com", password="a long password", first_name="Ada"
    )


def test_a_registered_customer_with_a_saved_address_is_known_by_its_number(product, customer):
    address = get_model("address", "UserAddress").objects.create(
        user=customer,
        first_name="Ada",
        last_name="Lovelace",
        line1="12 St James's Square",
        line4="London",
        postcode="SW1Y 4JH",
        country_id="GB",
        phone_number=shop.PHONE,
    )
    client = Client()
    client.force_login(customer)
    shop.put_into_basket(client, product)
    client.get("/shop/checkout/")
    page = client.get("/shop/checkout/shipping-address/").content.decode()
    client.post(
        "/shop/checkout/shipping-address/",
        {"action": "ship_to", "address_id": address.pk, "drip_sms_consent": "1"},
    )
    shop.pay(client)

    take_in()

    assert f'form="select_shipping_address_{address.pk}"' in page
    assert f'id="select_shipping_address_{address.pk}"' in page
    contact = Contact.objects.get(active_phone=shop.PHONE)
    assert Purchase.objects.get().contact == contact
    assert contact.identities.get(kind="user_id").value == str(customer.pk)
    assert Permission.objects.get(contact=contact, group="marketing").granted


def test_whoever_registers_with_a_number_and_the_box_is_welcome_to_a_message(product):
    client = Client()
    page = client.get("/shop/accounts/register/").content.decode()
    client.post(
        "/shop/accounts/register/",
        {
            "email": "grace@example.com",
            "password1": "a very long passphrase",
            "password2": "a very long passphrase",
            "drip_phone": "07400 123456",
            "drip_sms_consent": "1",
        },
    )

    take_in()

    assert 'name="drip_phone"' in page
    assert 'id="register_form"' in page
    contact = Contact.objects.get()
    assert (contact.active_phone, contact.email) == (shop.PHONE, "grace@example.com")
    event = Event.objects.get(name="customer_registered")
    assert event.contact == contact
    record = ConsentRecord.objects.get()
    assert (record.purpose_group, record.method, record.source) == (
        "marketing",
        "web_form",
        "oscar registration",
    )


def test_a_registration_without_a_number_is_a_contact_without_one(product):
    Client().post(
        "/shop/accounts/register/",
        {
            "email": "grace@example.com",
            "password1": "a very long passphrase",
            "password2": "a very long passphrase",
            "drip_sms_consent": "1",
        },
    )

    take_in()

    assert Contact.objects.get().active_phone is None
    assert not ConsentRecord.objects.exists()
    assert names() == ["customer_registered"]


def test_status_shipment_and_payment_change_the_purchase_and_tell_their_events(product):
    shop.buy_as_guest(Client(), product)
    take_in()
    order = get_model("order", "Order").objects.get()
    source_type = get_model("payment", "SourceType").objects.create(name="Card")
    source = get_model("payment", "Source").objects.create(
        order=order, source_type=source_type, currency="GBP", amount_debited=Decimal("25.00")
    )
    get_model("payment", "Transaction").objects.create(
        source=source, txn_type="Debit", amount=Decimal("25.00"), status="ok"
    )
    dispatched = get_model("order", "ShippingEventType").objects.create(name="Dispatched", code="dispatched")
    shipment = get_model("order", "ShippingEvent").objects.create(
        order=order, event_type=dispatched, notes="AB123456789GB"
    )
    for line in order.lines.all():
        get_model("order", "ShippingEventQuantity").objects.create(
            event=shipment, line=line, quantity=line.quantity
        )
    order.set_status("Being processed")
    order.set_status("Complete")
    get_model("payment", "Transaction").objects.create(
        source=source, txn_type="Refund", amount=Decimal("5.00"), status="ok"
    )

    take_in()

    paid = Event.objects.get(name="order_paid")
    assert (paid.properties["amount"], paid.properties["fully_paid"]) == ("25.00", True)
    fulfilled = Event.objects.get(name="order_fulfilled")
    assert fulfilled.properties["tracking_number"] == "AB123456789GB"
    assert fulfilled.properties["partial"] is False
    assert list(
        Event.objects.filter(name="order_status_changed")
        .order_by("pk")
        .values_list("properties__new_status", flat=True)
    ) == ["Being processed", "Complete"]
    refunded = Event.objects.get(name="order_refunded")
    assert (refunded.properties["amount"], refunded.properties["partial"]) == ("5.00", True)
    purchase = Purchase.objects.get()
    assert (purchase.status, purchase.refunded) == ("refunded", Decimal("5.00"))
    assert set(purchase.changes.values_list("status", flat=True)) == {
        "placed",
        "paid",
        "fulfilled",
        "refunded",
    }


def test_a_basket_that_is_emptied_closes_its_cart(product):
    client = Client()
    basket = shop.put_into_basket(client, product)
    take_in()
    assert Cart.objects.get().status == "open"
    basket.lines.all().delete()

    take_in()

    assert Cart.objects.get().status == "emptied"
    assert Cart.objects.get().sweep_due_at is None


def test_signing_in_moves_the_cart_to_its_owner(product, customer):
    client = Client()
    anonymous = shop.put_into_basket(client, product)
    take_in()
    client.post(
        "/shop/accounts/login/",
        {
            "login-username": "ada@example.com",
            "login-password": "a long password",
            "login_submit": "Log In",
        },
    )
    client.get("/shop/basket/")

    take_in()

    contact = Contact.objects.get()
    assert contact.identities.get(kind="user_id").value == str(customer.pk)
    old = Cart.objects.get(cart_id=str(anonymous.pk))
    new = Cart.objects.exclude(pk=old.pk).get()
    assert (old.status, old.sweep_due_at) == ("merged", None)
    assert (new.status, new.contact_id, new.total) == ("open", contact.pk, Decimal("25.00"))


def test_taking_in_twice_changes_nothing(product):
    shop.buy_as_guest(Client(), product, drip_sms_consent="1")
    take_in()
    before = (Event.objects.count(), Purchase.objects.count(), ConsentRecord.objects.count())
    Notice.objects.filter(kind="order_placed").update(due_at=clock.now() - timedelta(minutes=1))

    take_in()

    assert (Event.objects.count(), Purchase.objects.count(), ConsentRecord.objects.count()) == before


def test_what_happens_is_recorded_at_our_moment_and_not_at_the_shops(product):
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    shop.buy_as_guest(Client(), product)
    get_model("order", "Order").objects.update(date_placed=long_ago)

    take_in()

    event = Event.objects.get(name="order_placed")
    assert event.occurred_at == long_ago
    assert clock.now() - event.recorded_at < timedelta(minutes=5)
