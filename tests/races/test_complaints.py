"""A complaint against a hand-over, and what happens if noting it takes no lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from tests.races.door import PATIENCE_SECONDS, Door, goes_second, needs_row_locks
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.core import claims
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import complaints, own_pages
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]


def complain(contact_id: int, now: datetime) -> None:
    complaints.note(contact_id=contact_id, source="person", reason="No more.", now=now)


@needs_row_locks
def test_a_complaint_before_the_gate_locks_is_obeyed(
    elsewhere: Run,
    before_lock: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What waits is in the hands of the other way by now: the gate alone has to refuse it.
    monkeypatch.setattr(messaging, "cancel_for_contacts", lambda **_: 0)
    contact = customer()
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    complain(contact.pk, now)
    before_lock.open()
    sending.result(PATIENCE_SECONDS)

    message.refresh_from_db()
    assert memory.outbox == []
    assert (message.state, message.reason) == ("skipped", "unsubscribed")


def test_a_complaint_waits_for_a_hand_over_that_has_locked(
    elsewhere: Run,
    before_mark: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    contact = customer()
    queued(contact)
    sending = elsewhere(send_due, now=now)
    before_mark.await_knock()

    goes_second(elsewhere(complain, contact.pk, now), behind=sending, at=before_mark)

    later = queued(contact)
    send_due(now=now)
    later.refresh_from_db()
    assert len(memory.outbox) == 1
    assert (later.state, later.reason) == ("skipped", "unsubscribed")


@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite has one writer at a time, and MariaDB's check of the complaint's foreign key waits by itself",
)
def test_a_complaint_that_takes_no_lock_is_committed_before_a_text_goes_all_the_same(
    elsewhere: Run,
    before_mark: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant. It must leak, or the test above proves nothing about the lock."""
    contact = customer()
    queued(contact)
    sending = elsewhere(send_due, now=now)
    before_mark.await_knock()

    with monkeypatch.context() as without:
        without.setattr(own_pages, "lock", lambda contact_id: Contact.objects.get(pk=contact_id))
        without.setattr(claims, "lock_in_order", list)
        without.setattr(messaging, "cancel_for_contacts", lambda **_: 0)
        elsewhere(complain, contact.pk, now).result(PATIENCE_SECONDS)
    withdrawn = not Permission.objects.filter(contact=contact, group="marketing", granted=True).exists()
    before_mark.open()
    sending.result(PATIENCE_SECONDS)

    assert (withdrawn, len(memory.outbox)) == (True, 1)
