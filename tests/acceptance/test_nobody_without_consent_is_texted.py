from __future__ import annotations

import pytest
from django.test import Client
from oscar.core.loading import get_model

from tests import shop
from tests.acceptance.town import Town, fates
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def offer(town: Town) -> Sequence:
    return live_sequence(
        name="Offer",
        purpose="promotional",
        trigger="order_placed",
        reentry="always",
        keyed=True,
        steps=[("send_message", {"name": "Offer", "text": "New beans for {{ contact.first_name }}!"})],
    )


def test_nobody_without_consent_is_texted(town: Town, offer: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product)

    town.settle()
    town.let_pass(days=30)

    assert get_model("order", "Order").objects.count() == 1
    assert town.phone(shop.PHONE).screen() == []
    message = Message.objects.get()
    assert (message.state, message.reason, message.body, message.handed_over_at) == (
        "skipped",
        "no_consent",
        "",
        None,
    )


def test_who_ticks_the_box_is(town: Town, offer: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")

    town.settle()

    assert town.phone(shop.PHONE).texts() == ["New beans for Ada!"]
    record = ConsentRecord.objects.get(purpose_group="marketing")
    assert record.wording.startswith("Yes, text me offers and news from Test shop at the phone number")
    assert (record.granted, record.source, record.method) == (True, "oscar checkout", "checkout")


def test_a_box_ticked_by_one_customer_says_nothing_of_another(town: Town, offer: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    shop.buy_as_guest(
        Client(), town.product, email="grace@example.com", first_name="Grace", phone_number="+447400123457"
    )

    town.settle()

    assert town.phone(shop.PHONE).texts() == ["New beans for Ada!"]
    assert town.phone("+447400123457").screen() == []
    assert fates() == [("delivered", ""), ("skipped", "no_consent")]


def test_the_number_given_for_the_parcel_serves_for_news_of_the_order_only(
    town: Town, offer: Sequence
) -> None:
    live_sequence(
        name="Thank you",
        purpose="transactional",
        trigger="order_placed",
        steps=[
            ("send_message", {"text": "Thank you {{ contact.first_name }}!"}),
            ("send_message", {"purpose": "information", "text": "Our brewing guide"}),
        ],
    )
    shop.buy_as_guest(Client(), town.product)

    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!"]
    assert sorted(fates()) == [("delivered", ""), ("skipped", "no_consent"), ("skipped", "no_consent")]


def test_who_gives_no_number_cannot_be_texted(town: Town, offer: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, phone_number="", drip_sms_consent="1")

    town.settle()

    assert Contact.objects.get().active_phone is None
    assert fates() == [("skipped", "no_phone")]


def test_a_later_order_without_the_tick_takes_nothing_back(town: Town, offer: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    shop.buy_as_guest(Client(), town.product)

    town.settle()

    assert town.phone(shop.PHONE).texts() == ["New beans for Ada!", "New beans for Ada!"]
