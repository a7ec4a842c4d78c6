from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from oscar.core.loading import get_model

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, counted, fates, utc
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Event
from wagtail_drip.messaging import send_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports.metrics import Counts
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.stores.models import Cart
from wagtail_drip.test.sequences import live_sequence

FIRST = "Hello Ada, the Coffee beans is still in your basket (GBP 25.00): <link>"
SECOND = "We keep your basket for a little while longer: <link>"


@pytest.fixture
def reminders(town: Town) -> Sequence:
    return live_sequence(
        name="Forgotten checkout",
        purpose="promotional",
        trigger="checkout_abandoned",
        goal="order_placed",
        steps=[
            (
                "send_message",
                {
                    "name": "First",
                    "text": "Hello {{ contact.first_name }}, the {{ cart.first_product }} is still in your "
                    "basket ({{ cart.currency }} {{ cart.total }}): {{ cart.url }}",
                },
            ),
            ("wait_duration", {"amount": 20, "unit": "hours"}),
            (
                "send_message",
                {
                    "name": "Second",
                    "text": "We keep your basket for a little while longer: {{ cart.url }}",
                },
            ),
        ],
    )


def leave_at_the_address(town: Town, *, consent: bool = True) -> Client:
    visitor = Client()
    shop.put_into_basket(visitor, town.product)
    shop.begin_as_guest(visitor)
    shop.send_address(visitor, **({"drip_sms_consent": "1"} if consent else {}))
    return visitor


def come_back_by(link: str, town: Town) -> Client:
    """Open the short link on a phone that the shop has never seen, and go on to the checkout there."""
    target = town.follow(link)
    visitor = Client()
    answer = visitor.get(target.removeprefix(town.url))
    assert (answer.status_code, answer["Location"]) == (302, "/shop/basket/")
    return visitor


def test_an_abandoned_cart_is_recovered_and_stops_when_bought(town: Town, reminders: Sequence) -> None:
    leave_at_the_address(town)
    phone = town.phone(shop.PHONE)

    town.let_pass(minutes=14)
    too_early = phone.texts()
    town.let_pass(minutes=1)

    assert too_early == []
    assert phone.texts() == [FIRST]
    assert Event.objects.get(name="checkout_abandoned").properties["total"] == "25.00"

    visitor = come_back_by(phone.links()[0], town)
    assert [
        (line.product.get_title(), line.quantity)
        for line in visitor.get("/shop/basket/").context["basket"].all_lines()
    ] == [("Coffee beans", 2)]
    town.let_pass(minutes=5)
    shop.begin_as_guest(visitor)
    shop.send_address(visitor)
    shop.pay(visitor)
    town.let_pass(days=7)

    assert get_model("order", "Order").objects.count() == 1
    assert phone.texts() == [FIRST]
    assert fates() == [("delivered", "")]
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.exit_reason) == ("exited", "goal_met")
    assert enrolment.ended_at == NOON + timedelta(minutes=20)
    assert Cart.objects.get().status == "converted"
    assert counted(reminders, "First") == Counts(visited=1, sent=1, delivered=1, clicked=1, segments=1)
    assert counted(reminders, "Second") == Counts()


def test_who_does_not_come_back_is_reminded_twice_and_then_left_alone(
    town: Town, reminders: Sequence
) -> None:
    leave_at_the_address(town)

    town.let_pass(days=10)

    assert town.phone(shop.PHONE).texts() == [FIRST, SECOND]
    # Due at 08:15, and sent soon after the sending times began at nine.
    second = Message.objects.get(defer_reason="", handed_over_at__gt=NOON + timedelta(hours=1))
    assert utc(5, 14, 8) <= second.handed_over_at < utc(5, 14, 8, 10)
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.ended_at) == ("completed", NOON + timedelta(hours=20, minutes=15))
    assert Event.objects.filter(name="checkout_abandoned").count() == 1


def test_a_reminder_that_waits_for_the_morning_is_taken_back_when_the_order_is_placed(
    town: Town, reminders: Sequence
) -> None:
    town.wait_until(utc(5, 13, 21))  # 22:00 in London
    visitor = leave_at_the_address(town)
    town.let_pass(minutes=20)
    assert list(Message.objects.values_list("state", "defer_reason")) == [("scheduled", "send_window")]

    shop.pay(visitor)
    town.settle()

    assert fates() == [("cancelled", "goal_already_met")]
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.exit_reason) == ("exited", "goal_met")
    town.let_pass(days=3)
    assert town.phone(shop.PHONE).texts() == []


def test_even_an_order_that_no_worker_has_looked_at_yet_stops_the_reminder(
    town: Town, reminders: Sequence
) -> None:
    visitor = leave_at_the_address(town)
    town.let_pass(minutes=15)
    town.wait_until(utc(5, 14, 7, 30))

    shop.pay(visitor)
    send_due.send_due(now=clock.now() + timedelta(hours=1))

    assert fates() == [("delivered", ""), ("skipped", "goal_already_met")]
    town.settle()
    assert town.phone(shop.PHONE).texts() == [FIRST]


def test_who_buys_while_the_page_is_open_is_never_reminded(town: Town, reminders: Sequence) -> None:
    visitor = leave_at_the_address(town)
    town.let_pass(minutes=10)

    shop.pay(visitor)
    town.let_pass(days=3)

    assert town.phone(shop.PHONE).texts() == []
    assert fates() == []
    assert not Enrolment.objects.exists()
    assert not Event.objects.filter(name="checkout_abandoned").exists()
