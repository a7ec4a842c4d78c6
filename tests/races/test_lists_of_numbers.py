"""Lists of numbers, never to be texted or in other hands, against a hand-over; and if closing them takes no lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from tests.races.door import PATIENCE_SECONDS, Door, goes_second, needs_row_locks
from wagtail_drip.contacts.models import Contact
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import changed_hands, never_text

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
Way = tuple[Callable[[str, datetime], None], str]


def never(phone: str, now: datetime) -> None:
    with transaction.atomic():
        never_text.close([phone], list_id=1, now=now)


def hand_on(phone: str, now: datetime) -> None:
    with transaction.atomic():
        changed_hands.let_go(
            [phone], since=now + timedelta(days=1), source="list", now=now, staff_user_id=None
        )


@pytest.fixture(params=[(never, "suppressed"), (hand_on, "no_phone")], ids=["never texted", "changed hands"])
def listing(request: pytest.FixtureRequest) -> Way:
    """How a list closes a number, and for which reason a text then does not go."""
    found: Way = request.param
    return found


@needs_row_locks
def test_a_number_closed_before_the_gate_locks_is_not_texted(
    listing: Way,
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

    close, reason = listing
    close(contact.phone, now)
    before_lock.open()
    sending.result(PATIENCE_SECONDS)

    message.refresh_from_db()
    assert memory.outbox == []
    assert (message.state, message.reason) == ("skipped", reason)


def test_closing_waits_for_a_hand_over_that_has_locked(
    listing: Way,
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

    close, reason = listing
    goes_second(elsewhere(close, contact.phone, now), behind=sending, at=before_mark)

    later = queued(contact)
    send_due(now=now)
    later.refresh_from_db()
    assert len(memory.outbox) == 1
    assert (later.state, later.reason) == ("skipped", reason)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
# Who takes a number from its contact writes that contact, and waits for its lock by that alone.
def test_closing_that_takes_no_lock_is_committed_before_a_text_goes_all_the_same(
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
        without.setattr(never_text, "lock_speakers", lambda ids: {})
        without.setattr(messaging, "cancel_for_contacts", lambda **_: 0)
        elsewhere(never, contact.phone, now).result(PATIENCE_SECONDS)
    before_mark.open()
    sending.result(PATIENCE_SECONDS)

    assert len(memory.outbox) == 1
