"""Erasing and merging against a hand-over, and what happens if the gate reads people before it locks them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest
from django.db import transaction

from tests.races.door import PATIENCE_SECONDS, Door, goes_second, needs_row_locks
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content import context
from wagtail_drip.core import claims
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import facts, straight
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy.merge import merge

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]


def erase(contact_id: int, now: datetime) -> None:
    """What erasing does to the contact's own row, under the lock that everybody takes first."""
    with transaction.atomic():
        claims.lock_in_order(Contact.objects.filter(pk=contact_id))
        Contact.objects.filter(pk=contact_id).update(
            phone="", active_phone=None, email="", first_name="", last_name="", attributes={}, erased_at=now
        )


@needs_row_locks
def test_who_is_erased_before_the_gate_locks_is_not_texted(
    elsewhere: Run,
    before_lock: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    contact = customer()
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    erase(contact.pk, now)
    before_lock.open()
    sending.result(PATIENCE_SECONDS)

    message.refresh_from_db()
    assert memory.outbox == []
    assert message.state == "skipped"


def test_erasing_waits_for_a_hand_over_that_has_locked(
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

    goes_second(elsewhere(erase, contact.pk, now), behind=sending, at=before_mark)

    later = queued(contact)
    send_due(now=now)
    later.refresh_from_db()
    assert len(memory.outbox) == 1
    assert later.state == "skipped"


@needs_row_locks
def test_who_is_merged_before_the_gate_locks_speaks_with_the_survivors_voice(
    elsewhere: Run,
    before_lock: Door,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    contact, survivor = customer(), customer("+447400123457", marketing=False)
    message = queued(contact)
    sending = elsewhere(send_due, now=now)
    before_lock.await_knock()

    merge(contact.pk, into=survivor.pk, now=now)
    before_lock.open()
    sending.result(PATIENCE_SECONDS)
    while send_due(now=now):
        pass

    # It went back to the queue, for its text may not be the survivor's, and then found no permission.
    message.refresh_from_db()
    assert memory.outbox == []
    assert (message.state, message.reason) == ("skipped", "no_consent")


@needs_row_locks
@pytest.mark.parametrize("change", ["erased", "merged"])
def test_a_gate_that_reads_people_before_it_locks_them_texts_who_is_gone(
    change: str,
    way: ModuleType,
    elsewhere: Run,
    monkeypatch: pytest.MonkeyPatch,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    """The mutant. It must leak, or the tests above prove nothing about the order."""
    contact, survivor = customer(), customer("+447400123457", marketing=False)
    queued(contact)
    door, lock = Door(), way.lock_contacts

    def read_then_lock(rows: Any) -> Any:
        contact_ids = {getattr(each, "message", each).contact_id for each in rows}
        people, shown = facts.read_people(contact_ids), context._rows(contact_ids)
        door.knock()
        lock(rows)
        return (people, shown) if way is straight else people

    monkeypatch.setattr(way, "lock_contacts", read_then_lock)
    sending = elsewhere(send_due, now=now)
    door.await_knock()

    if change == "erased":
        erase(contact.pk, now)
    else:
        merge(contact.pk, into=survivor.pk, now=now)
    door.open()
    sending.result(PATIENCE_SECONDS)

    assert [sms.to for sms in memory.outbox] == [contact.phone]
