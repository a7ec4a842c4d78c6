"""Erasing against an advance, a hand-over and a text that arrives; each with its mutant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from wagtail.models import Site

from tests.races.door import PATIENCE_SECONDS, Door, goes_second, needs_row_locks
from wagtail_drip.compliance import rulebook
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments import run_due
from wagtail_drip.enrolments.advanced import Advanced
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import receive
from wagtail_drip.messaging import facts, gate, straight
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import erase
from wagtail_drip.privacy.erasure_models import Erasure
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]


@pytest.fixture
def before_record(monkeypatch: pytest.MonkeyPatch) -> Door:
    """The seam of an advance that has decided everything and written nothing of the enrolments."""
    door, record = Door(), run_due.record

    def knock_then_record(batch: Sequence[Advanced], *, now: datetime) -> None:
        door.knock()
        record(batch, now=now)

    monkeypatch.setattr(run_due, "record", knock_then_record)
    return door


@pytest.fixture
def inside(customer: Callable[..., Contact], open_site: int, now: datetime) -> Contact:
    """Somebody whose next advance queues a text and waits for a day."""
    contact = customer()
    sequence = live_sequence(
        site=Site.objects.get(pk=open_site),
        steps=[
            ("send_message", {"text": "Hello {{ contact.first_name }}"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "And again"}),
        ],
    )
    enrolments.enrol(contact_ids=[contact.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    return contact


def finish(now: datetime) -> None:
    """Let everything happen that is due now and in the next days."""
    for moment in (now, now + timedelta(minutes=10), now + timedelta(days=2)):
        while (
            receive.receive_due(now=moment)
            + run_due.run_due(now=moment)
            + send_due(now=moment)
            + erase.erase_due(now=moment)
        ):
            pass


def test_an_erasure_waits_for_an_advance_and_cancels_what_it_queued(
    elsewhere: Run, before_record: Door, inside: Contact, now: datetime
) -> None:
    advancing = elsewhere(run_due.run_due, now=now)
    before_record.await_knock()

    goes_second(elsewhere(erase.begin, inside.pk, now=now), behind=advancing, at=before_record)
    finish(now)

    assert memory.outbox == []
    assert Message.objects.values_list("state", "reason").get() == ("cancelled", "erased")
    assert Enrolment.objects.values_list("state", "exit_reason").get() == ("exited", "erased")


@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="elsewhere the row of the text that is queued holds the contact's, and the mutant waits by that",
)
def test_an_erasure_that_ends_no_runs_leaves_a_text_in_the_outbox(
    elsewhere: Run,
    before_record: Door,
    inside: Contact,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant: it does not wait for the advance, whose text comes into the outbox after it was emptied."""
    monkeypatch.setattr(erase.enrolments, "exit", lambda **given: 0)
    advancing = elsewhere(run_due.run_due, now=now)
    before_record.await_knock()

    erase.begin(inside.pk, now=now)
    before_record.open()
    advancing.result(PATIENCE_SECONDS)

    assert Message.objects.get().state == "scheduled"
    assert Enrolment.objects.get().running == 1


@needs_row_locks
def test_an_erasure_before_the_gate_locks_leaves_nothing_to_hand_over(
    elsewhere: Run,
    the_long_way: None,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker has claimed and composed the text, and stands before the gate."""
    contact = customer()
    message = queued(contact)
    door, lock = Door(), gate.lock_contacts

    def knock_then_lock(ready: Any) -> Any:
        door.knock()
        return lock(ready)

    monkeypatch.setattr(gate, "lock_contacts", knock_then_lock)
    sending = elsewhere(send_due, now=now)
    door.await_knock()

    erase.begin(contact.pk, now=now)
    door.open()
    sending.result(PATIENCE_SECONDS)
    finish(now)

    message.refresh_from_db()
    assert memory.outbox == []
    assert (message.state, message.reason, message.body) == ("cancelled", "erased", "")


def test_an_erasure_that_comes_after_the_gate_has_locked_waits_and_empties_what_went(
    elsewhere: Run,
    before_mark: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    contact = customer()
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    before_mark.await_knock()

    goes_second(elsewhere(erase.begin, contact.pk, now=now), behind=sending, at=before_mark)
    finish(now)

    message.refresh_from_db()
    assert len(memory.outbox) == 1
    assert (message.state, message.body, message.provider_id) == ("sent", "", "")


@pytest.fixture
def reads_without_lock(way: ModuleType, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Door:
    """The mutant of the gate: it reads whom it would text, and all it decides by, without their lock."""
    door, lock = Door(), way.lock_contacts
    monkeypatch.setattr(gate, "_locked", lambda ids: list(facts.people_rows(ids)))
    monkeypatch.setattr(
        straight,
        "_free",
        lambda ids: list(Contact.objects.filter(pk__in=ids).values_list(*straight._COLUMNS)),
    )

    read, found = gate.read_facts, list[gate.Facts]()

    def read_then_knock(rows: Any) -> Any:
        people = lock(rows)
        messages = [getattr(each, "message", each) for each in rows]
        whom = people[0] if isinstance(people, tuple) else people
        found.append(read(messages, whom, now, rulebook.read(now.date())))
        door.knock()
        return people

    monkeypatch.setattr(gate, "read_facts", lambda *_given, **_known: found[-1])
    monkeypatch.setattr(way, "lock_contacts", read_then_knock)
    return door


@needs_row_locks
def test_a_gate_that_does_not_lock_texts_somebody_who_was_erased(
    elsewhere: Run,
    reads_without_lock: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant. It must leak, or the tests around it prove nothing about the lock."""
    contact = customer()
    number = contact.phone
    queued(contact)
    # Without this part of an erasure, which waits for the message, only the contact's lock is asked.
    monkeypatch.setattr(erase.messaging, "cancel_for_contacts", lambda **_: 0)
    sending = elsewhere(send_due, now=now)
    reads_without_lock.await_knock()

    elsewhere(erase.begin, contact.pk, now=now).result(PATIENCE_SECONDS)
    reads_without_lock.open()
    sending.result(PATIENCE_SECONDS)

    assert Contact.objects.get(pk=contact.pk).active_phone is None
    assert [sms.to for sms in memory.outbox] == [number]


@needs_row_locks
def test_the_gate_as_it_is_texts_nobody_erased_even_if_nothing_was_taken_back(
    elsewhere: Run,
    before_lock: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By both ways out of the queue: what is cancelled helps, and the order of lock and read is enough."""
    contact = customer()
    message = queued(contact)
    monkeypatch.setattr(erase.messaging, "cancel_for_contacts", lambda **_: 0)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    elsewhere(erase.begin, contact.pk, now=now, may_return=True).result(PATIENCE_SECONDS)
    before_lock.open()
    sending.result(PATIENCE_SECONDS)

    message.refresh_from_db()
    assert memory.outbox == []
    assert (message.state, message.reason) == ("skipped", "no_phone")


def text_from(number: str, now: datetime) -> None:
    InboundText.objects.create(
        gateway="default",
        provider_id="IN1",
        from_number=number,
        to_number="+447700900000",
        text="HELP",
        at=now,
        recorded_at=now,
        due_at=now,
    )


def test_an_erasure_waits_for_a_text_that_is_being_read_and_empties_it(
    elsewhere: Run, customer: Callable[..., Contact], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = customer()
    text_from(contact.phone, now)
    door, act = Door(), receive._act

    def knock_then_act(*args: Any, **given: Any) -> bool:
        door.knock()
        return act(*args, **given)

    monkeypatch.setattr(receive, "_act", knock_then_act)
    reading = elsewhere(receive.receive_due, now=now)
    door.await_knock()

    goes_second(elsewhere(erase.begin, contact.pk, now=now), behind=reading, at=door)
    finish(now)

    # The answer that it queued never went: whoever is erased is not even helped.
    assert memory.outbox == []
    assert Message.objects.values_list("state", "reason").get() == ("cancelled", "erased")
    assert InboundText.objects.values_list("text", "from_number").get() == ("", "")
    assert Contact.objects.count() == 1
    assert Erasure.objects.get().done_at is not None


def test_a_text_that_was_not_read_brings_nobody_back(customer: Callable[..., Contact], now: datetime) -> None:
    contact = customer()
    text_from(contact.phone, now)

    erase.begin(contact.pk, now=now)
    finish(now)

    assert memory.outbox == []
    assert list(Contact.objects.values_list("phone", flat=True)) == [""]


def test_an_erasure_that_forgets_what_is_unread_brings_them_back(
    customer: Callable[..., Contact], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: the text is read after, and its number is a contact again."""
    monkeypatch.setattr(erase, "_empty_what_is_unread", lambda person: None)
    contact = customer()
    number = contact.phone
    text_from(number, now)

    erase.begin(contact.pk, now=now)
    finish(now)

    assert Contact.objects.filter(active_phone=number).exists()
