"""One sequence treats regulars, the curious and the silent differently, and reminds of an appointment that moves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town
from wagtail_drip import api
from wagtail_drip.contacts.models import Contact
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def follow_up(town: Town) -> Sequence:
    return live_sequence(
        trigger="order_placed",
        purpose="transactional",
        reentry="always",
        keyed=True,
        steps=[
            ("send_message", {"text": "Thank you. Brewing tips: https://shop.example/tips"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            (
                "branch",
                {
                    "name": "Regulars",
                    "test": "purchases",
                    "measure": "count",
                    "compared": "at_least",
                    "number": Decimal(2),
                    "yes": [("send_message", {"text": "Welcome back"})],
                    "more": [
                        (
                            "path",
                            {
                                "name": "Curious",
                                "test": "clicked",
                                "address": "/tips",
                                "steps": [("send_message", {"text": "More tips?"})],
                            },
                        )
                    ],
                    "no": [("send_message", {"text": "How is it?"})],
                },
            ),
        ],
    )


def test_who_did_nothing_goes_the_last_way(town: Town, follow_up: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.let_pass(days=1, hours=1)

    assert town.phone(shop.PHONE).texts()[1:] == ["How is it?"]


def test_who_opened_the_link_goes_the_second_way(town: Town, follow_up: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.let_pass(minutes=5)
    town.follow(town.phone(shop.PHONE).links()[0])

    town.let_pass(days=1, hours=1)

    assert town.phone(shop.PHONE).texts()[1:] == ["More tips?"]


def test_who_orders_again_goes_the_first_way_whatever_else_they_did(town: Town, follow_up: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.let_pass(minutes=5)
    town.follow(town.phone(shop.PHONE).links()[0])
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    town.let_pass(days=1, hours=1)

    assert town.phone(shop.PHONE).texts()[2:] == ["Welcome back", "Welcome back"]


def test_a_reminder_follows_its_appointment_and_is_not_sent_when_it_is_cancelled(town: Town) -> None:
    live_sequence(
        trigger="appointment_booked",
        purpose="transactional",
        keyed=True,
        steps=[
            (
                "wait_until_date",
                {
                    "direction": "before",
                    "amount": 2,
                    "unit": "hours",
                    "when_missing": "exit",
                    "reached": [("send_message", {"text": "See you at {{ event.starts_at }}"})],
                },
            )
        ],
    )
    ada, bob = reachable_contact(), reachable_contact()

    def tell(who: Contact, name: str, number: str, days: int) -> None:
        starts_at = (NOON + timedelta(days=days)).isoformat()
        assert api.emit(
            name,
            key=f"{name}-{number}",
            contact={"phone": who.phone},
            properties={"appointment_id": number, "starts_at": starts_at},
        )
        town.let_pass(minutes=5)

    tell(ada, "appointment_booked", "A-1", 3)
    tell(bob, "appointment_booked", "B-1", 3)
    tell(ada, "appointment_changed", "A-1", 5)
    tell(bob, "appointment_cancelled", "B-1", 3)

    town.wait_until(NOON + timedelta(days=5, hours=-2, minutes=-1))
    assert (town.phone(ada.phone).texts(), town.phone(bob.phone).texts()) == ([], [])
    town.wait_until(NOON + timedelta(days=5, hours=-2))

    moved_to = (NOON + timedelta(days=5)).isoformat()
    assert town.phone(ada.phone).texts() == [f"See you at {moved_to}"]
    assert town.phone(bob.phone).texts() == []
