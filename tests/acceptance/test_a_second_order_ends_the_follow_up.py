"""A sequence that an order starts and the next order ends: the first one must not count as the second."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.town import Town
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def follow_up(town: Town) -> Sequence:
    return live_sequence(
        trigger="order_placed",
        goal="order_placed",
        purpose="transactional",
        steps=[
            ("send_message", {"text": "Thank you."}),
            ("wait_duration", {"amount": 3, "unit": "days"}),
            ("send_message", {"text": "Time for a refill?"}),
        ],
    )


def test_the_order_that_started_it_does_not_end_it(town: Town, follow_up: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")

    town.settle()
    town.let_pass(days=4)

    assert town.phone(shop.PHONE).texts() == ["Thank you.", "Time for a refill?"]
    assert Enrolment.objects.get().state == "completed"


def test_the_next_order_does(town: Town, follow_up: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.let_pass(days=1)

    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.let_pass(days=4)

    assert town.phone(shop.PHONE).texts() == ["Thank you."]
    assert list(Enrolment.objects.values_list("state", "exit_reason")) == [("exited", "goal_met")]
