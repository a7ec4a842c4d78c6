"""Texts that have lost their reason meanwhile: the goal is met, the cart is closed, or the shop cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.integration.messaging.test_gate import event_guard, fate
from wagtail_drip.contacts.models import Contact
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Notice
from wagtail_drip.events.types import EventDraft
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.stores.models import Cart

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def test_a_message_whose_goal_is_met_does_not_go(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    message = queued(contact, guards=[event_guard(now)])
    another = queued(contact, guards=[event_guard(now, "something_else")])
    events.record_event(
        EventDraft(
            name="order_placed",
            key="o1",
            store="site",
            site_id=open_site,
            contact_id=contact.pk,
            source="api",
            occurred_at=now,
            recorded_at=now + timedelta(minutes=1),
        )
    )

    send_due(now=now + timedelta(minutes=2))

    assert fate(message) == ("skipped", "goal_already_met")
    assert fate(another) == ("sent", "")


def test_a_message_about_a_closed_cart_does_not_go(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    for cart_id, status in (("1", "converted"), ("2", "open")):
        Cart.objects.create(
            store="site",
            cart_id=cart_id,
            site_id=open_site,
            contact=contact,
            status=status,
            products=[{"name": "Hat"}],
            last_activity_at=now,
        )
    guards = [
        {"kind": "cart", "store": "site", "cart_id": cart_id, "since": now.isoformat()}
        for cart_id in ("1", "2")
    ]
    closed, still_open = queued(contact, guards=guards[:1]), queued(contact, guards=guards[1:])

    send_due(now=now)

    assert fate(closed) == ("skipped", "cart_closed")
    assert fate(still_open) == ("sent", "")


def test_while_a_shop_cannot_tell_its_messages_wait_and_others_go(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    envelope = {"event": "order_placed", "contact": {"email": "x@example.com"}, "site_id": open_site}
    Notice.objects.bulk_create(
        Notice(
            store="site",
            kind="order_placed",
            envelope={**envelope, "properties": {}, "occurred_at": now.isoformat()},
            key=str(n),
            recorded_at=now + timedelta(seconds=1),
            due_at=now,
        )
        for n in range(600)
    )
    waits, goes = queued(contact, guards=[event_guard(now)]), queued(contact)

    send_due(now=now)

    assert fate(waits) == ("scheduled", "store_behind")
    assert waits.due_at == now + timedelta(seconds=30)
    assert fate(goes) == ("sent", "")
