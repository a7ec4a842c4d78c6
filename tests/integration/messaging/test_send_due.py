"""From the outbox to the gateway and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import DataError

from wagtail_drip.contacts.models import Contact
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import straight
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


def test_whatever_goes_wrong_on_the_short_way_the_long_one_sends_it_and_nobodys_data_is_logged(
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    message = queued(customer())

    def fails(*args: object, **kwargs: object) -> None:
        raise DataError(f"invalid value for {message.contact.phone}")

    monkeypatch.setattr(straight, "hand_over", fails)
    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, len(memory.outbox)) == ("sent", 1)
    assert "+447400123456" not in caplog.text


def test_what_does_not_simply_go_is_claimed_and_settled_with_its_reason(
    customer: Callable[..., Contact], queued: Callable[..., Message], now: datetime
) -> None:
    """Beside one that goes: no permission, a value missing."""
    goes, refused = customer(), customer("+447400123459", marketing=False)
    messages = [queued(goes), queued(refused), queued(goes, source_text="Hi {{ event.nothing }}")]

    send_due(now=now)

    fates = [(row.state, row.reason) for row in Message.objects.order_by("pk")]
    assert fates == [("sent", ""), ("skipped", "no_consent"), ("skipped", "missing_variable")]
    assert [sms.reference for sms in memory.outbox] == [messages[0].reference]
