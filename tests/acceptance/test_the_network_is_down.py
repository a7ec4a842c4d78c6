from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sandbox.phone import network as network_side
from sandbox.phone.models import PhoneMessage
from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, fates
from wagtail_drip.core import clock
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Hold, Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import outbox
from wagtail_drip.test.fake_provider import fake_provider, refused_url
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def thanks(town: Town) -> Sequence:
    return live_sequence(
        purpose="transactional",
        trigger="order_placed",
        steps=[("send_message", {"text": "Thank you {{ contact.first_name }}!"})],
    )


@pytest.fixture
def network(settings: Any, town: Town) -> Callable[..., None]:
    """Say where the gateway finds the network, and by which token."""

    def move(*, url: str = "", token: str = "") -> None:
        options = {
            "url": f"{url or town.url}/phone/api/messages",
            "token": token or settings.PHONE_TOKEN,
        }
        gateway = {**settings.WAGTAIL_DRIP["GATEWAYS"]["default"], "OPTIONS": options}
        settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "GATEWAYS": {"default": gateway}}

    return move


def test_while_nobody_answers_a_text_waits_and_then_goes_once(
    town: Town, thanks: Sequence, network: Callable[..., None]
) -> None:
    network(url=refused_url())
    outbox.open_site(town.site)
    shop.buy_as_guest(Client(), town.product)
    town.settle()

    message = Message.objects.get()
    assert (message.state, message.defer_reason) == ("scheduled", "gateway_down")
    assert NOON < message.due_at <= NOON + timedelta(minutes=10)

    network()
    outbox.open_site(town.site)
    town.let_pass(hours=1)
    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!"]
    assert fates() == [("delivered", "")]


def test_a_wrong_password_stops_the_gateway_and_loses_nothing(
    town: Town, thanks: Sequence, network: Callable[..., None]
) -> None:
    network(token="expired")
    shop.buy_as_guest(Client(), town.product)
    town.let_pass(hours=1)

    hold = Hold.objects.get()
    assert (hold.scope, hold.key, hold.lifted_at) == ("gateway", "default", None)
    assert fates() == [("scheduled", "")]
    assert town.phone(shop.PHONE).screen() == []

    network()
    messaging.lift(hold.pk, by="Ada", now=clock.now())
    town.settle()
    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!"]
    assert fates() == [("delivered", "")]


@pytest.fixture
def lost(town: Town, thanks: Sequence, network: Callable[..., None]) -> Message:
    """A text that the network took, then the line broke: nobody knows whether it went. Its lease has run out."""
    with fake_provider() as broken:
        broken.behaviour = "reset"
        network(url=broken.url)
        outbox.open_site(town.site)
        shop.buy_as_guest(Client(), town.product)
        town.settle()
        taken = [json.loads(request.body) for request in broken.seen if request.method == "POST"]
    network()
    outbox.open_site(town.site)
    message = Message.objects.get()
    assert message.state == "handed_over"
    assert [(text["reference"], text["text"]) for text in taken] == [(message.reference, "Thank you Ada!")]
    return message


def forget(message: Message) -> None:
    """Let the lease run out; it is kept by the database's clock, which no story can move."""
    Message.objects.filter(pk=message.pk).update(lease_until=clock.lease_now() - timedelta(seconds=1))


def test_what_may_have_gone_goes_again_only_under_its_own_name(town: Town, lost: Message) -> None:
    town.let_pass(minutes=10)
    assert town.phone(shop.PHONE).screen() == []

    forget(lost)
    town.settle()
    town.let_pass(days=2)

    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!"]
    assert fates() == [("delivered", "")]
    assert PhoneMessage.objects.get().reference == lost.reference


def test_what_did_go_although_the_line_broke_is_not_sent_again(town: Town, lost: Message) -> None:
    network_side.take(
        reference=lost.reference,
        number=shop.PHONE,
        sender="+447400100900",
        text="Thank you Ada!",
        callback_url="",
    )

    forget(lost)
    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!"]
    assert fates() == [("delivered", "")]


def test_after_half_a_day_it_is_not_repeated_but_asked_for_and_called_unknown(
    town: Town, lost: Message
) -> None:
    town.let_pass(hours=13)
    forget(lost)
    town.settle()
    town.let_pass(days=2)

    assert town.phone(shop.PHONE).screen() == []
    assert fates() == [("unknown", "no_answer")]


def test_a_number_that_does_not_exist_is_not_tried_again(town: Town, thanks: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, phone_number="+447400120001")

    town.let_pass(days=2)

    message = Message.objects.get()
    assert (message.state, message.reason) == ("failed", "invalid_phone")
    assert town.phone("+447400120001").screen() == []


def test_a_stop_that_only_the_network_knows_of_is_learnt_from_its_refusal(
    town: Town, thanks: Sequence
) -> None:
    number = "+447400120004"
    shop.buy_as_guest(Client(), town.product, phone_number=number, drip_sms_consent="1")
    town.settle()
    first = fates()

    live_sequence(
        name="Offer",
        purpose="promotional",
        trigger="order_placed",
        steps=[("send_message", {"text": "New beans!"})],
    )
    shop.buy_as_guest(Client(), town.product, phone_number=number)
    town.settle()

    assert [state for state, _ in first] == ["failed"]
    assert fates()[1:] == [("skipped", "suppressed")]
