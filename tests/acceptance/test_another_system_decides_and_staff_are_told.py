"""A step asks the shop's loyalty system, its answer chooses the text, and somebody of the staff hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests import shop
from tests.acceptance.town import Town
from tests.integration.enrolments.far_side import FarSide, far_side
from wagtail_drip.contacts.models import Contact, ContactTag
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def loyalty(town: Town, settings: Any) -> Iterator[FarSide]:
    with far_side() as side:
        place = {"URL": side.url, "SECRET": "between us", "ALLOW_PRIVATE": True, "TIMEOUT_SECONDS": 5}
        settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "WEBHOOKS": {"loyalty": place}}
        yield side


@pytest.fixture
def points(loyalty: FarSide) -> Sequence:
    has_many = {
        "test": "attribute",
        "property": "webhook.points.total",
        "operator": "at_least",
        "value": "100",
    }
    return live_sequence(
        name="Points",
        purpose="transactional",
        trigger="order_placed",
        steps=[
            ("call_webhook", {"target": "loyalty", "name": "points"}),
            (
                "branch",
                {
                    **has_many,
                    "yes": [
                        (
                            "send_message",
                            {"text": "{{ webhook.points.total }} points: you are {{ webhook.points.tier }}."},
                        ),
                        ("add_tag", {"tag": "Gold"}),
                        (
                            "notify_staff",
                            {
                                "subject": "{{ contact.first_name }} is gold",
                                "text": "Put a card into order {{ event.number }}.",
                                "addresses": "owner@shop.example",
                            },
                        ),
                    ],
                    "no": [("send_message", {"text": "Thank you for your order."})],
                },
            ),
        ],
    )


def answer(status: int, **fields: Any) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps(fields).encode()


def test_the_answer_stands_in_the_text_and_the_staff_hear_of_it(
    town: Town, loyalty: FarSide, points: Sequence
) -> None:
    loyalty.answers(answer(503), answer(200, total=120, tier="gold"))
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")

    town.settle()
    before = town.phone(shop.PHONE).texts()
    town.let_pass(minutes=2)

    assert before == []
    assert town.phone(shop.PHONE).texts() == ["120 points: you are gold."]
    assert [json.loads(body)["contact"]["phone"] for _, body in loyalty.asked] == [shop.PHONE] * 2
    assert len({headers["Idempotency-Key"] for headers, _ in loyalty.asked}) == 1
    assert list(ContactTag.objects.values_list("tag", flat=True)) == ["gold"]
    (letter,) = [letter for letter in mail.outbox if letter.to == ["owner@shop.example"]]
    assert letter.subject == "Ada is gold"
    assert Enrolment.objects.get().state == "completed"


def test_a_system_that_is_down_keeps_nobody_waiting_for_ever(
    town: Town, loyalty: FarSide, points: Sequence
) -> None:
    loyalty.answers(answer(500))
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")

    town.settle()
    town.let_pass(minutes=61)

    assert town.phone(shop.PHONE).texts() == ["Thank you for your order."]
    assert Contact.objects.get(active_phone=shop.PHONE).tags.count() == 0
