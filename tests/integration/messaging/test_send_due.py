"""From the outbox to the gateway and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from wagtail_drip.contacts.models import Contact
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import Message, MessageTally, SendLedger
from wagtail_drip.messaging.send_due import send_due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]


def test_a_queued_message_is_composed_handed_over_and_sent(
    customer: Callable[..., Contact], queued: Callable[..., Message], now: datetime
) -> None:
    message = queued(customer())

    claimed = send_due(now=now)

    assert claimed == 1
    [sms] = memory.outbox
    assert (sms.to, sms.sender, sms.text) == ("+447400123456", "+447700900000", "Hello Ada")
    assert sms.reference == message.reference
    assert sms.marketing is True
    message.refresh_from_db()
    assert (message.state, message.body, message.segments, message.encoding) == (
        "sent",
        "Hello Ada",
        1,
        "GSM-7",
    )
    assert message.provider_id == f"memory-{message.reference}"
    assert (message.handed_over_at, message.sent_at, message.due_at, message.lease_until) == (
        now,
        now,
        None,
        None,
    )
    assert SendLedger.objects.get().message_id == message.pk
    assert dict(MessageTally.objects.values_list("state", "n")) == {
        "scheduled": 1,
        "handed_over": 1,
        "sent": 1,
    }
    assert send_due(now=now) == 0
