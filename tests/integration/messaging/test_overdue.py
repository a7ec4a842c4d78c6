"""Sent, and three days later no receipt: unknown by rule, and a receipt that comes after all still counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wagtail_drip.core.models import Lease
from wagtail_drip.gateways.types import StatusEvent
from wagtail_drip.messaging import overdue, receipts
from wagtail_drip.messaging.models import Message, MessageTally
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def sent(site_id: int, *, written: datetime, at: datetime | None = None, **fields: object) -> Message:
    number = Message.objects.count()
    return Message.objects.create(
        **{
            "key": f"k{number}",
            "reference": f"{number:032}",
            "contact": reachable_contact(),
            "site_id": site_id,
            "gateway": "default",
            "purpose": "information",
            "state": "sent",
            "segments": 1,
            "created_at": written,
            "lease_token": "worker",
            "handed_over_at": at or written,
            "sent_at": at or written,
            **fields,
        }
    )


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def test_after_three_days_and_no_sooner(site_id: int, now: datetime) -> None:
    sent(site_id, written=now - 73 * HOUR)
    sent(site_id, written=now - 71 * HOUR)
    sent(site_id, written=now - 80 * HOUR, state="delivered")

    assert overdue.doubt_due(now=now) == 1
    assert states() == ["unknown", "sent", "delivered"]
    assert Message.objects.earliest("pk").reason == overdue.NO_RECEIPT
    assert overdue.doubt_due(now=now + 3 * HOUR) == 1
    assert states() == ["unknown", "unknown", "delivered"]


def test_what_waited_long_before_it_went_is_looked_at_again(site_id: int, now: datetime) -> None:
    sent(site_id, written=now - 73 * HOUR, at=now - 5 * HOUR)
    assert overdue.doubt_due(now=now) == 0

    assert overdue.doubt_due(now=now + timedelta(days=15)) == 1


def test_a_batch_is_not_the_end(site_id: int, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "BATCH", 2)
    for ago in (73, 73, 73, 74, 75, 76, 77):
        sent(site_id, written=now - ago * HOUR)

    assert overdue.doubt_due(now=now) == 7
    assert overdue.doubt_due(now=now) == 0


def test_the_counts_are_put_right(site_id: int, now: datetime) -> None:
    sent(site_id, written=now - 73 * HOUR, sequence_id=1, step_id="a")

    overdue.doubt_due(now=now)

    counted = MessageTally.objects.values_list("state", "n").order_by("n")
    assert list(counted) == [("sent", -1), ("unknown", 1)]


def test_a_gateway_that_gives_no_receipts_is_believed(site_id: int, now: datetime) -> None:
    sent(site_id, written=now - 73 * HOUR, gateway="no-such-gateway")

    assert overdue.doubt_due(now=now) == 0


def test_two_workers_do_not_look_at_the_same_time(site_id: int, now: datetime) -> None:
    sent(site_id, written=now - 73 * HOUR)
    for name in overdue.LOOKS:
        Lease.objects.create(name=name, token="another", until=now + timedelta(days=9999))

    assert overdue.doubt_due(now=now) == 0
    assert states() == ["sent"]


def test_a_receipt_that_comes_after_all_counts(site_id: int, now: datetime) -> None:
    message = sent(site_id, written=now - 73 * HOUR)
    overdue.doubt_due(now=now)
    event = StatusEvent(provider_id="", status="delivered", reference=message.reference, at=now)

    receipts.keep([("default", event)], now=now)
    receipts.match_due(now=now)

    assert states() == ["delivered"]
