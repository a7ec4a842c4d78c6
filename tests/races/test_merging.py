"""A merge against a stop, an entry and another merge, and what happens if whoever writes does not look again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from tests.races.door import PATIENCE_SECONDS, Door, goes_second, needs_row_locks
from wagtail_drip.contacts import merging, querysets, speaking
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import senders
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy.merge import merge
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
OLD, NEW = "+447400123456", "+447400123457"


@pytest.fixture
def two(customer: Callable[..., Contact]) -> tuple[Contact, Contact]:
    return customer(OLD), customer(NEW)


@pytest.fixture
def after_resolving(two: tuple[Contact, Contact], monkeypatch: pytest.MonkeyPatch) -> Door:
    """Where the first who looks for a speaker knows who that is, and has not locked them."""
    door, locked, knocked = Door(), speaking._locked, list[bool]()

    def knock_then_lock(ids: Collection[int], wanted: Collection[int]) -> Any:
        if not knocked:
            knocked.append(True)
            door.knock()
        return locked(ids, wanted)

    monkeypatch.setattr(speaking, "_locked", knock_then_lock)
    return door


def stop(number: str, site_id: int, now: datetime) -> None:
    reach = senders.reach_of_site(site_id)
    claims.retried(lambda: inbox.stop(number=number, reach=reach, source="sms", wording="STOP", now=now))


def finish(waiting: Future[Any], door: Door) -> None:
    door.open()
    waiting.result(PATIENCE_SECONDS)


def is_open(contact: Contact, site_id: int) -> bool:
    return querysets.permissions([contact.pk], [site_id])[contact.pk, site_id, "marketing", "sms", ""]


@needs_row_locks
def test_a_stop_that_knew_the_old_speaker_reaches_the_new_one(
    elsewhere: Run,
    after_resolving: Door,
    two: tuple[Contact, Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
) -> None:
    merged, stays = two
    stopping = elsewhere(stop, OLD, open_site, now)

    after_resolving.await_knock()
    merge(merged.pk, into=stays.pk, now=now)
    finish(stopping, after_resolving)

    queued(stays)
    send_due(now=now)
    assert not is_open(stays, open_site)
    assert memory.outbox == []


@needs_row_locks
def test_a_stop_that_does_not_look_again_stops_nobody(
    elsewhere: Run,
    after_resolving: Door,
    two: tuple[Contact, Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant. It must leak, or the test above proves nothing about the second look."""
    merged, stays = two
    # As everybody wrote it who resolved first, then locked, and believed what was resolved.
    monkeypatch.setattr(speaking, "_speaker", lambda row, rows: row)
    stopping = elsewhere(stop, OLD, open_site, now)

    after_resolving.await_knock()
    # The merge itself without its second look, which is the same one.
    Contact.objects.filter(pk=merged.pk).update(merged_into=stays, active_phone=None)
    finish(stopping, after_resolving)

    queued(stays)
    send_due(now=now)
    assert is_open(stays, open_site)
    assert [sms.to for sms in memory.outbox] == [NEW]


def test_a_merge_waits_for_a_stop_that_has_locked_and_carries_it_over(
    elsewhere: Run,
    two: tuple[Contact, Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merged, stays = two
    door, withdraw = Door(), inbox.contacts.withdraw_marketing

    def knock_then_withdraw(**given: Any) -> int:
        door.knock()
        return withdraw(**given)

    monkeypatch.setattr(inbox.contacts, "withdraw_marketing", knock_then_withdraw)
    stopping = elsewhere(stop, OLD, open_site, now)
    door.await_knock()

    goes_second(elsewhere(merge, merged.pk, into=stays.pk, now=now), behind=stopping, at=door)

    queued(stays)
    send_due(now=now)
    assert not is_open(stays, open_site)
    assert memory.outbox == []


@needs_row_locks
def test_who_enters_while_they_are_merged_enters_as_who_stays_or_not_twice(
    elsewhere: Run, after_resolving: Door, two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    sequence = live_sequence(steps=[("wait_duration", {"amount": 1, "unit": "days"})])
    entering = elsewhere(
        enrolments.enrol, contact_ids=[merged.pk], sequence_id=sequence.pk, site_id=open_site, now=now
    )
    after_resolving.await_knock()

    merge(merged.pk, into=stays.pk, now=now)
    enrolments.enrol(contact_ids=[stays.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    finish(entering, after_resolving)

    assert list(Enrolment.objects.values_list("contact_id", "running")) == [(stays.pk, 1)]


def test_two_who_merge_the_same_two_crosswise_make_one_of_them(
    elsewhere: Run, two: tuple[Contact, Contact], now: datetime
) -> None:
    first, second = two
    results = [
        elsewhere(merge, first.pk, into=second.pk, now=now),
        elsewhere(merge, second.pk, into=first.pk, now=now),
    ]
    errors = [each.exception(PATIENCE_SECONDS) for each in results]

    assert [type(error) for error in errors if error] == [merging.CannotMerge]
    assert Contact.objects.exclude(merged_into=None).count() == 1
    assert Contact.objects.exclude(active_phone=None).count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_merges_that_take_no_locks_make_a_ring(
    elsewhere: Run, two: tuple[Contact, Contact], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: each has read both before the other writes, and nobody speaks for either any more."""
    first, second = two
    doors = {first.pk: Door(), second.pk: Door()}

    def read_then_knock(contact_id: int, into: int) -> tuple[Contact, Contact]:
        pair = Contact.objects.get(pk=contact_id), Contact.objects.get(pk=into)
        doors[contact_id].knock()
        return pair

    monkeypatch.setattr(merging, "lock_two", read_then_knock)
    one = elsewhere(merge, first.pk, into=second.pk, now=now)
    other = elsewhere(merge, second.pk, into=first.pk, now=now)
    for door in doors.values():
        door.await_knock()
    finish(one, doors[first.pk])
    finish(other, doors[second.pk])

    assert Contact.objects.exclude(merged_into=None).count() == 2
