from __future__ import annotations

import pytest
from django.test import Client
from oscar.core.loading import get_model

from tests import shop
from tests.acceptance.town import Town, fates
from wagtail_drip.contacts.models import Contact
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

NEW = "+447400123499"
ACCOUNT = {
    "email": "grace@example.com",
    "password1": "a very long passphrase",
    "password2": "a very long passphrase",
}


@pytest.fixture
def thanks(town: Town) -> Sequence:
    return live_sequence(
        purpose="transactional",
        trigger="order_placed",
        reentry="always",
        keyed=True,
        steps=[("send_message", {"text": "Thank you {{ contact.first_name }} for {{ order.number }}!"})],
    )


@pytest.fixture
def offer(town: Town) -> Sequence:
    return live_sequence(
        purpose="promotional",
        trigger="order_placed",
        reentry="always",
        keyed=True,
        steps=[("send_message", {"text": "New beans!"})],
    )


def numbers() -> list[str]:
    return list(get_model("order", "Order").objects.order_by("pk").values_list("number", flat=True))


def test_an_order_with_a_new_number_is_thanked_on_that_number(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product)
    town.settle()

    shop.buy_as_guest(Client(), town.product, phone_number=NEW)
    town.settle()

    first, second = numbers()
    assert town.phone(shop.PHONE).texts() == [f"Thank you Ada for {first}!"]
    assert town.phone(NEW).texts() == [f"Thank you Ada for {second}!"]


def test_what_was_agreed_to_for_one_number_is_not_agreed_to_for_another(town: Town, offer: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    shop.buy_as_guest(Client(), town.product, phone_number=NEW)
    town.settle()

    assert town.phone(shop.PHONE).texts()[:1] == ["New beans!"]
    assert town.phone(NEW).screen() == []


def test_a_stop_of_the_old_number_does_not_silence_the_new_one(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product)
    town.settle()
    town.phone(shop.PHONE).write("STOP")
    town.settle()

    shop.buy_as_guest(Client(), town.product, phone_number=NEW)
    town.settle()

    assert town.phone(NEW).texts() == [f"Thank you Ada for {numbers()[1]}!"]


def test_two_who_share_a_number_are_each_greeted_by_name(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product)
    town.settle()
    shop.buy_as_guest(Client(), town.product, email="grace@example.com", first_name="Grace")
    town.settle()

    first, second = numbers()
    assert town.phone(shop.PHONE).texts() == [
        f"Thank you Ada for {first}!",
        f"Thank you Grace for {second}!",
    ]
    assert Contact.objects.filter(active_phone=shop.PHONE).count() == 1


def test_who_registered_without_a_number_and_gives_it_at_the_checkout_is_one_person(
    town: Town, offer: Sequence
) -> None:
    visitor = Client()
    visitor.post("/shop/accounts/register/", ACCOUNT)
    town.settle()
    assert Contact.objects.get().active_phone is None

    shop.put_into_basket(visitor, town.product)
    visitor.get("/shop/checkout/")
    shop.send_address(visitor, drip_sms_consent="1")
    shop.pay(visitor)
    town.settle()

    contact = Contact.objects.get()
    assert (contact.active_phone, contact.email) == (shop.PHONE, "grace@example.com")
    assert town.phone(shop.PHONE).texts() == ["New beans!"]
    assert fates() == [("delivered", "")]


def test_a_number_typed_the_national_way_is_the_same_number(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, phone_number="07400 123456")
    town.settle()

    assert town.phone(shop.PHONE).texts() == [f"Thank you Ada for {numbers()[0]}!"]
