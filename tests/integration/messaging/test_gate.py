"""Who gets a text, who does not, and which word is written down for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.core import actions as core
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.send_due import send_due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def fate(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason or message.defer_reason


@pytest.mark.parametrize(
    ("purpose", "agreed", "expected"),
    [
        pytest.param("promotional", {"marketing": True}, ("sent", ""), id="marketing is permitted"),
        pytest.param("promotional", {"marketing": False}, ("skipped", "no_consent"), id="marketing is not"),
        pytest.param(
            "transactional", {"marketing": False}, ("sent", ""), id="news of an order needs only its own"
        ),
        pytest.param(
            "transactional",
            {"transactional": False},
            ("skipped", "no_consent"),
            id="news of an order needs its own",
        ),
        pytest.param("survey", {"marketing": False}, ("skipped", "no_consent"), id="a survey is marketing"),
    ],
)
def test_permission_by_purpose(
    purpose: str,
    agreed: dict[str, bool],
    expected: tuple[str, str],
    customer: Customer,
    queued: Queued,
    now: datetime,
) -> None:
    message = queued(customer(**agreed), purpose=purpose)

    send_due(now=now)

    assert fate(message) == expected
    assert len(memory.outbox) == SendLedger.objects.count() == (expected[0] == "sent")


def test_a_topic_that_was_left_is_not_sent_and_the_others_are(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    general = Permission.objects.get(contact=contact, group="marketing")
    Permission.objects.create(
        contact=contact,
        site_id=open_site,
        group="marketing",
        topic="shoes",
        granted=False,
        since=now,
        record=general.record,
    )
    shoes, hats = queued(contact, topic="shoes"), queued(contact, topic="hats")

    send_due(now=now)

    assert fate(shoes) == ("skipped", "unsubscribed")
    assert fate(hats) == ("sent", "")


@pytest.mark.parametrize(
    ("scope", "value", "expected"),
    [
        pytest.param("all", "", "skipped", id="everything"),
        pytest.param("sender", "default:+447700900000", "skipped", id="this sender"),
        pytest.param("sender", "default:+449999", "sent", id="another sender"),
        pytest.param("site", "site", "skipped", id="this site"),
        pytest.param("site", "987654", "sent", id="another site"),
    ],
)
@pytest.mark.parametrize("purpose", ["promotional", "transactional"])
def test_a_suppression_binds_every_purpose_within_its_scope(
    purpose: str,
    scope: str,
    value: str,
    expected: str,
    customer: Customer,
    queued: Queued,
    open_site: int,
    now: datetime,
) -> None:
    contact = customer()
    compliance.suppress(
        phone=contact.phone,
        scope=scope,
        scope_value=str(open_site) if value == "site" else value,
        reason="stop_keyword",
        source="test",
        now=now,
    )
    message = queued(contact, purpose=purpose)

    send_due(now=now)

    assert fate(message)[0] == expected


def event_guard(now: datetime, name: str = "order_placed") -> dict[str, Any]:
    return {"kind": "event", "event": name, "conditions": [], "since": now.isoformat()}


def test_what_is_too_late_expires(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer(), expires_at=now + timedelta(hours=1))

    send_due(now=now + timedelta(hours=1))

    message.refresh_from_db()
    assert (message.state, message.settled_at) == ("expired", now + timedelta(hours=1))


def test_at_night_marketing_waits_for_the_morning_and_news_of_an_order_does_not(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    night = now.replace(hour=3)  # Sunday; its window opens at 10:00
    contact = customer()
    promotion = queued(contact, due_at=night)
    news = queued(contact, due_at=night, purpose="transactional")

    send_due(now=night)

    assert fate(promotion) == ("scheduled", "send_window")
    assert promotion.due_at is not None
    assert now.replace(hour=10) <= promotion.due_at <= now.replace(hour=10, minute=10)
    assert fate(news) == ("sent", "")
    send_due(now=promotion.due_at)
    assert fate(promotion) == ("sent", "")


def test_somebody_without_a_number_is_skipped(customer: Customer, queued: Queued, now: datetime) -> None:
    contact = customer()
    message = queued(contact)
    Contact.objects.update(active_phone=None, phone="")

    send_due(now=now)

    assert fate(message) == ("skipped", "no_phone")


def test_after_a_merge_the_text_goes_to_the_number_and_by_the_permission_of_the_one_who_stays(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    old, stays, silent = customer("+447400123450"), customer("+447400123451"), customer("+447400123452")
    one, two = queued(old), queued(silent)
    mute = customer("+447400123453", marketing=False)
    Contact.objects.filter(pk=old.pk).update(merged_into=stays, active_phone=None)
    Contact.objects.filter(pk=silent.pk).update(merged_into=mute, active_phone=None)

    send_due(now=now)

    assert fate(one) == ("sent", "")
    assert fate(two) == ("skipped", "no_consent")
    assert [sms.to for sms in memory.outbox] == [stays.phone]


def test_a_variable_without_a_value_keeps_the_message_back_and_names_it(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    message = queued(customer(), source_text="Hi {{ contact.last_name }}")

    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, message.reason, message.detail) == (
        "skipped",
        "missing_variable",
        "contact.last_name",
    )


def test_a_text_that_cannot_be_composed_is_tried_five_times_and_fails_alone(
    customer: Customer, queued: Queued, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wagtail_drip.messaging import composing

    compose = composing.compose

    def explode(texts: Any, **given: Any) -> Any:
        if any(text.message_key == "bad" for text in texts):
            raise ValueError("poison")
        return compose(texts, **given)

    monkeypatch.setattr(composing, "compose", explode)
    contact = customer()
    good = [queued(contact) for _ in range(6)]
    bad = queued(contact, key="bad", expires_at=now + timedelta(days=9))
    moment = now

    for attempt in range(1, 6):
        send_due(now=moment)
        bad.refresh_from_db()
        assert bad.attempts == attempt
        moment = bad.due_at or moment
        assert bad.due_at is None or bad.state == "scheduled"
        moment = moment.replace(hour=12) if moment.hour < 12 else moment

    assert {fate(message) for message in good} == {("sent", "")}
    assert fate(bad) == ("failed", "compose_error")
    assert bad.detail == "ValueError"


def test_the_number_of_queries_does_not_grow_with_the_batch(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "SENDER_SEGMENTS_PER_SECOND": 0,
        "GATEWAYS": {
            "default": {
                "BACKEND": "wagtail_drip.gateways.memory.MemoryGateway",
                "OPTIONS": {"max_recipients": 1000},
            }
        },
    }
    people = [customer(f"+4474001234{number:02}") for number in range(40)]
    counts = []
    send_due(now=now)  # the first pass makes the row of SQLite's lease
    for size in (5, 40):
        for contact in people[:size]:
            queued(contact, guards=[event_guard(now)], sequence_id=7, step_id="a")
        with CaptureQueriesContext(connection) as queries:
            assert send_due(now=now, limit=size) == size
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] < 60
    assert Message.objects.filter(state="sent").count() == 45


def test_a_message_that_the_database_refuses_fails_alone(
    customer: Customer, queued: Queued, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import IntegrityError

    from wagtail_drip.messaging import gate

    contact = customer()
    messages = [queued(contact) for _ in range(7)]
    record = gate.ledger.record

    def refuse_one(moved: Any, *, now: datetime) -> None:
        record(moved, now=now)
        if messages[3].pk in {message.id for message in moved}:
            raise IntegrityError("poison")

    monkeypatch.setattr(gate.ledger, "record", refuse_one)
    while send_due(now=now):
        pass

    assert fate(messages.pop(3)) == ("failed", "error")
    assert {fate(message) for message in messages} == {("sent", "")}
    assert SendLedger.objects.count() == len(memory.outbox) == 6


def test_of_what_is_due_the_higher_priority_goes_first(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "SEND_THREADS": 1}
    contact = customer()
    for priority in (0, 5, -1):
        queued(contact, source_text=str(priority), priority=priority)

    send_due(now=now)

    assert [sms.text for sms in memory.outbox] == ["5", "0", "-1"]


def test_nonsense_in_one_profile_or_site_stops_nobody(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    odd, plain = customer("+447400123450"), customer("+447400123451")
    Contact.objects.filter(pk=odd.pk).update(zone="Mars/Olympus_Mons")
    core.change_site_settings(open_site, zone="../etc/passwd")
    messages = [queued(odd), queued(plain)]

    send_due(now=now)

    assert [fate(message) for message in messages] == [("sent", ""), ("sent", "")]
