"""A press on somebody's own page against a hand-over and against a text of theirs, in every order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError, wait
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import own_data_actions, projection
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.contacts.types import Wishes
from wagtail_drip.events.models import Event
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import InboundEvent
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import own_pages
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import own_data

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
Customer = Callable[..., Contact]
Queued = Callable[..., Message]
# The number that ``open_site`` texts from.
SENDER = "+447700900000"


def press_stop(contact_id: int, site_id: int, now: datetime) -> bool:
    return own_pages.stop(contact_id=contact_id, site_id=site_id, source="page:stop", wording="", now=now)


def choose_a_pause(contact_id: int, site_id: int, now: datetime) -> bool:
    chosen = own_pages.choose(
        contact_id=contact_id,
        site_id=site_id,
        wishes=Wishes(paused_until=now + timedelta(hours=2)),
        topics={},
        source="page:preferences",
        wording="",
        now=now,
    )
    return bool(chosen)


def restrict(contact_id: int, site_id: int, now: datetime) -> bool:
    return own_data.restrict(contact_id, is_restricted=True, now=now)


PRESSES = pytest.mark.parametrize(
    ("press", "fate"),
    [
        pytest.param(press_stop, {("skipped", "suppressed"), ("cancelled", "suppressed")}, id="stop"),
        pytest.param(choose_a_pause, {("scheduled", "contact_paused")}, id="a pause"),
        pytest.param(restrict, {("skipped", "restricted")}, id="a restriction"),
    ],
)


@pytest.fixture
def has_locked(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once whoever presses has the contact's lock."""
    event, lock = threading.Event(), own_pages.lock

    def lock_and_tell(contact_id: int) -> Contact | None:
        found = lock(contact_id)
        event.set()
        return found

    monkeypatch.setattr(own_pages, "lock", lock_and_tell)
    lock_data = own_data_actions._lock

    def lock_data_and_tell(contact_id: int) -> None:
        lock_data(contact_id)
        event.set()

    monkeypatch.setattr(own_data_actions, "_lock", lock_data_and_tell)
    return event


@needs_row_locks
@PRESSES
def test_a_press_that_comes_before_the_gate_locks_is_obeyed(
    press: Callable[..., bool],
    fate: set[tuple[str, str]],
    elsewhere: Run,
    before_lock: Door,
    has_locked: threading.Event,
    customer: Customer,
    queued: Queued,
    open_site: int,
    now: datetime,
) -> None:
    contact = customer()
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    # A stop also takes back what waits, which one of the two ways has in its hands by now: it need not be done yet.
    pressing = elsewhere(press, contact.pk, open_site, now)
    assert has_locked.wait(PATIENCE_SECONDS)
    before_lock.open()
    wait([sending, pressing], PATIENCE_SECONDS)
    sending.result()
    assert pressing.result() is True

    message.refresh_from_db()
    assert memory.outbox == []
    assert (message.state, message.reason or message.defer_reason) in fate


@PRESSES
def test_a_press_that_comes_after_the_gate_has_locked_waits_for_its_commit(
    press: Callable[..., bool],
    fate: set[tuple[str, str]],
    elsewhere: Run,
    before_mark: Door,
    customer: Customer,
    queued: Queued,
    open_site: int,
    now: datetime,
) -> None:
    contact = customer()
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    before_mark.await_knock()

    pressing = elsewhere(press, contact.pk, open_site, now)
    with pytest.raises(TimeoutError):
        pressing.result(0.3)
    before_mark.open()
    wait([sending, pressing], PATIENCE_SECONDS)
    sending.result()
    assert pressing.result() is True

    # The hand-over came first, and nothing goes from then on.
    message.refresh_from_db()
    assert message.state == "sent"
    later = queued(contact)
    send_due(now=now)
    later.refresh_from_db()
    assert (later.state, later.reason or later.defer_reason) in fate
    assert len(memory.outbox) == 1


@needs_row_locks
@PRESSES
def test_a_gate_that_reads_before_it_locks_texts_somebody_who_has_pressed(
    press: Callable[..., bool],
    fate: set[tuple[str, str]],
    elsewhere: Run,
    read_too_early: Door,
    has_locked: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    customer: Customer,
    queued: Queued,
    open_site: int,
    now: datetime,
) -> None:
    """The mutant. It must leak, or the tests above prove nothing about the order."""
    contact = customer()
    message = queued(contact)
    # Without this part of a stop, which waits for the message, only the gate's own order is asked.
    monkeypatch.setattr(inbox.messaging, "cancel_for_contacts", lambda **_: 0)
    sending = elsewhere(send_due, now=now)
    read_too_early.await_knock()

    elsewhere(press, contact.pk, open_site, now).result(PATIENCE_SECONDS)
    read_too_early.open()
    sending.result(PATIENCE_SECONDS)

    message.refresh_from_db()
    assert (message.state, message.reason) not in fate
    assert [sms.to for sms in memory.outbox] == [contact.phone]


def test_presses_and_texts_at_once_are_one_stop(
    elsewhere: Run, customer: Customer, open_site: int, now: datetime
) -> None:
    contact = customer()
    stop = InboundEvent(provider_id="in-1", from_number=contact.phone, to_number=SENDER, text="STOP")
    barrier = threading.Barrier(4)

    def press() -> bool:
        barrier.wait(PATIENCE_SECONDS)
        return press_stop(contact.pk, open_site, now)

    def write() -> bool:
        barrier.wait(PATIENCE_SECONDS)
        return inbox.apply_stop_at_once(gateway="default", inbound=stop, now=now)

    ways = [elsewhere(press), elsewhere(write), elsewhere(press), elsewhere(write)]
    wait(ways, PATIENCE_SECONDS * 2)
    for each in ways:
        each.result()

    assert Suppression.objects.count() == 1
    assert ConsentRecord.objects.filter(contact=contact, granted=False).count() == 1
    assert Event.objects.filter(name="opted_out").count() <= 1
    assert projection.differences() == []
