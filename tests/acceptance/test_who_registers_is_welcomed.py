from __future__ import annotations

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, fates
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

ACCOUNT = {
    "email": "grace@example.com",
    "password1": "a very long passphrase",
    "password2": "a very long passphrase",
}


@pytest.fixture
def welcome(town: Town) -> Sequence:
    return live_sequence(
        name="Welcome",
        purpose="welcome",
        trigger="customer_registered",
        goal="order_placed",
        steps=[
            (
                "send_message",
                {
                    "text": 'Hello {{ contact.first_name | default: "there" }}, welcome to {{ shop.name }}! '
                    "Reply STOP to opt out."
                },
            ),
            ("wait_duration", {"amount": 3, "unit": "days"}),
            ("send_message", {"text": "Not sure what to try first?"}),
        ],
    )


def register(**given: str) -> Client:
    visitor = Client()
    answer = visitor.post("/shop/accounts/register/", {**ACCOUNT, **given})
    assert answer.status_code == 302
    return visitor


def test_who_registers_with_a_number_and_the_box_is_welcomed(town: Town, welcome: Sequence) -> None:
    register(drip_phone="07400 123456", drip_sms_consent="1")

    town.settle()
    at_first = town.phone(shop.PHONE).texts()
    town.let_pass(days=3)

    assert at_first == ["Hello there, welcome to Test shop! Reply STOP to opt out."]
    assert town.phone(shop.PHONE).texts() == [*at_first, "Not sure what to try first?"]
    assert Enrolment.objects.get().state == "completed"


def test_the_first_order_ends_the_welcome(town: Town, welcome: Sequence) -> None:
    customer = register(drip_phone="07400 123456", drip_sms_consent="1")
    town.let_pass(days=1)
    shop.put_into_basket(customer, town.product)
    customer.get("/shop/checkout/")
    shop.send_address(customer)
    shop.pay(customer)

    town.let_pass(days=5)

    assert town.phone(shop.PHONE).texts() == ["Hello there, welcome to Test shop! Reply STOP to opt out."]
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.exit_reason) == ("exited", "goal_met")
    assert (enrolment.ended_at - NOON).days == 1


def test_without_the_box_nobody_is_welcomed(town: Town, welcome: Sequence) -> None:
    register(drip_phone="07400 123456")

    town.let_pass(days=5)

    assert town.phone(shop.PHONE).screen() == []
    assert set(fates()) == {("skipped", "no_consent")}


def test_without_a_number_there_is_nobody_to_text(town: Town, welcome: Sequence) -> None:
    register(drip_sms_consent="1")

    town.let_pass(days=5)

    assert set(fates()) == {("skipped", "no_phone")}
