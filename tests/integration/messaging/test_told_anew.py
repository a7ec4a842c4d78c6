"""A text whose variables change while it waits, or while a worker has it in its hands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from tests import outbox
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import composing, gate
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

OLD, NEW = {"event": {"starts_at": "Monday"}}, {"event": {"starts_at": "Friday"}}


def tell_anew(message: Message, variables: dict[str, Any], now: datetime) -> None:
    with transaction.atomic():
        claims.lock_in_order(Contact.objects.filter(pk=message.contact_id))
        messaging.tell_anew({message.pk: variables}, now=now)


@pytest.fixture
def text(customer: Callable[..., Contact], queued: Callable[..., Message]) -> Message:
    return queued(customer(), source_text="See you on {{ event.starts_at }}", variables=OLD)


def test_it_leaves_with_the_new_words(text: Message, now: datetime) -> None:
    tell_anew(text, NEW, now)

    send_due(now=now)

    assert [sent.text for sent in memory.outbox] == ["See you on Friday"]


def test_what_a_worker_has_in_its_hands_does_not_leave_with_the_old_words(
    text: Message, now: datetime
) -> None:
    ready = composing.prepare(outbox.claim(token="worker", limit=1, now=now), token="worker", now=now)
    assert [each.body for each in ready] == ["See you on Monday"]

    tell_anew(text, NEW, now)

    assert gate.hand_over(ready, token="worker", now=now) == []
    send_due(now=now)
    assert [sent.text for sent in memory.outbox] == ["See you on Friday"]


def test_what_has_left_stays_as_it_was(text: Message, now: datetime) -> None:
    send_due(now=now)

    tell_anew(text, NEW, now)

    text.refresh_from_db()
    assert (text.state, text.body, text.variables) == ("sent", "See you on Monday", OLD)
