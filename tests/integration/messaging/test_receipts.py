"""Receipts come late, early, twice and in any order; a message only moves forward."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.gateways.types import Outcome, ReceiptStatus, StatusEvent
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import read_callbacks as reading
from wagtail_drip.messaging import receipts
from wagtail_drip.messaging.models import Callback, InboundText, Message, MessageTally, Receipt
from wagtail_drip.messaging.read_callbacks import read_due
from wagtail_drip.messaging.send_due import send_due

pytestmark = pytest.mark.django_db

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def tell(message: Message, *statuses: str, now: datetime, **fields: Any) -> None:
    for status in statuses:
        event = StatusEvent(reference=message.reference, status=ReceiptStatus(status), **fields)
        receipts.keep([("default", event)], now=now)
        receipts.match_due(now=now)
    message.refresh_from_db()


@pytest.fixture
def sent(customer: Customer, queued: Queued, now: datetime) -> Message:
    message = queued(customer())
    send_due(now=now)
    message.refresh_from_db()
    return message


def counts() -> dict[str, int]:
    found: dict[str, int] = {}
    for state, n in MessageTally.objects.values_list("state", "n"):
        found[state] = found.get(state, 0) + n
    return {state: n for state, n in found.items() if n}


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("accepted", "sent", ""),
        ("sent", "sent", ""),
        ("delivered", "delivered", ""),
        ("undelivered", "undelivered", "30003"),
        ("failed", "failed", "30003"),
        ("expired", "undelivered", "expired"),
        ("unknown", "unknown", ""),
    ],
)
def test_what_each_receipt_makes_of_a_sent_message(
    status: str, state: str, reason: str, sent: Message, now: datetime
) -> None:
    tell(sent, status, now=now, code="30003")

    assert (sent.state, sent.reason) == (state, reason)


@pytest.mark.parametrize(
    "order", list(permutations(["accepted", "sent", "delivered"])), ids=lambda order: " ".join(order)
)
def test_in_any_order_delivered_wins_and_is_counted_once(
    order: tuple[str, ...], sent: Message, now: datetime
) -> None:
    tell(sent, *order, *order, now=now)

    assert sent.state == "delivered"
    assert counts() == {"scheduled": 1, "handed_over": 1, "sent": 1, "delivered": 1}
    assert Receipt.objects.count() == 3
    assert not Receipt.objects.exclude(message=sent).exists()


@pytest.mark.parametrize("worse", ["undelivered", "failed", "expired", "unknown", "sent", "accepted"])
def test_nothing_is_worse_after_delivered(worse: str, sent: Message, now: datetime) -> None:
    tell(sent, "delivered", worse, now=now)

    assert (sent.state, sent.reason) == ("delivered", "")


@pytest.mark.parametrize("first", ["undelivered", "failed", "unknown"])
def test_better_news_takes_the_worse_back(first: str, sent: Message, now: datetime) -> None:
    tell(sent, first, "delivered", now=now)

    assert (sent.state, sent.reason) == ("delivered", "")
    assert counts()["delivered"] == counts()["sent"]
    assert first not in counts()


def test_of_several_receipts_in_one_batch_the_furthest_counts(sent: Message, now: datetime) -> None:
    events = [
        StatusEvent(reference=sent.reference, status=ReceiptStatus(status))
        for status in ("delivered", "undelivered", "sent")
    ]
    receipts.keep([("default", event) for event in events], now=now)

    assert receipts.match_due(now=now) == 3

    sent.refresh_from_db()
    assert sent.state == "delivered"


def test_a_receipt_that_beats_our_own_note_counts_for_both(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    Message.objects.filter(pk=message.pk).update(
        state="handed_over", handed_over_at=now, lease_token="t", due_at=None
    )

    tell(message, "delivered", now=now)

    assert message.state == "delivered"
    assert counts() == {"scheduled": 1, "sent": 1, "delivered": 1}


def test_the_providers_id_finds_the_message_where_it_does_not_repeat_our_reference(
    sent: Message, now: datetime
) -> None:
    event = StatusEvent(provider_id=sent.provider_id, status=ReceiptStatus.DELIVERED)
    receipts.keep([("default", event)], now=now)
    receipts.match_due(now=now)

    sent.refresh_from_db()
    assert sent.state == "delivered"


@pytest.mark.parametrize("by", ["reference", "provider_id"])
def test_another_gateways_receipt_does_not_touch_the_message(by: str, sent: Message, now: datetime) -> None:
    event = StatusEvent(status=ReceiptStatus.DELIVERED, **{by: getattr(sent, by)})
    receipts.keep([("other", event)], now=now)
    receipts.match_due(now=now)

    sent.refresh_from_db()
    assert sent.state == "sent"


def test_a_receipt_for_a_later_generation_finds_its_message(sent: Message, now: datetime) -> None:
    event = StatusEvent(reference=f"{sent.reference}-2", status=ReceiptStatus.DELIVERED)
    receipts.keep([("default", event)], now=now)
    receipts.match_due(now=now)

    sent.refresh_from_db()
    assert sent.state == "delivered"


def test_a_receipt_without_a_message_is_asked_about_for_ten_minutes(sent: Message, now: datetime) -> None:
    provider_id = sent.provider_id
    Message.objects.update(provider_id="")
    event = StatusEvent(provider_id=provider_id, status=ReceiptStatus.DELIVERED)
    receipts.keep([("default", event)], now=now)
    receipts.match_due(now=now)
    receipt = Receipt.objects.get()
    assert (receipt.due_at, receipt.attempts, receipt.message_id) == (now + timedelta(seconds=5), 1, None)

    Message.objects.update(provider_id=provider_id)  # our own note is committed now
    assert receipts.match_due(now=now + timedelta(seconds=4)) == 0
    assert receipts.match_due(now=now + timedelta(seconds=5)) == 1

    sent.refresh_from_db()
    assert sent.state == "delivered"


def test_a_receipt_of_nobody_is_given_up_after_ten_minutes(db: None, now: datetime) -> None:
    receipts.keep([("default", StatusEvent(provider_id="x", status=ReceiptStatus.SENT))], now=now)
    moment, looks = now, 0
    while True:
        due = Receipt.objects.get().due_at
        if due is None:
            break
        moment, looks = due, looks + 1
        receipts.match_due(now=moment)

    assert timedelta(minutes=10) <= moment - now < timedelta(minutes=25)
    assert looks == 8


def test_a_receipt_that_names_nothing_waits_for_nothing(db: None, now: datetime) -> None:
    event = StatusEvent(number="+447400123456", status=ReceiptStatus.DELIVERED)
    receipts.keep([("default", event)], now=now)

    receipt = Receipt.objects.get()
    assert receipt.due_at is None
    assert len(receipt.number_hash) == 64
    assert "447400" not in receipt.number_hash


def test_a_receipt_tells_the_price(sent: Message, now: datetime) -> None:
    tell(sent, "delivered", now=now, price=Decimal("-0.0075"), currency="USD")

    assert (sent.price, sent.currency) == (Decimal("0.007500"), "USD")


def test_an_opt_out_that_only_a_receipt_tells_of_is_believed(sent: Message, now: datetime) -> None:
    tell(sent, "failed", now=now, code="21610", outcome=Outcome.OPTED_OUT)

    assert (sent.state, sent.reason) == ("failed", "21610")
    assert Suppression.objects.get().scope_value == "default:+447700900000"
    assert not Permission.objects.get(contact=sent.contact, group="marketing").granted


def test_the_number_of_queries_does_not_grow_with_the_receipts(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    messages = [queued(contact) for _ in range(44)]
    while send_due(now=now):
        pass
    numbers = []
    for batch in (messages[:4], messages[4:]):
        receipts.keep(
            [
                (
                    "default",
                    StatusEvent(
                        reference=message.reference,
                        status=ReceiptStatus.DELIVERED,
                        price=Decimal("0.01") * position,
                    ),
                )
                for position, message in enumerate(batch)
            ],
            now=now,
        )
        with CaptureQueriesContext(connection) as queries:
            assert receipts.match_due(now=now) == len(batch)
        numbers.append(len(queries))

    assert numbers[0] == numbers[1] < 15


def body(*events: dict[str, Any]) -> dict[str, Any]:
    document = json.dumps({"events": list(events)}).encode()
    return {
        "method": "POST",
        "url": "https://shop.example/x/",
        "content_type": "application/json",
        "body_base64": base64.b64encode(document).decode(),
    }


def test_a_callback_becomes_a_receipt_and_moves_its_message(sent: Message, now: datetime) -> None:
    raw = body({"type": "receipt", "reference": sent.reference, "id": "p", "status": "delivered"})

    assert messaging.store_callback(gateway="default", raw=raw, digest="d1", now=now) is True
    assert messaging.store_callback(gateway="default", raw=raw, digest="d1", now=now) is False
    assert read_due(now=now) == 2
    assert read_due(now=now) == 0

    sent.refresh_from_db()
    assert sent.state == "delivered"
    callback = Callback.objects.get()
    assert (callback.due_at, callback.attempts, callback.error) == (None, 0, "")


def test_a_callback_becomes_an_inbound_text_once(db: None, now: datetime) -> None:
    event = {"type": "inbound", "id": "m1", "from": "+447400123456", "to": "+447700900000", "text": "Hi\x00!"}
    for digest in ("d1", "d2"):  # a provider repeats it with another envelope
        messaging.store_callback(gateway="default", raw=body(event), digest=digest, now=now)
    later = now + timedelta(minutes=1)

    read_due(now=later)

    text = InboundText.objects.get()
    assert (text.from_number, text.to_number, text.text) == ("+447400123456", "+447700900000", "Hi!")
    assert (text.recorded_at, text.due_at, text.verdict) == (now, later, "")


def test_texts_without_the_providers_id_are_kept_apart_by_their_callback(db: None, now: datetime) -> None:
    event = {"type": "inbound", "from": "+447400123456", "to": "+447700900000", "text": "Hi"}
    messaging.store_callback(gateway="default", raw=body(event, event), digest="d1", now=now)
    messaging.store_callback(gateway="default", raw=body(event), digest="d2", now=now)

    read_due(now=now)

    assert sorted(InboundText.objects.values_list("provider_id", flat=True)) == ["d1:0", "d1:1", "d2:0"]


def test_a_callback_that_cannot_be_read_stops_nobody_and_is_parked_after_five_times(
    sent: Message, now: datetime
) -> None:
    messaging.store_callback(
        gateway="default", raw=body({"type": "nonsense +447400123456"}), digest="bad", now=now
    )
    messaging.store_callback(gateway="gone", raw=body(), digest="gone", now=now)
    good = body({"type": "receipt", "reference": sent.reference, "status": "delivered"})
    messaging.store_callback(gateway="default", raw=good, digest="good", now=now)

    moment = now
    for _ in range(5):
        read_due(now=moment)
        moment += timedelta(hours=3)

    sent.refresh_from_db()
    assert sent.state == "delivered"
    for digest in ("bad", "gone"):
        callback = Callback.objects.get(digest=digest)
        assert (callback.due_at, callback.attempts) == (None, 5)
        assert callback.error
        assert "447400" not in callback.error
    assert reading.read_callbacks(now=moment) == 0
