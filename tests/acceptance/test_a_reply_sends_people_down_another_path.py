"""A text asks, and what the person writes back, or that they write nothing, decides what they get next."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.town import Town
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def question(town: Town) -> Sequence:
    return live_sequence(
        trigger="order_placed",
        purpose="transactional",
        steps=[
            ("send_message", {"text": "Shall we grind it for you? Reply YES."}),
            (
                "wait_for_reply",
                {
                    "how": "contains",
                    "words": "yes, please",
                    "amount": 1,
                    "unit": "days",
                    "happened": [("send_message", {"text": "Ground it is."})],
                    "timed_out": [("send_message", {"text": "Whole beans are on their way."})],
                },
            ),
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "How does it taste?"}),
        ],
    )


def test_who_says_yes_gets_it_at_once(town: Town, question: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.let_pass(hours=2)

    town.phone(shop.PHONE).write("Oh yes!")
    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Shall we grind it for you? Reply YES.", "Ground it is."]
    town.let_pass(days=2, hours=1)
    assert town.phone(shop.PHONE).texts()[2:] == ["How does it taste?"]
    assert Enrolment.objects.get().state == "completed"


def test_who_says_something_else_or_nothing_gets_the_other_text_a_day_later(
    town: Town, question: Sequence
) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.phone(shop.PHONE).write("What do you mean?")
    town.settle()
    assert len(town.phone(shop.PHONE).texts()) == 1

    town.let_pass(days=1, minutes=1)

    assert town.phone(shop.PHONE).texts()[1:] == ["Whole beans are on their way."]


def test_a_yes_after_the_time_is_over_changes_nothing(town: Town, question: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.let_pass(days=1, minutes=1)

    town.phone(shop.PHONE).write("Yes")
    town.settle()

    assert "Ground it is." not in town.phone(shop.PHONE).texts()
