"""A customer orders, is texted, clicks and replies, and asks to be forgotten: nothing is left, nothing goes out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import shop
from tests.acceptance.town import Town, counted
from tests.integration.enrolments.far_side import FarSide, far_side
from tests.integration.privacy import search
from wagtail_drip import api
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import tags
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock, keys
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Event
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.privacy.erasure_models import Erasure
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.stores.models import Cart, Purchase
from wagtail_drip.test.sequences import live_sequence

NUMBER = "+447400987654"
WORDS = ("Zebulon", "Quigglesworth", "quiggle.example", "7400987654", "plumcake", "AndroidOfZebulon")


@pytest.fixture
def oracle(town: Town, settings: Any) -> Iterator[FarSide]:
    with far_side() as side:
        place = {"URL": side.url, "SECRET": "between us", "ALLOW_PRIVATE": True, "TIMEOUT_SECONDS": 5}
        settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "WEBHOOKS": {"oracle": place}}
        yield side


@pytest.fixture
def sequence(oracle: FarSide) -> Sequence:
    return live_sequence(
        name="After an order",
        purpose="information",
        trigger="order_placed",
        steps=[
            ("call_webhook", {"target": "oracle", "name": "mood"}),
            (
                "send_message",
                {"name": "Thanks", "text": "{{ webhook.mood.line }}: {{ shop.url }}/shop/catalogue/"},
            ),
            (
                "notify_staff",
                {
                    "subject": "{{ contact.first_name }} has ordered",
                    "text": "Pack order {{ event.number }}.",
                    "addresses": "owner@shop.example",
                },
            ),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"name": "Later", "text": "How was it, {{ contact.first_name }}?"}),
        ],
    )


@pytest.fixture
def zebulon(town: Town, sequence: Sequence, oracle: FarSide) -> Contact:
    oracle.answers((200, {}, json.dumps({"line": "Dear Zebulon Quigglesworth, plumcake"}).encode()))
    visitor = Client()
    shop.buy_as_guest(
        visitor,
        town.product,
        email="zeb@quiggle.example",
        first_name="Zebulon",
        last_name="Quigglesworth",
        phone_number=NUMBER,
        drip_sms_consent="1",
    )
    town.settle()
    phone = town.phone(NUMBER)
    town.session.headers["User-Agent"] += " AndroidOfZebulon"
    town.follow(phone.links()[0])
    phone.write("More plumcake for Zebulon")
    town.settle()
    # A cart left behind, something that cannot be taken in, and a request that cannot be read.
    again = Client()
    shop.put_into_basket(again, town.product)
    shop.begin_as_guest(again, "zeb@quiggle.example")
    shop.send_address(again, first_name="Zebulon", last_name="Quigglesworth", phone_number=NUMBER)
    person = {"phone": NUMBER, "email": "zeb@quiggle.example"}
    api.emit(
        "custom:engraved", key="zeb@quiggle.example:1", contact=person, properties={"words": "For Zebulon"}
    )
    events.write_notice(
        store="site",
        kind="custom:x",
        key="x",
        envelope={"event": "order_placed", "contact": person},
        now=clock.now(),
    )
    body = base64.b64encode(f"from={NUMBER}&text=plumcake".encode()).decode()
    raw = {"method": "POST", "url": "/", "content_type": "text/plain", "body_base64": body}
    messaging.store_callback(gateway="gone", raw=raw, digest="d", now=clock.now())
    town.settle()
    contact = Contact.objects.get(active_phone=NUMBER)
    tags.change_tags(add=[(contact.pk, "plumcake")], now=clock.now())
    contacts.update_contacts({contact.pk: {"attributes": {"favourite": "plumcake"}}}, now=clock.now())
    return contact


def erase_in_the_admin(contact: Contact) -> None:
    owner = Client()
    owner.force_login(
        User.objects.create_superuser("owner", "owner@shop.example", "pass"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    answer = owner.post(
        f"/admin/text-messages/contacts/{contact.pk}/erase/", {"sure": "on", "never_again": "on"}
    )
    assert answer.status_code == 302


def test_nothing_is_left_and_nothing_goes_out(town: Town, zebulon: Contact, sequence: Sequence) -> None:
    texts = town.phone(NUMBER).texts()
    known = {place.rpartition(": ")[2] for place in search.found(WORDS)}
    results = counted(sequence, "Thanks")
    before = [model.objects.count() for model in (Message, InboundText, Event, Purchase, Cart)]

    erase_in_the_admin(zebulon)
    town.let_pass(minutes=15)
    at_rest = search.found(WORDS)
    town.let_pass(days=3)

    assert known == set(WORDS)
    assert at_rest == []
    assert search.found(WORDS) == []
    assert town.phone(NUMBER).texts() == texts
    assert [model.objects.count() for model in (Message, InboundText, Event, Purchase, Cart)] == before
    assert Enrolment.objects.values_list("exit_reason", flat=True).get() == "erased"
    assert set(OutsideCall.objects.values_list("state", flat=True)) == {"answered"}
    assert Erasure.objects.get().done_at is not None
    assert (results.sent, results.clicked) == (1, 1)
    assert counted(sequence, "Thanks") == results


def test_the_number_is_recognised_when_it_comes_back(town: Town, zebulon: Contact) -> None:
    texts = town.phone(NUMBER).texts()
    erase_in_the_admin(zebulon)
    town.let_pass(minutes=15)

    shop.buy_as_guest(
        Client(), town.product, email="zeb@quiggle.example", phone_number=NUMBER, drip_sms_consent="1"
    )
    town.settle()

    again = Contact.objects.get(active_phone=NUMBER)
    assert again.pk != zebulon.pk
    assert Message.objects.filter(contact=again).values_list("state", "reason").get() == (
        "skipped",
        "suppressed",
    )
    assert town.phone(NUMBER).texts() == texts
    places = search.found([keys.number_hash(NUMBER)])
    assert {place.partition(":")[0] for place in places} == {
        "wagtail_drip_erasure.number_hashes",
        "wagtail_drip_suppression.number_hash",
    }
