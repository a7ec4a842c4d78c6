"""Two sequences, two workers, one person and one place left: caps count what the other has handed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, TimeoutError, wait
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import outbox
from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip.compliance import rulebook
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import keys
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import composing, facts, gate, pressure
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.types import People, Ready

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]


@pytest.fixture
def one_a_week(open_site: int) -> int:
    core.change_site_settings(open_site, caps={"week": 1})
    return open_site


class Worker:
    """One worker with one message of its own, claimed and composed, before the gate."""

    def __init__(self, now: datetime) -> None:
        self.token, self.now = keys.new_token(), now
        claimed = outbox.claim(token=self.token, limit=1, now=now)
        self.ready = composing.prepare(claimed, token=self.token, now=now)
        assert len(self.ready) == 1

    def hand_over(self) -> list[Ready]:
        return gate.hand_over(self.ready, token=self.token, now=self.now)


def two_workers(contact: Contact, queued: Callable[..., Message], now: datetime) -> list[Worker]:
    lasting = now + timedelta(days=30)
    for sequence_id in (7, 8):
        queued(contact, sequence_id=sequence_id, expires_at=lasting)
    return [Worker(now), Worker(now)]


def fates() -> list[tuple[str, str]]:
    return sorted(Message.objects.values_list("state", "defer_reason"))


ONE_WENT = [("handed_over", ""), ("scheduled", "frequency_cap")]


def test_the_second_of_two_sequences_waits_for_the_first_and_counts_it(
    elsewhere: Run,
    monkeypatch: pytest.MonkeyPatch,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    one_a_week: int,
    now: datetime,
) -> None:
    first, second = two_workers(customer(), queued, now)
    door, decide = Door(), gate.decide

    def decide_then_knock(*args: Any) -> Any:
        decisions = decide(*args)
        if args[0][0].id == first.ready[0].message.id:
            door.knock()
        return decisions

    monkeypatch.setattr(gate, "decide", decide_then_knock)
    going = elsewhere(first.hand_over)
    door.await_knock()

    # The first has counted and let its message go, and has not committed it.
    other = elsewhere(second.hand_over)
    with pytest.raises(TimeoutError):
        other.result(0.3)
    door.open()
    wait([going, other], PATIENCE_SECONDS)

    assert (len(going.result()), len(other.result())) == (1, 0)
    assert fates() == ONE_WENT
    assert SendLedger.objects.count() == 1
    assert Message.objects.get(state="scheduled").due_at == now + timedelta(days=7)


@needs_row_locks
def test_a_gate_that_counts_before_it_locks_breaks_the_cap(
    elsewhere: Run,
    monkeypatch: pytest.MonkeyPatch,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    one_a_week: int,
    now: datetime,
) -> None:
    """The mutant. It must break the cap, or the test above proves nothing about the order."""
    first, second = two_workers(customer(), queued, now)
    doors = {worker.ready[0].message.id: Door() for worker in (first, second)}
    lock, read = gate.lock_contacts, gate.read_facts
    found: dict[int, gate.Facts] = {}

    def read_then_lock(ready: Sequence[Ready]) -> People:
        messages = [each.message for each in ready]
        people = facts.read_people({each.contact_id for each in messages})
        found[messages[0].id] = read(messages, people, now, rulebook.read(now.date()))
        doors[messages[0].id].knock()
        return lock(ready)

    monkeypatch.setattr(gate, "lock_contacts", read_then_lock)
    monkeypatch.setattr(gate, "read_facts", lambda messages, people, now, rules: found[messages[0].id])
    running = [elsewhere(worker.hand_over) for worker in (first, second)]
    for door in doors.values():
        door.await_knock()
    for door in doors.values():
        door.open()
    wait(running, PATIENCE_SECONDS)

    assert [len(each.result()) for each in running] == [1, 1]
    assert fates() == [("handed_over", "")] * 2


def test_within_one_chunk_the_gate_counts_the_chunk_itself(
    monkeypatch: pytest.MonkeyPatch,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    one_a_week: int,
    now: datetime,
) -> None:
    contact = customer()
    for priority in (0, 3):
        queued(contact, priority=priority, expires_at=now + timedelta(days=30))
    token = keys.new_token()

    def through_the_gate() -> list[int]:
        claimed = outbox.claim(token=token, limit=2, now=now)
        ready = composing.prepare(claimed, token=token, now=now)
        return [each.message.priority for each in gate.hand_over(ready, token=token, now=now)]

    assert through_the_gate() == [3]
    assert fates() == ONE_WENT

    # And its mutant, which decides of each as if it were alone.
    SendLedger.objects.all().delete()
    Message.objects.update(state="scheduled", due_at=now, handed_over_at=None)
    monkeypatch.setattr(
        pressure,
        "decide_in_order",
        lambda messages, questions, decide, now: [decide(position) for position in range(len(messages))],
    )
    assert sorted(through_the_gate()) == [0, 3]


def test_many_workers_at_once_keep_everybodys_cap(
    elsewhere: Run,
    customer: Callable[..., Contact],
    queued: Callable[..., Message],
    open_site: int,
    now: datetime,
    settings: Any,
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "SENDER_SEGMENTS_PER_SECOND": 0, "SEND_BATCH": 5}
    core.change_site_settings(open_site, caps={"week": 2, "purposes": {"welcome": {"week": 1}}})
    people = [customer(f"+4474001234{number:02}") for number in range(12)]
    for contact in people:
        for number in range(5):
            queued(
                contact,
                purpose="welcome" if number % 2 else "promotional",
                priority=number % 3,
                expires_at=now + timedelta(days=30),
            )
    from wagtail_drip.messaging.send_due import send_due

    for worker in [elsewhere(send_due, now=now) for _ in range(3)]:
        worker.result(PATIENCE_SECONDS * 2)
    while send_due(now=now):
        pass

    assert len(memory.outbox) == 24
    assert SendLedger.objects.count() == 24
    for contact in people:
        purposes = list(SendLedger.objects.filter(contact=contact).values_list("purpose", flat=True))
        assert len(purposes) == 2
        assert purposes.count("welcome") <= 1
    assert not Message.objects.filter(state="claimed").exists()
