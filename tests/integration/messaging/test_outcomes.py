"""What each answer of a gateway makes of a message."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from wagtail_drip import signals
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import Outcome, SendResult
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import calls
from wagtail_drip.messaging import outcomes as outcomes_module
from wagtail_drip.messaging.calls import Finished
from wagtail_drip.messaging.models import Hold, Message, MessageTally, SendLedger
from wagtail_drip.messaging.outcomes import Outcomes
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.messaging.types import COLUMNS, Claimed, Ready

pytestmark = pytest.mark.django_db

NUMBER = "+447400123456"

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def tallies() -> dict[str, int]:
    found: dict[str, int] = {}
    for state, n in MessageTally.objects.values_list("state", "n"):
        found[state] = found.get(state, 0) + n
    return {state: n for state, n in found.items() if n}


@pytest.fixture
def forgetful(settings: Any) -> None:
    """A gateway that does not recognise repeats."""
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "GATEWAYS": {
            "default": {
                "BACKEND": "wagtail_drip.gateways.memory.MemoryGateway",
                "OPTIONS": {"idempotency_seconds": 0},
            }
        },
    }


@pytest.mark.parametrize(
    ("outcome", "reason", "seconds"),
    [
        pytest.param(Outcome.TRANSIENT, "gateway_down", 30, id="not reached"),
        pytest.param(Outcome.THROTTLED, "rate_limit", 30, id="too fast"),
    ],
)
def test_a_certain_refusal_for_now_is_tried_again_as_a_new_generation(
    outcome: Outcome, reason: str, seconds: int, customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer())
    memory.answer(outcome, times=1)

    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, message.defer_reason, message.generation) == ("scheduled", reason, 1)
    assert message.due_at == now + timedelta(seconds=seconds)
    assert message.handed_over_at is None
    assert not SendLedger.objects.exists()
    assert tallies() == {"scheduled": 1}

    outcomes_module.budget.SenderBudget.objects.update(tokens=50)  # the pause it asked for is over
    send_due(now=now + timedelta(seconds=seconds))

    message.refresh_from_db()
    assert (message.state, message.defer_reason, message.detail) == ("sent", "", "")
    # Another key, so that the provider does not take it for a repeat of what it refused.
    assert [sms.reference for sms in memory.outbox] == [f"{message.reference}-1"]


def test_the_pauses_grow_and_the_provider_may_set_them(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer(), expires_at=now + timedelta(days=5))
    memory.answer(Outcome.TRANSIENT)
    waits = []

    for _ in range(9):
        before = message.due_at
        assert before is not None
        send_due(now=before)
        message.refresh_from_db()
        assert message.due_at is not None
        waits.append(int((message.due_at - before).total_seconds()))

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    memory.answer(Outcome.THROTTLED, retry_after_seconds=7)
    send_due(now=message.due_at)
    last = message.due_at
    message.refresh_from_db()
    assert message.due_at is not None
    assert message.due_at - last == timedelta(seconds=7)


def test_no_answer_after_the_provider_took_it_is_unknown_and_never_posted_again(
    forgetful: None, customer: Customer, queued: Queued, now: datetime
) -> None:
    """A 5xx or a lost answer: the telephone may have it."""
    message = queued(customer())
    memory.answer(Outcome.AMBIGUOUS, is_taken=True)

    send_due(now=now)
    from wagtail_drip.messaging.recovery import recover_due

    for hours in (1, 2, 30):
        recover_due(now=now + timedelta(hours=hours))
        send_due(now=now + timedelta(hours=hours))

    message.refresh_from_db()
    assert (message.state, message.reason) == ("unknown", "ambiguous")
    assert len(memory.outbox) == 1
    assert SendLedger.objects.count() == 1  # it counts as sent
    assert tallies() == {"scheduled": 1, "handed_over": 1, "unknown": 1}


def test_an_opt_out_that_the_provider_knows_is_believed(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    message = queued(contact)
    memory.answer(Outcome.OPTED_OUT, code="21610")

    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, message.reason, message.settled_at) == ("failed", "opted_out", now)
    assert message.detail == "21610 As the test said."
    suppression = Suppression.objects.get()
    assert (suppression.scope, suppression.scope_value, suppression.reason) == (
        "sender",
        "default:+447700900000",
        "provider",
    )
    assert not Permission.objects.get(contact=contact, group="marketing").granted
    record = ConsentRecord.objects.latest("id")
    assert (record.granted, record.method, record.source) == (False, "provider", "gateway:default")
    assert not SendLedger.objects.exists()
    # Not even news of an order goes to this number now.
    news = queued(contact, purpose="transactional")
    send_due(now=now)
    news.refresh_from_db()
    assert (news.state, news.reason) == ("skipped", "suppressed")


def test_a_number_that_cannot_receive_texts_fails(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer())
    memory.answer(Outcome.BAD_NUMBER)

    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, message.reason) == ("failed", "invalid_phone")
    assert not SendLedger.objects.exists()
    assert tallies() == {"scheduled": 1, "handed_over": 1, "failed": 1}


def test_a_refused_text_holds_its_step_and_goes_when_somebody_lifts_it(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    message = queued(contact, sequence_id=7, step_id="a1")
    memory.answer(Outcome.CONTENT, code="30007", times=1)

    send_due(now=now)

    hold = Hold.objects.get()
    assert (hold.scope, hold.key, hold.reason) == ("step", "7:a1", "30007 As the test said.")
    message.refresh_from_db()
    assert (message.state, message.defer_reason, message.due_at) == ("scheduled", "held", now)
    neighbour = queued(contact, sequence_id=7, step_id="b2")
    send_due(now=now)
    message.refresh_from_db()
    neighbour.refresh_from_db()
    assert (message.state, neighbour.state) == ("scheduled", "sent")
    assert messaging.lift(hold.pk, by="Ada", now=now) is True
    send_due(now=now)
    message.refresh_from_db()
    assert message.state == "sent"


def test_a_refused_text_of_no_step_fails(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer())
    memory.answer(Outcome.CONTENT)

    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, message.reason) == ("failed", "content_blocked")
    assert not Hold.objects.exists()


def test_a_refused_account_holds_the_gateway_and_loses_nothing(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    messages = [queued(customer(f"+44740012345{n}")) for n in range(3)]
    memory.answer(Outcome.CONFIG)

    send_due(now=now)
    send_due(now=now)

    hold = Hold.objects.get()
    assert (hold.scope, hold.key) == ("gateway", "default")
    assert {m.state for m in Message.objects.all()} == {"scheduled"}
    assert not SendLedger.objects.exists()
    memory.reset()
    messaging.lift(hold.pk, by="Ada", now=now)
    send_due(now=now)
    assert len(memory.outbox) == len(messages)


def test_site_code_hears_of_what_was_sent(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer())
    heard: list[list[int]] = []

    def hear(message_ids: list[int], **_: Any) -> None:
        heard.append(message_ids)

    signals.message_sent.connect(hear)
    try:
        send_due(now=now)
    finally:
        signals.message_sent.disconnect(hear)

    assert heard == [[message.pk]]


def handed_over(message: Message, *, token: str, now: datetime) -> Ready:
    Message.objects.filter(pk=message.pk).update(
        state="handed_over", lease_token=token, handed_over_at=now, due_at=None
    )
    row = Message.objects.filter(pk=message.pk).values_list(*COLUMNS).get()
    claimed = Claimed._make(row)
    return Ready(claimed, claimed.contact_id, "+447400123456", "Hello", 1, "GSM-7")


def accepted(ready: Ready, provider_id: str = "p1") -> Finished:
    reference = ready.message.posted_reference
    return Finished(
        [ready], [SendResult(reference=reference, outcome=Outcome.ACCEPTED, provider_id=provider_id)]
    )


def test_a_worker_past_its_lease_writes_nothing(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer())
    ready = handed_over(message, token="mine", now=now)
    Message.objects.filter(pk=message.pk).update(lease_token="another's")
    outcomes = Outcomes(token="mine")
    outcomes.keep(accepted(ready))
    before = MessageTally.objects.count()

    outcomes.flush(now=now)

    message.refresh_from_db()
    assert (message.state, message.lease_token, message.provider_id) == ("handed_over", "another's", "")
    assert MessageTally.objects.count() == before


def test_an_outcome_is_kept_until_it_is_committed(
    customer: Customer, queued: Queued, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = queued(customer())
    outcomes = Outcomes(token="mine")
    outcomes.keep(accepted(handed_over(message, token="mine", now=now)))
    write = outcomes_module._write
    calls: list[int] = []

    def fail_twice(*args: Any, **kwargs: Any) -> list[int]:
        calls.append(1)
        if len(calls) <= 2:
            raise DatabaseError("the server is away")
        return write(*args, **kwargs)

    monkeypatch.setattr(outcomes_module, "_write", fail_twice)
    monkeypatch.setattr(outcomes_module, "_LAST_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    outcomes.flush_at_last(now=now)

    message.refresh_from_db()
    assert (message.state, message.provider_id, len(calls)) == ("sent", "p1", 3)


def test_an_answer_that_the_database_refuses_stops_no_other(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    good = [queued(customer(f"+44740012345{n}")) for n in range(3)]
    bad = queued(customer("+447400123459"))
    outcomes = Outcomes(token="mine")
    for message in good[:2]:
        outcomes.keep(accepted(handed_over(message, token="mine", now=now), provider_id=f"p{message.pk}"))
    ready = handed_over(bad, token="mine", now=now)
    outcomes.keep(
        Finished(
            [ready],
            [
                SendResult(
                    reference=ready.message.reference,
                    outcome=Outcome.ACCEPTED,
                    provider_id="nul\x00inside",
                )
            ],
        )
    )
    outcomes.keep(accepted(handed_over(good[2], token="mine", now=now), provider_id="p9"))

    outcomes.flush_at_last(now=now)

    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    bad.refresh_from_db()
    assert bad.provider_id == "nulinside"


def test_a_call_after_its_deadline_is_given_back_unposted(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    # The lease is shorter than the time-outs and the reserve: the deadline has passed before the call begins.
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "MESSAGE_LEASE_SECONDS": 20}
    message = queued(customer())

    send_due(now=now, limit=1)

    assert memory.outbox == []
    message.refresh_from_db()
    assert (message.state, message.generation, message.due_at) == ("scheduled", 0, now)
    assert not SendLedger.objects.exists()


def test_a_call_that_no_thread_can_take_is_given_back_unposted(
    customer: Customer, queued: Queued, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ThreadPoolExecutor(max_workers=1)
    closed.shutdown()
    monkeypatch.setattr(calls, "_pool", lambda threads: closed)
    message = queued(customer())

    send_due(now=now, limit=1)

    message.refresh_from_db()
    assert (message.state, message.generation, message.due_at, message.lease_until) == (
        "scheduled",
        0,
        now,
        None,
    )
    assert (memory.outbox, SendLedger.objects.count()) == ([], 0)


def test_a_gateway_that_raises_leaves_its_message_unknown(
    forgetful: None,
    customer: Customer,
    queued: Queued,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def explode(*_: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(memory.MemoryGateway, "send", explode)
    message = queued(customer())

    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, message.detail) == ("unknown", "RuntimeError")
    assert "+447400123456" not in caplog.text
