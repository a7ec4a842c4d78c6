from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from oscar.core.loading import get_model

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, counted
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports.metrics import Counts
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def thanks(town: Town) -> Sequence:
    return live_sequence(
        name="Thank you",
        purpose="transactional",
        trigger="order_placed",
        reentry="always",
        keyed=True,
        steps=[
            (
                "send_message",
                {
                    "name": "Thanks",
                    "text": "Thank you {{ contact.first_name }}! Your order {{ order.number }} "
                    "({{ order.currency }} {{ order.total }}) is in good hands.",
                },
            ),
            ("wait_duration", {"amount": 6, "unit": "days"}),
            (
                "send_message",
                {
                    "name": "How was it?",
                    "purpose": "information",
                    "text": "How do you like the {{ order.first_product }}? {{ shop.url }}/shop/",
                },
            ),
        ],
    )


def test_an_order_is_thanked(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")

    town.settle()

    order = get_model("order", "Order").objects.get()
    words = f"Thank you Ada! Your order {order.number} (GBP 25.00) is in good hands."
    (text,) = town.phone(shop.PHONE).screen()
    assert (text["from"], text["to"], text["text"], text["status"]) == (
        "+447400100900",
        "+447400123456",
        words,
        "delivered",
    )
    message = Message.objects.get()
    assert (message.state, message.reason, message.body, message.segments) == ("delivered", "", words, 1)
    assert (message.purpose, message.handed_over_at, message.sent_at) == ("transactional", NOON, NOON)
    assert message.provider_id == text["id"]
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.due_at) == ("waiting", NOON + timedelta(days=6))
    assert counted(thanks, "Thanks") == Counts(visited=1, sent=1, delivered=1, segments=1)


def test_after_six_days_the_buyer_is_asked_and_nobody_is_asked_twice(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    town.let_pass(days=5, hours=23, minutes=59)
    before = town.phone(shop.PHONE).texts()
    town.let_pass(minutes=1)
    town.let_pass(days=30)

    assert len(before) == 1
    assert town.phone(shop.PHONE).texts() == [*before, "How do you like the Coffee beans? <link>"]
    assert list(Message.objects.order_by("pk").values_list("state", "handed_over_at")) == [
        ("delivered", NOON),
        ("delivered", NOON + timedelta(days=6)),
    ]
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.exit_reason, enrolment.ended_at) == (
        "completed",
        "",
        NOON + timedelta(days=6),
    )


def test_each_order_gets_its_own_thanks(town: Town, thanks: Sequence) -> None:
    customer = Client()
    shop.buy_as_guest(customer, town.product, drip_sms_consent="1")
    town.settle()

    shop.buy_as_guest(customer, town.product)
    town.settle()

    first, second = get_model("order", "Order").objects.order_by("pk").values_list("number", flat=True)
    assert town.phone(shop.PHONE).texts() == [
        f"Thank you Ada! Your order {first} (GBP 25.00) is in good hands.",
        f"Thank you Ada! Your order {second} (GBP 25.00) is in good hands.",
    ]
    assert Enrolment.objects.filter(running=1).count() == 2


def test_a_phone_that_is_switched_off_is_known_to_have_got_nothing(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, phone_number="+447400120000")

    town.settle()

    message = Message.objects.get()
    assert (message.state, message.receipts.get().code) == ("undelivered", "unreachable")
    assert counted(thanks, "Thanks") == Counts(visited=1, sent=1, undelivered=1, segments=1)


def test_what_the_network_took_and_yet_called_an_error_arrives_once(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, phone_number="+447400120003")

    town.settle()
    town.let_pass(hours=3)

    order = get_model("order", "Order").objects.get()
    assert town.phone("+447400120003").texts() == [
        f"Thank you Ada! Your order {order.number} (GBP 25.00) is in good hands."
    ]
    assert Message.objects.get().state == "delivered"
