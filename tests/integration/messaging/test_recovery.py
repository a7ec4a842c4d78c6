"""Every row of the engine's table of recovery: whose worker died, and what may be done then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import OutboundSms, Outcome, ReceiptStatus, StatusEvent
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import calls, receipts
from wagtail_drip.messaging.models import Message, MessageTally, SendLedger
from wagtail_drip.messaging.recovery import recover_due
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.reports import watchdog

pytestmark = pytest.mark.django_db

Customer = Callable[..., Contact]
Queued = Callable[..., Message]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class AskableGateway(memory.MemoryGateway):
    """One that recognises no repeats, and can be asked what became of a message."""

    answers: Sequence[StatusEvent] = ()
    asked: list[str] = []

    @property
    def capabilities(self) -> Any:
        return replace(super().capabilities, idempotency_seconds=0, lookup="ref")

    def lookup(self, messages: Sequence[OutboundSms], *, since: datetime | None = None) -> list[StatusEvent]:
        type(self).asked = [message.reference for message in messages]
        return list(type(self).answers)


@pytest.fixture
def askable(settings: Any) -> type[AskableGateway]:
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "GATEWAYS": {"default": {"BACKEND": f"{__name__}.AskableGateway"}},
    }
    AskableGateway.answers, AskableGateway.asked = (), []
    return AskableGateway


def die_after_posting(message: Message, now: datetime) -> None:
    """Send it, and forget everything from the answer on, as a worker does that is killed then."""
    send_due(now=now)
    Message.objects.filter(pk=message.pk).update(
        state="handed_over", provider_id="", sent_at=None, lease_until=LONG_AGO, lease_token="dead"
    )
    MessageTally.objects.filter(state="sent").delete()
    message.refresh_from_db()


def die_before_posting(message: Message, now: datetime) -> None:
    """Stand where a worker stood that was killed between the gate and the call."""
    die_after_posting(message, now)
    memory.reset()


def test_a_claimed_message_was_never_posted_and_goes_back(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    Message.objects.update(state="claimed", lease_token="dead", lease_until=LONG_AGO, due_at=None)

    assert recover_due(now=now) == 1

    message.refresh_from_db()
    assert (message.state, message.due_at, message.lease_until, message.attempts) == (
        "scheduled",
        now,
        None,
        1,
    )
    send_due(now=now)
    assert len(memory.outbox) == 1


def test_a_lease_that_still_runs_is_left_alone(customer: Customer, queued: Queued, now: datetime) -> None:
    queued(customer())
    later = clock.lease_now() + timedelta(seconds=60)
    for state in ("claimed", "handed_over"):
        Message.objects.update(state=state, lease_token="alive", lease_until=later, due_at=None)

        # However far the time machine moves our clock: leases run by the database's.
        assert recover_due(now=now + timedelta(days=9)) == 0


def let_workers_die(times: int, now: datetime) -> None:
    for _ in range(times):
        Message.objects.update(state="claimed", lease_token="dead", lease_until=LONG_AGO, due_at=None)
        recover_due(now=now)


def test_a_message_that_kills_its_workers_is_set_aside_and_shown_after_eight(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())

    let_workers_die(7, now)
    before = watchdog.ask(watchdog.ALL, now=now)
    let_workers_die(1, now)

    message.refresh_from_db()
    assert (message.state, message.due_at) == ("scheduled", None)
    assert message.detail == "Set aside: its workers died."
    assert send_due(now=now) == 0
    assert before == {}
    assert watchdog.ask(watchdog.ALL, now=now) == {"messages that wait for no moment": 1}


def test_messages_whose_workers_died_five_times_wait_and_come_one_by_one(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    for _ in range(3):
        queued(customer())

    let_workers_die(4, now)
    at_once = set(Message.objects.values_list("due_at", flat=True))
    let_workers_die(1, now)
    first = [(due - now).total_seconds() for due in moments()]
    let_workers_die(1, now)
    second = [(due - now).total_seconds() for due in moments()]

    assert at_once == {now}
    assert first == [600, 610, 620]
    assert second == [1200, 1210, 1220]
    assert send_due(now=now) == 0
    assert send_due(now=now + timedelta(seconds=1200)) == 1
    send_due(now=now + timedelta(seconds=1220))
    assert len(memory.outbox) == 3


def moments() -> list[datetime]:
    return list(Message.objects.order_by("due_at").values_list("due_at", flat=True))


def test_one_that_was_posted_is_repeated_under_its_key_where_the_gateway_knows_repeats(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    die_after_posting(message, now)

    recover_due(now=now + timedelta(minutes=5))

    message.refresh_from_db()
    assert (message.state, message.provider_id) == ("sent", f"memory-{message.reference}")
    assert message.handed_over_at == now  # the first time is when it was handed over
    assert len(memory.outbox) == 1  # the telephone rang once
    assert SendLedger.objects.count() == 1


def test_one_that_was_not_posted_goes_by_the_repeat_with_the_same_body(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    message = queued(contact)
    die_before_posting(message, now)
    Contact.objects.filter(pk=contact.pk).update(first_name="Grace")

    recover_due(now=now + timedelta(minutes=5))

    assert [(sms.reference, sms.text) for sms in memory.outbox] == [(message.reference, "Hello Ada")]
    message.refresh_from_db()
    assert message.state == "sent"


def test_one_too_old_for_the_gateway_to_know_it_is_unknown(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer(), expires_at=now + timedelta(days=9))
    die_before_posting(message, now)

    recover_due(now=now + timedelta(hours=13))  # it recognises repeats for 24 hours; half of that is sure

    message.refresh_from_db()
    assert (message.state, message.reason) == ("unknown", "no_answer")
    assert memory.outbox == []


def test_one_that_the_gate_refuses_now_is_unknown_and_never_skipped(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    message = queued(contact)
    die_before_posting(message, now)
    compliance.suppress(phone=contact.phone, scope="all", reason="stop_keyword", source="test", now=now)

    recover_due(now=now + timedelta(minutes=5))

    message.refresh_from_db()
    assert (message.state, message.reason) == ("unknown", "no_answer")
    assert memory.outbox == []
    assert SendLedger.objects.count() == 1


def test_stop_everything_holds_repeats_too(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer())
    die_before_posting(message, now)
    messaging.stop_everything(by="Ada", now=now)

    recover_due(now=now)

    message.refresh_from_db()
    assert message.state == "unknown"
    assert memory.outbox == []


@pytest.mark.parametrize("answer", [Outcome.THROTTLED, Outcome.TRANSIENT, Outcome.AMBIGUOUS])
def test_a_repeat_that_is_refused_for_now_says_nothing_of_the_first(
    answer: Outcome, customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    die_before_posting(message, now)
    memory.answer(answer, times=1)

    recover_due(now=now)

    message.refresh_from_db()
    # Not back in the queue with a new key: the first post may have reached the telephone.
    assert (message.state, message.generation) == ("handed_over", 0)
    assert SendLedger.objects.count() == 1
    Message.objects.update(lease_until=LONG_AGO)
    recover_due(now=now)
    message.refresh_from_db()
    assert message.state == "sent"
    assert [sms.reference for sms in memory.outbox] == [message.reference]


@pytest.mark.parametrize("answer", [Outcome.BAD_NUMBER, Outcome.CONTENT, Outcome.CONFIG, Outcome.OPTED_OUT])
def test_a_repeat_that_is_refused_for_good_leaves_the_first_unknown(
    answer: Outcome, customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    die_before_posting(message, now)
    memory.answer(answer)

    recover_due(now=now)

    message.refresh_from_db()
    assert message.state == "unknown"


def test_without_repeats_the_provider_is_asked_and_its_answer_counts(
    askable: type[AskableGateway], customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    die_after_posting(message, now)
    askable.answers = [
        StatusEvent(reference=message.reference, provider_id="x1", status=ReceiptStatus.DELIVERED)
    ]

    recover_due(now=now)
    receipts.match_due(now=now)

    assert askable.asked == [message.reference]
    message.refresh_from_db()
    assert message.state == "delivered"
    assert len(memory.outbox) == 1


def test_what_the_provider_does_not_find_proves_nothing(
    askable: type[AskableGateway], customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    die_before_posting(message, now)

    recover_due(now=now)
    receipts.match_due(now=now)

    message.refresh_from_db()
    assert message.state == "unknown"
    assert memory.outbox == []
    for days in (1, 2, 3):
        recover_due(now=now + timedelta(days=days))
        send_due(now=now + timedelta(days=days))
    assert memory.outbox == []


def test_a_worker_that_wakes_up_after_recovery_posts_nothing(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    """Its deadline lies before the lease's end by the time-outs of the call and ten seconds."""
    gateway = memory.MemoryGateway(alias="default", options={})

    latest = calls.deadline(gateway, leased_at=1000.0)

    assert latest + calls.lasts_at_most(gateway) + 10 <= 1000.0 + 120
    assert latest > 1000.0


def test_an_ambiguous_answer_is_asked_about_where_the_provider_can_be_asked(
    askable: type[AskableGateway], customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    memory.answer(Outcome.AMBIGUOUS, is_taken=True)
    send_due(now=now)
    message.refresh_from_db()
    assert message.state == "handed_over"
    askable.answers = [StatusEvent(reference=message.reference, status=ReceiptStatus.SENT)]
    Message.objects.update(lease_until=LONG_AGO)

    recover_due(now=now)
    receipts.match_due(now=now)

    message.refresh_from_db()
    assert message.state == "sent"
    assert len(memory.outbox) == 1


def test_a_gateway_that_is_no_longer_set_up_does_not_stop_the_recovery_of_others(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    lost, other = queued(customer()), queued(customer("+447400123457"))
    for message in (lost, other):
        die_after_posting(message, now)
    Message.objects.filter(pk=lost.pk).update(gateway="closed")

    recover_due(now=now)

    lost.refresh_from_db()
    other.refresh_from_db()
    assert (lost.state, lost.reason) == ("unknown", "no_answer")
    assert other.state == "sent"
