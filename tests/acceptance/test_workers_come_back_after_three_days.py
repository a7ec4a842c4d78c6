from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.town import Town, fates
from wagtail_drip.core import clock
from wagtail_drip.messaging.models import Message
from wagtail_drip.test.sequences import live_sequence

OTHER = "+447400123999"
THIRD = "+447400123998"


def nobody_works_for(**span: float) -> None:
    """Let time go by while no worker runs: the shop goes on, and nothing else does."""
    clock.shift_by(timedelta(**span))


@pytest.mark.parametrize(
    "purpose", ["promotional", "reminder", "welcome", "information", "survey", "interactive"]
)
def test_what_fell_due_meanwhile_is_stale_and_is_not_sent(town: Town, purpose: str) -> None:
    live_sequence(
        purpose=purpose,
        trigger="order_placed",
        steps=[
            ("wait_duration", {"amount": 1, "unit": "hours"}),
            ("send_message", {"text": "Only today!"}),
        ],
    )
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    nobody_works_for(days=3, hours=1)
    town.settle()
    town.let_pass(days=3)

    assert town.phone(shop.PHONE).texts() == []
    assert fates() == [("expired", "")]


def test_what_waited_in_the_outbox_is_stale_too(town: Town) -> None:
    live_sequence(
        purpose="promotional", trigger="order_placed", steps=[("send_message", {"text": "Only today!"})]
    )
    town.let_pass(hours=11)  # 23:00: it waits for the morning
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    assert Message.objects.get().defer_reason == "send_window"

    nobody_works_for(days=3)
    town.settle()
    town.let_pass(days=2)

    assert town.phone(shop.PHONE).texts() == []
    assert fates() == [("expired", "")]


def test_an_order_of_the_first_day_starts_nothing_and_one_of_this_hour_does(town: Town) -> None:
    live_sequence(
        purpose="transactional",
        trigger="order_placed",
        steps=[("send_message", {"text": "Thank you {{ contact.first_name }}!"})],
    )
    shop.buy_as_guest(Client(), town.product, phone_number=OTHER, email="old@example.com")
    nobody_works_for(days=3)
    shop.buy_as_guest(Client(), town.product, phone_number=THIRD, email="new@example.com")

    town.settle()
    town.let_pass(days=1)

    assert town.phone(OTHER).texts() == []
    assert town.phone(THIRD).texts() == ["Thank you Ada!"]


def test_what_comes_after_goes_on_at_its_time(town: Town) -> None:
    """The stale text is left out; who stood before it goes on with the rest of the sequence."""
    live_sequence(
        purpose="promotional",
        trigger="order_placed",
        steps=[
            ("wait_duration", {"amount": 1, "unit": "hours"}),
            ("send_message", {"text": "Only today!"}),
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "New beans!"}),
        ],
    )
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    nobody_works_for(days=3, hours=1)
    town.settle()
    town.let_pass(days=3)

    assert town.phone(shop.PHONE).texts() == ["New beans!"]
    assert fates() == [("expired", ""), ("delivered", "")]
