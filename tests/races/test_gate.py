"""An opt-out against a hand-over, in both orders, and what happens if the gate's two first steps are swapped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, TimeoutError, wait
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core import claims
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.send_due import send_due

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]


def opt_out(contact_id: int, site_id: int, now: datetime) -> None:
    with transaction.atomic():
        claims.lock_in_order(Contact.objects.filter(pk=contact_id))
        contacts.withdraw_marketing(
            contact_ids=[contact_id],
            site_ids=[site_id],
            source="test",
            method=ConsentMethod.KEYWORD,
            now=now,
        )


def suppress(phone: str, now: datetime) -> None:
    with transaction.atomic():
        claims.lock_in_order(Contact.objects.filter(active_phone=phone))
        compliance.suppress(phone=phone, scope="all", reason="stop_keyword", source="test", now=now)


@needs_row_locks
@pytest.mark.parametrize("stop", ["withdrawn", "suppressed"])
def test_a_stop_that_commits_before_the_gate_locks_is_obeyed(
    stop: str,
    elsewhere: Run,
    before_lock: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
) -> None:
    contact = customer()
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    if stop == "withdrawn":
        opt_out(contact.pk, open_site, now)
    else:
        suppress(contact.phone, now)
    before_lock.open()
    sending.result(PATIENCE_SECONDS)

    assert memory.outbox == []
    message.refresh_from_db()
    reason = "unsubscribed" if stop == "withdrawn" else "suppressed"
    assert (message.state, message.reason) == ("skipped", reason)
    assert not SendLedger.objects.exists()


@pytest.mark.parametrize("stop", ["withdrawn", "suppressed"])
def test_a_stop_that_comes_after_the_gate_has_locked_waits_for_its_commit(
    stop: str,
    elsewhere: Run,
    before_mark: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
) -> None:
    contact = customer()
    message, later = queued(contact), None
    sending = elsewhere(send_due, now=now)
    before_mark.await_knock()

    stopping = (
        elsewhere(opt_out, contact.pk, open_site, now)
        if stop == "withdrawn"
        else elsewhere(suppress, contact.phone, now)
    )
    with pytest.raises(TimeoutError):
        stopping.result(0.3)
    before_mark.open()
    wait([sending, stopping], PATIENCE_SECONDS)
    sending.result()
    stopping.result()

    # The hand-over came first, and the stop knows it: nothing goes from then on.
    message.refresh_from_db()
    assert message.state == "sent"
    later = queued(contact)
    send_due(now=now)
    later.refresh_from_db()
    assert later.state == "skipped"
    assert len(memory.outbox) == 1


def test_on_sqlite_a_stop_during_the_gate_waits_as_well(
    elsewhere: Run,
    before_lock: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("this seam lies before the locks of other databases")
    contact = customer()
    queued(contact)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    stopping = elsewhere(opt_out, contact.pk, open_site, now)
    with pytest.raises(TimeoutError):
        stopping.result(0.3)
    before_lock.open()
    wait([sending, stopping], PATIENCE_SECONDS)

    assert len(memory.outbox) == 1
    assert Permission.objects.filter(contact=contact, group="marketing", granted=False).exists()


@needs_row_locks
def test_who_comes_while_a_stop_is_under_way_waits_without_holding_the_message(
    elsewhere: Run,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
) -> None:
    """The stop wants the message next, to cancel it: who held it and waited for the stop would wait for ever."""
    contact, other = customer(), customer("+447400123459")
    message, neighbour = queued(contact), queued(other)
    door = Door()

    def stop() -> None:
        with transaction.atomic():
            claims.lock_in_order(Contact.objects.filter(pk=contact.pk))
            door.knock()
            messaging.cancel_for_contacts(contact_ids=[contact.pk], reason="unsubscribed", now=now)

    stopping = elsewhere(stop)
    door.await_knock()
    sending = elsewhere(send_due, now=now)
    while Message.objects.get(pk=message.pk).state != "claimed":
        assert not sending.done()
    door.open()
    wait([stopping, sending], PATIENCE_SECONDS)
    stopping.result()
    sending.result()

    message.refresh_from_db()
    neighbour.refresh_from_db()
    assert (message.state, neighbour.state) == ("cancelled", "sent")
    assert [sms.to for sms in memory.outbox] == [other.phone]


@needs_row_locks
def test_a_gate_that_reads_before_it_locks_texts_somebody_who_has_opted_out(
    elsewhere: Run,
    read_too_early: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
) -> None:
    """The mutant. It must leak, or the tests above prove nothing about the order."""
    contact = customer()
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    read_too_early.await_knock()

    opt_out(contact.pk, open_site, now)
    read_too_early.open()
    sending.result(PATIENCE_SECONDS)

    message.refresh_from_db()
    assert message.state == "sent"
    assert [sms.to for sms in memory.outbox] == [contact.phone]


def test_two_workers_at_once_send_each_message_once(
    elsewhere: Run,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
    settings: Any,
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "SENDER_SEGMENTS_PER_SECOND": 0, "SEND_BATCH": 7}
    people = [customer(f"+4474001234{number:02}") for number in range(20)]
    messages = [queued(contact) for contact in people for _ in range(3)]

    workers = [elsewhere(send_due, now=now) for _ in range(3)]
    counts = [worker.result(PATIENCE_SECONDS * 2) for worker in workers]
    while send_due(now=now):
        pass

    assert sorted(sms.reference for sms in memory.outbox) == sorted(m.reference for m in messages)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    assert SendLedger.objects.count() == 60
    if connection.vendor == "sqlite":
        assert sorted(counts)[:2] == [0, 0]  # one process at a time has the right to send
