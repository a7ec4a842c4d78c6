"""Putting messages into the outbox, and taking them out again before they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Purpose
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.databases import UnsafeDatabase
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import budget
from wagtail_drip.messaging.models import Hold, Message, MessageTally, SenderBudget
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.messaging.types import EXPIRES_AFTER, MessageDraft

pytestmark = pytest.mark.django_db

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def draft(contact: Contact, site_id: int, now: datetime, **fields: Any) -> MessageDraft:
    given: dict[str, Any] = {
        "key": "k",
        "contact_id": contact.pk,
        "site_id": site_id,
        "purpose": "promotional",
        "due_at": now,
        "source_text": "Hello",
        **fields,
    }
    return MessageDraft(**given)


def test_a_key_is_queued_once_and_counted_once(customer: Customer, open_site: int, now: datetime) -> None:
    contact = customer()
    first = draft(contact, open_site, now, source_text="First")

    messaging.queue([first, draft(contact, open_site, now, key="other")], now=now)
    messaging.queue([draft(contact, open_site, now, source_text="Second")], now=now)

    assert list(Message.objects.order_by("key").values_list("key", flat=True)) == ["k", "other"]
    assert Message.objects.get(key="k").pinned_text is not None
    assert Message.objects.get(key="k").pinned_text.source == "First"  # type: ignore[union-attr]
    assert sum(MessageTally.objects.values_list("n", flat=True)) == 2


def test_gateway_and_sender_are_the_sites(customer: Customer, queued: Queued) -> None:
    message = queued(customer())

    assert (message.gateway, message.sender, message.state) == ("default", "+447700900000", "scheduled")
    assert len(message.reference) == 32


@pytest.mark.parametrize("purpose", list(Purpose))
def test_each_purpose_has_its_expiry_and_its_lane(
    purpose: Purpose, customer: Customer, queued: Queued, now: datetime
) -> None:
    due = now + timedelta(hours=5)

    message = queued(customer(), purpose=purpose, due_at=due, lane=2)

    assert message.expires_at == due + EXPIRES_AFTER[purpose]
    assert message.lane == (0 if purpose in {"transactional", "response"} else 2)


def test_the_number_of_queries_to_queue_does_not_grow(
    customer: Customer, open_site: int, now: datetime
) -> None:
    contact = customer()
    counts = []
    for size in (1, 50):
        drafts = [draft(contact, open_site, now, key=f"{size}:{n}") for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            messaging.queue(drafts, now=now)
        counts.append(len(queries))

    # The first call also makes the bucket and pins the text.
    assert counts[1] <= counts[0]
    assert counts[1] < 15


def test_lower_lanes_go_first(customer: Customer, queued: Queued, now: datetime) -> None:
    contact = customer()
    queued(contact, source_text="bulk", lane=2, due_at=now - timedelta(hours=1))
    queued(contact, source_text="triggered", lane=1)
    queued(contact, source_text="order", purpose="transactional")

    for _ in range(3):
        send_due(now=now, limit=1)

    assert [sms.text for sms in memory.outbox] == ["order", "triggered", "bulk"]


def test_what_is_not_due_waits(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer(), due_at=now + timedelta(seconds=1))

    assert send_due(now=now) == 0
    assert send_due(now=now + timedelta(seconds=1)) == 1
    message.refresh_from_db()
    assert message.state == "sent"


def test_cancelling_ends_what_waits_and_leaves_what_went(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    gone = queued(contact, enrolment_id=5)
    send_due(now=now)
    waiting = queued(contact, enrolment_id=5)
    claimed = queued(contact, enrolment_id=5)
    Message.objects.filter(pk=claimed.pk).update(state="claimed", lease_token="x", lease_until=now)
    other = queued(contact, enrolment_id=6)

    cancelled = messaging.cancel_pending(enrolment_ids=[5], reason="goal_met", now=now)

    assert cancelled == 2
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {
        gone.pk: "sent",
        waiting.pk: "cancelled",
        claimed.pk: "cancelled",
        other.pk: "scheduled",
    }
    waiting.refresh_from_db()
    assert (waiting.reason, waiting.due_at, waiting.settled_at) == ("goal_met", None, now)
    assert sum(MessageTally.objects.filter(state="cancelled").values_list("n", flat=True)) == 2
    assert messaging.cancel_pending(enrolment_ids=[5], reason="goal_met", now=now) == 0


@pytest.mark.usefixtures("the_long_way")
def test_a_message_cancelled_between_claim_and_gate_does_not_go(
    customer: Customer, queued: Queued, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wagtail_drip.messaging import gate

    message = queued(customer(), enrolment_id=5)
    neighbour = queued(customer("+447400123459"))
    lock = gate.lock_contacts

    def cancel_then_lock(messages: Any) -> Any:
        messaging.cancel_pending(enrolment_ids=[5], reason="goal_met", now=now)
        return lock(messages)

    monkeypatch.setattr(gate, "lock_contacts", cancel_then_lock)
    send_due(now=now)

    message.refresh_from_db()
    neighbour.refresh_from_db()
    assert (message.state, message.reason, neighbour.state) == ("cancelled", "goal_met", "sent")
    assert [sms.to for sms in memory.outbox] == ["+447400123459"]
    counted = Counter[str]()
    for state, n in MessageTally.objects.values_list("state", "n"):
        counted[state] += n
    assert counted == {"scheduled": 2, "cancelled": 1, "handed_over": 1, "sent": 1}


def test_messages_of_removed_steps_are_cancelled(customer: Customer, queued: Queued, now: datetime) -> None:
    contact = customer()
    gone = queued(contact, sequence_id=7, enrolment_id=1, step_id="a")
    stays = queued(contact, sequence_id=7, enrolment_id=1, step_id="b")
    elsewhere = queued(contact, sequence_id=7, enrolment_id=2, step_id="a")

    messaging.cancel_for_steps(enrolment_ids=[1], step_ids=["a", "c"], reason="step_removed", now=now)

    assert dict(Message.objects.values_list("pk", "state")) == {
        gone.pk: "cancelled",
        stays.pk: "scheduled",
        elsewhere.pk: "scheduled",
    }


def test_everything_for_a_contact_can_be_cancelled(customer: Customer, queued: Queued, now: datetime) -> None:
    contact, other = customer(), customer("+447400123459")
    queued(contact)
    queued(contact, purpose="transactional")
    stays = queued(other)

    assert messaging.cancel_for_contacts(contact_ids=[contact.pk], reason="unsubscribed", now=now) == 2

    stays.refresh_from_db()
    assert stays.state == "scheduled"
    of = {"contact_ids": [other.pk], "reason": "unsubscribed", "now": now}
    assert messaging.cancel_for_contacts(**of, site_ids=[stays.site_id + 1]) == 0
    assert messaging.cancel_for_contacts(**of, site_ids=[stays.site_id]) == 1


def test_parked_messages_wait_and_return_to_where_they_were(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    due = [now + timedelta(minutes=n) for n in range(5)]
    for moment in due:
        queued(contact, sequence_id=7, due_at=moment)
    other = queued(contact, sequence_id=8)

    assert [messaging.park(7, limit=3) for _ in range(3)] == [3, 2, 0]
    assert send_due(now=now + timedelta(hours=1)) == 1
    other.refresh_from_db()
    assert other.state == "sent"
    assert [messaging.unpark(7, limit=4) for _ in range(3)] == [4, 1, 0]

    parked = Message.objects.filter(sequence_id=7).order_by("due_at")
    assert list(parked.values_list("due_at", flat=True)) == due
    assert not parked.exclude(parked_due_at=None).exists()


def test_an_open_hold_is_not_doubled_and_a_lifted_one_does_not_come_back(now: datetime) -> None:
    first = messaging.stop_everything(by="Ada", now=now)
    assert messaging.stop_everything(by="Grace", now=now).pk == first.pk

    assert messaging.lift(first.pk, by="Grace", now=now) is True
    assert messaging.lift(first.pk, by="Ada", now=now) is False

    assert messaging.stop_everything(by="Ada", now=now).pk != first.pk
    assert Hold.objects.get(pk=first.pk).lifted_by == "Grace"


def limited(settings: Any, segments: int) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "SENDER_SEGMENTS_PER_SECOND": segments}


def test_a_sender_hands_over_no_more_segments_than_its_bucket_holds(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    limited(settings, 10)
    contact = customer()
    for _ in range(8):
        queued(contact, source_text="x" * 200)  # two segments each
    SenderBudget.objects.update(tokens=10, refilled_at=clock.lease_now() + timedelta(hours=1))

    send_due(now=now)

    assert len(memory.outbox) == 5
    assert SenderBudget.objects.get().tokens == 0
    waiting = Message.objects.filter(state="scheduled")
    assert waiting.count() == 3
    SenderBudget.objects.update(tokens=10, refilled_at=clock.lease_now() + timedelta(hours=1))
    send_due(now=now + timedelta(seconds=1))
    assert len(memory.outbox) == 8


def test_a_bucket_refills_by_the_databases_clock_up_to_one_second(settings: Any, db: None) -> None:
    limited(settings, 100)
    budget.open_buckets({"default:a"})
    SenderBudget.objects.update(tokens=0, refilled_at=clock.lease_now() - timedelta(seconds=0.5))
    assert 50 <= budget.available()["default:a"] < 70

    SenderBudget.objects.update(tokens=0, refilled_at=clock.lease_now() - timedelta(hours=1))
    assert budget.available() == {"default:a": 100}


def test_a_text_longer_than_the_bucket_goes_when_it_is_full(settings: Any, db: None) -> None:
    limited(settings, 1)
    budget.open_buckets({"default:a"})

    assert budget.charge("default:a", segments=12, least=12) == 12
    assert budget.charge("default:a", segments=1, least=1) == 0


@pytest.mark.usefixtures("the_long_way")
def test_what_was_charged_and_did_not_go_is_put_back(
    customer: Customer, queued: Queued, now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wagtail_drip.messaging import gate

    limited(settings, 10)
    queued(customer())
    SenderBudget.objects.update(tokens=10, refilled_at=clock.lease_now() + timedelta(hours=1))
    lock = gate.lock_contacts

    def hold_then_lock(messages: Any) -> Any:
        messaging.stop_everything(by="Ada", now=now)
        return lock(messages)

    monkeypatch.setattr(gate, "lock_contacts", hold_then_lock)
    send_due(now=now)

    assert memory.outbox == []
    assert SenderBudget.objects.get().tokens == 10


def test_a_provider_that_asks_for_a_pause_gets_it_for_the_whole_sender(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    from wagtail_drip.gateways.types import Outcome

    limited(settings, 10)
    queued(customer())
    memory.answer(Outcome.THROTTLED, retry_after_seconds=30, times=1)

    send_due(now=now)

    assert -310 < SenderBudget.objects.get().tokens <= -299
    assert budget.available() == {"default:+447700900000": 0}


def test_a_gateway_whose_settings_are_broken_loses_nothing(
    customer: Customer, queued: Queued, now: datetime, open_site: int, caplog: pytest.LogCaptureFixture
) -> None:
    contact = customer()
    core.change_site_settings(open_site, sender_gateway="gone")
    waiting = queued(contact)
    core.change_site_settings(open_site, sender_gateway="default")
    goes = queued(contact)

    send_due(now=now)

    waiting.refresh_from_db()
    goes.refresh_from_db()
    assert (waiting.state, goes.state) == ("scheduled", "sent")
    assert "gone" in caplog.text


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="speaks of SQLite's settings")
def test_workers_refuse_a_database_that_would_lock_the_shop(
    customer: Customer, queued: Queued, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(customer())
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {})

    with pytest.raises(UnsafeDatabase):
        send_due(now=now)

    assert memory.outbox == []


def test_nothing_is_sent_while_wagtail_drip_is_switched_off(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    queued(customer())
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ENABLED": False}

    assert send_due(now=now) == 0
    assert memory.outbox == []
