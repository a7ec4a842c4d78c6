from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.town import Town, fates, utc
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

FRENCH = "+33612345678"


@pytest.fixture
def offer(town: Town) -> Sequence:
    return live_sequence(
        name="Offer",
        purpose="promotional",
        trigger="order_placed",
        steps=[("send_message", {"text": "New beans for {{ contact.first_name }}!"})],
    )


def handed_over(number: str = shop.PHONE) -> datetime:
    moment = Message.objects.get(contact__active_phone=number).handed_over_at
    assert moment is not None
    return moment


def test_quiet_hours_move_a_message_to_the_morning(town: Town, offer: Sequence) -> None:
    town.wait_until(utc(5, 18, 21, 30))  # 22:30 in London, 23:30 in Paris
    shop.buy_as_guest(Client(), town.product, phone_number=FRENCH, drip_sms_consent="1")
    town.settle()

    waiting = Message.objects.get()
    assert (waiting.state, waiting.defer_reason) == ("scheduled", "quiet_hours")
    assert town.phone(FRENCH).screen() == []
    # France's networks open at eight, but the shop itself only at nine, by the clock in Paris.
    town.wait_until(utc(5, 19, 6, 59))
    assert town.phone(FRENCH).screen() == []

    town.wait_until(utc(5, 19, 7, 10))

    assert town.phone(FRENCH).texts() == ["New beans for Ada!"]
    assert utc(5, 19, 7) <= handed_over(FRENCH) <= utc(5, 19, 7, 10)
    assert waiting.due_at == handed_over(FRENCH)


def test_on_a_public_holiday_france_is_not_texted_at_all(town: Town, offer: Sequence) -> None:
    town.wait_until(utc(5, 13, 21, 30))  # the eve of Ascension Day
    shop.buy_as_guest(Client(), town.product, phone_number=FRENCH, drip_sms_consent="1")

    town.let_pass(days=3)

    assert town.phone(FRENCH).screen() == []
    assert fates() == [("skipped", "window_closed")]


def test_what_the_law_leaves_free_the_shops_own_sending_times_hold_back(town: Town, offer: Sequence) -> None:
    town.wait_until(utc(5, 13, 21))  # 22:00 in London
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    waiting = Message.objects.get()
    assert (waiting.state, waiting.defer_reason) == ("scheduled", "send_window")
    town.wait_until(utc(5, 14, 7, 59))
    assert town.phone(shop.PHONE).screen() == []

    town.wait_until(utc(5, 14, 8, 10))

    assert town.phone(shop.PHONE).texts() == ["New beans for Ada!"]
    assert utc(5, 14, 8) <= handed_over() <= utc(5, 14, 8, 10)


def test_on_saturday_night_it_waits_for_the_late_sunday_morning(town: Town, offer: Sequence) -> None:
    town.wait_until(utc(5, 16, 20))  # Saturday, 21:00 in London
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    town.wait_until(utc(5, 17, 8, 59))
    before = town.phone(shop.PHONE).screen()
    town.wait_until(utc(5, 17, 9, 10))

    assert before == []
    assert town.phone(shop.PHONE).texts() == ["New beans for Ada!"]


def test_in_the_night_when_the_clocks_go_back_nine_is_still_nine(town: Town, offer: Sequence) -> None:
    town.wait_until(utc(10, 24, 21))  # Saturday, 22:00 in London; on Sunday summer time ends
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    town.wait_until(utc(10, 25, 9, 59))
    before = town.phone(shop.PHONE).screen()
    town.wait_until(utc(10, 25, 10, 10))  # 10:00 is 10:00 UTC again

    assert before == []
    assert town.phone(shop.PHONE).texts() == ["New beans for Ada!"]


def test_thanks_for_an_order_come_at_once_whatever_the_hour(town: Town) -> None:
    live_sequence(
        purpose="transactional",
        trigger="order_placed",
        steps=[("send_message", {"text": "Thank you {{ contact.first_name }}!"})],
    )
    town.wait_until(utc(5, 13, 23))

    shop.buy_as_guest(Client(), town.product)
    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!"]
    assert (fates(), handed_over()) == ([("delivered", "")], utc(5, 13, 23))


def test_a_stop_in_the_night_takes_the_morning_text_back(town: Town, offer: Sequence) -> None:
    town.wait_until(utc(5, 13, 21))
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    town.phone(shop.PHONE).write("stop")
    town.let_pass(days=2)

    assert fates() == [("cancelled", "suppressed"), ("delivered", "")]
    assert town.phone(shop.PHONE).texts() == [
        "Test shop: You are unsubscribed and will get no more messages. Reply START to return."
    ]
