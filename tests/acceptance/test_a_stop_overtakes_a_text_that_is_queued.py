from __future__ import annotations

import pytest
from django.test import Client

from tests import outbox, shop
from tests.acceptance.town import Town, fates
from wagtail_drip import tasks
from wagtail_drip.core import clock
from wagtail_drip.messaging import composing, gate
from wagtail_drip.messaging.models import Message
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def queued(town: Town) -> Message:
    """A text in the outbox, due now: every stage has run but the sending."""
    live_sequence(
        purpose="promotional", trigger="order_placed", steps=[("send_message", {"text": "New beans!"})]
    )
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    for name in ("notices", "match", "advance"):
        assert tasks.STAGES[name](clock.now(), "0") > 0
    return Message.objects.get(state="scheduled")


def test_a_stop_overtakes_a_text_that_is_queued(town: Town, queued: Message) -> None:
    town.phone(shop.PHONE).write("STOP")

    queued.refresh_from_db()
    assert (queued.state, queued.reason) == ("cancelled", "suppressed")
    town.settle()
    assert town.phone(shop.PHONE).texts() == [
        "Test shop: You are unsubscribed and will get no more messages. Reply START to return."
    ]


def test_a_stop_overtakes_even_a_text_that_a_worker_has_in_its_hands(town: Town, queued: Message) -> None:
    now = clock.now()
    ready = composing.prepare(outbox.claim(token="worker", limit=10, now=now), token="worker", now=now)
    assert [each.body for each in ready] == ["New beans!"]

    town.phone(shop.PHONE).write("STOP")
    passed = gate.hand_over(ready, token="worker", now=now)

    assert passed == []
    town.settle()
    assert fates() == [("cancelled", "suppressed"), ("delivered", "")]
    queued.refresh_from_db()
    assert (queued.handed_over_at, queued.body) == (None, "")


def test_a_permission_withdrawn_by_the_shop_overtakes_it_too(town: Town, queued: Message) -> None:
    from wagtail_drip import api

    api.unsubscribe(contact={"phone": shop.PHONE}, source="account page")
    town.settle()

    assert town.phone(shop.PHONE).screen() == []
    assert fates() == [("skipped", "unsubscribed")]
