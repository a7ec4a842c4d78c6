from __future__ import annotations

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.town import Town, fates
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Permission
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Event
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

CONFIRMATION = "Test shop: You are unsubscribed and will get no more messages. Reply START to return."
WELCOME_BACK = "Test shop: Welcome back. Reply STOP to end, HELP for help."


@pytest.fixture
def tips(town: Town) -> Sequence:
    return live_sequence(
        name="Tips",
        purpose="information",
        trigger="order_placed",
        reentry="always",
        keyed=True,
        steps=[
            ("send_message", {"text": "Tip one"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Tip two"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Tip three"}),
        ],
    )


def marketing() -> list[bool]:
    return list(Permission.objects.filter(group="marketing").values_list("granted", flat=True))


def test_a_stop_ends_everything_and_is_confirmed_once(town: Town, tips: Sequence) -> None:
    phone = town.phone(shop.PHONE)
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    assert (phone.texts(), marketing()) == (["Tip one"], [True])

    phone.write("Stop.")
    # Nobody has worked on it yet, and still it counts.
    assert (marketing(), Suppression.objects.filter(lifted_at=None).count()) == ([False], 1)
    town.settle()
    phone.write("STOP")
    phone.write("stop!!")
    town.let_pass(days=30)

    assert phone.texts() == ["Tip one", CONFIRMATION]
    confirmation = Message.objects.get(purpose="response")
    assert (confirmation.state, confirmation.body, confirmation.segments) == ("delivered", CONFIRMATION, 1)
    assert Message.objects.exclude(purpose="response").filter(handed_over_at__isnull=False).count() == 1
    assert not Enrolment.objects.filter(running=1).exists()
    opted_out = Event.objects.filter(name="opted_out")
    assert opted_out.first().properties["sequence_id"] == tips.pk


def test_even_a_new_order_with_the_box_ticked_texts_nobody_who_said_stop(town: Town, tips: Sequence) -> None:
    phone = town.phone(shop.PHONE)
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    phone.write("STOP")
    town.settle()

    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.let_pass(days=5)

    assert phone.texts() == ["Tip one", CONFIRMATION]
    of_second = fates()[2:]
    assert of_second
    assert set(of_second) == {("skipped", "suppressed")}


def test_a_stop_counts_for_news_of_the_order_as_well(town: Town) -> None:
    live_sequence(
        purpose="transactional",
        trigger="order_placed",
        reentry="always",
        keyed=True,
        steps=[("send_message", {"text": "Thank you {{ contact.first_name }}!"})],
    )
    shop.buy_as_guest(Client(), town.product)
    town.settle()
    town.phone(shop.PHONE).write("STOP")
    town.settle()

    shop.buy_as_guest(Client(), town.product)
    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!", CONFIRMATION]
    assert fates()[-1] == ("skipped", "suppressed")


def test_start_gives_back_what_stop_took(town: Town, tips: Sequence) -> None:
    phone = town.phone(shop.PHONE)
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    phone.write("STOP")
    town.settle()

    phone.write("START")
    town.settle()
    shop.buy_as_guest(Client(), town.product)
    town.settle()

    assert marketing() == [True]
    assert phone.texts() == ["Tip one", CONFIRMATION, WELCOME_BACK, "Tip one"]


def test_a_reply_that_is_no_keyword_is_kept_and_stops_nothing(town: Town, tips: Sequence) -> None:
    phone = town.phone(shop.PHONE)
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    phone.write("Please do not stop these, they are great")
    town.let_pass(days=1)

    assert phone.texts() == ["Tip one", "Tip two"]
    reply = Event.objects.get(name="message_replied")
    assert (reply.properties["text"], reply.properties["sequence_id"]) == (
        "Please do not stop these, they are great",
        tips.pk,
    )


def test_a_stop_of_one_says_nothing_of_another(town: Town, tips: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    shop.buy_as_guest(
        Client(),
        town.product,
        email="grace@example.com",
        phone_number="+447400123457",
        drip_sms_consent="1",
    )
    town.settle()

    town.phone(shop.PHONE).write("STOP")
    town.let_pass(days=1)

    assert town.phone(shop.PHONE).texts() == ["Tip one", CONFIRMATION]
    assert town.phone("+447400123457").texts() == ["Tip one", "Tip two"]
