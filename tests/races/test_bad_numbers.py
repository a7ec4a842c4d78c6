"""The receipt that suppresses a number against a hand-over to it, and what happens if it takes no lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, TimeoutError, wait
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Contact
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import Outcome, ReceiptStatus, StatusEvent
from wagtail_drip.messaging import bad_numbers, receipts
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]


@pytest.fixture
def failed(
    customer: Callable[..., Contact], queued: Callable[..., Message], now: datetime, settings: Any
) -> Contact:
    """Somebody whose text was sent, and about which a receipt waits to be read that is one too many."""
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "BAD_NUMBER_FAILURES": 1}
    contact = customer()
    message = queued(contact)
    send_due(now=now)
    receipt = StatusEvent(
        reference=message.reference, status=ReceiptStatus.UNDELIVERED, outcome=Outcome.BAD_NUMBER
    )
    receipts.keep([("default", receipt)], now=now)
    memory.reset()
    return contact


@needs_row_locks
def test_a_number_suppressed_before_the_gate_locks_is_not_texted(
    failed: Contact, elsewhere: Run, before_lock: Door, queued: Callable[..., Message], now: datetime
) -> None:
    message = queued(failed)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    receipts.match_due(now=now)
    before_lock.open()
    sending.result(PATIENCE_SECONDS)

    message.refresh_from_db()
    assert memory.outbox == []
    assert (message.state, message.reason) == ("skipped", "suppressed")


def test_a_receipt_waits_for_a_hand_over_that_has_locked(
    failed: Contact, elsewhere: Run, before_mark: Door, queued: Callable[..., Message], now: datetime
) -> None:
    queued(failed)
    sending = elsewhere(send_due, now=now)
    before_mark.await_knock()

    reading = elsewhere(receipts.match_due, now=now)
    with pytest.raises(TimeoutError):
        reading.result(0.3)
    assert Suppression.objects.count() == 0
    before_mark.open()
    wait([sending, reading], PATIENCE_SECONDS)
    sending.result()
    reading.result()

    later = queued(failed)
    send_due(now=now)
    later.refresh_from_db()
    assert len(memory.outbox) == 1
    assert (later.state, later.reason) == ("skipped", "suppressed")


@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite has one writer at a time, and MariaDB's check of the failure's foreign key waits by itself",
)
def test_a_receipt_that_takes_no_lock_suppresses_a_number_that_is_texted_all_the_same(
    failed: Contact,
    elsewhere: Run,
    before_mark: Door,
    queued: Callable[..., Message],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant. It must leak, or the test above proves nothing about the lock."""
    monkeypatch.setattr(bad_numbers, "lock", lambda contact_ids: None)
    queued(failed)
    sending = elsewhere(send_due, now=now)
    before_mark.await_knock()

    elsewhere(receipts.match_due, now=now).result(PATIENCE_SECONDS)
    suppressed_before = Suppression.objects.filter(lifted_at=None).count()
    before_mark.open()
    sending.result(PATIENCE_SECONDS)

    assert (suppressed_before, len(memory.outbox)) == (1, 1)
