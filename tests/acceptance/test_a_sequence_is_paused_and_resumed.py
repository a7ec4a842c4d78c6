from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, fates
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

GRACE = {"email": "grace@example.com", "first_name": "Grace", "phone_number": "+447400123457"}


@pytest.fixture
def tips(town: Town) -> Sequence:
    return live_sequence(
        name="Tips",
        purpose="information",
        trigger="order_placed",
        steps=[
            ("send_message", {"text": "Tip one"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Tip two"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Tip three"}),
        ],
    )


def test_a_sequence_is_paused_and_resumed(town: Town, tips: Sequence) -> None:
    phone = town.phone(shop.PHONE)
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    assert sequences.pause(tips.pk, now=clock.now(), by="Ada")
    town.let_pass(days=3)
    assert phone.texts() == ["Tip one"]
    assert Enrolment.objects.values_list("state", "due_at", "parked_due_at").get() == (
        "paused",
        None,
        NOON + timedelta(days=1),
    )

    assert sequences.resume(tips.pk, now=clock.now(), by="Ada")
    town.settle()
    assert phone.texts() == ["Tip one", "Tip two"]
    # The wait that ended meanwhile is over; the next one begins now.
    town.let_pass(days=1)
    assert phone.texts() == ["Tip one", "Tip two", "Tip three"]
    assert Enrolment.objects.get().ended_at == NOON + timedelta(days=4)


def test_a_text_that_waits_in_the_outbox_is_kept_by_a_pause_and_goes_before_the_next(
    town: Town, tips: Sequence
) -> None:
    town.let_pass(hours=10)  # 22:00 in London
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    sequences.pause(tips.pk, now=clock.now())

    town.let_pass(days=1)
    assert fates() == [("scheduled", "")]
    assert town.phone(shop.PHONE).screen() == []
    town.let_pass(hours=12)
    sequences.resume(tips.pk, now=clock.now())
    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Tip one", "Tip two"]
    assert fates() == [("delivered", ""), ("delivered", "")]


def test_nobody_enters_while_it_is_paused_and_nobody_is_let_in_afterwards(town: Town, tips: Sequence) -> None:
    sequences.pause(tips.pk, now=clock.now())
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.let_pass(hours=1)
    sequences.resume(tips.pk, now=clock.now())
    town.settle()
    assert not Enrolment.objects.exists()

    shop.buy_as_guest(Client(), town.product, **GRACE, drip_sms_consent="1")
    town.settle()

    assert town.phone(shop.PHONE).screen() == []
    assert town.phone(GRACE["phone_number"]).texts() == ["Tip one"]


def test_a_stop_during_the_pause_counts_after_it(town: Town, tips: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    sequences.pause(tips.pk, now=clock.now())
    town.settle()

    town.phone(shop.PHONE).write("STOP")
    town.let_pass(days=3)
    sequences.resume(tips.pk, now=clock.now())
    town.let_pass(days=3)

    assert town.phone(shop.PHONE).texts() == [
        "Tip one",
        "Test shop: You are unsubscribed and will get no more messages. Reply START to return.",
    ]


def test_an_ended_sequence_takes_everybody_out(town: Town, tips: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    assert sequences.end(tips.pk, now=clock.now(), by="Ada")
    town.let_pass(days=3)

    assert town.phone(shop.PHONE).texts() == ["Tip one"]
    assert Enrolment.objects.values_list("state", "exit_reason").get() == ("exited", "removed_by_staff")
