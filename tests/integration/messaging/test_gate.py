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
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Notice
from wagtail_drip.events.types import EventDraft
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Hold, InboundText, Message, SendLedger
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.stores.models import Cart

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def fate(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason or message.defer_reason


def inbound(contact: Contact, now: datetime, verdict: str = "help") -> InboundText:
    return InboundText.objects.create(
        gateway="default",
        provider_id=f"in-{contact.pk}-{verdict}",
        from_number=contact.phone,
        text=verdict,
        verdict=verdict,
        at=now,
        recorded_at=now,
    )


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


def test_a_site_that_is_not_open_texts_its_staff_only(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    core.close_site(open_site)
    core.change_site_settings(open_site, test_numbers=["+447400123450"])
    staff, other = queued(customer("+447400123450")), queued(customer("+447400123451"))

    send_due(now=now)

    assert fate(staff) == ("sent", "")
    assert fate(other) == ("skipped", "not_open_yet")


def test_a_copied_database_on_another_address_texts_nobody(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    message = queued(customer())
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://staging.example"}

    send_due(now=now)

    assert fate(message) == ("skipped", "not_open_yet")
    assert memory.outbox == []


def test_a_test_text_goes_to_confirmed_staff_before_the_site_is_open(open_site: int, now: datetime) -> None:
    core.close_site(open_site)
    core.change_site_settings(open_site, test_numbers=["+447400123450"])

    key = messaging.send_test(
        site_id=open_site,
        number="+447400123450",
        source_text="Try {{ event.what }}",
        variables={"event": {"what": "this"}},
        now=now.replace(hour=3),
    )
    send_due(now=now.replace(hour=3))

    assert fate(Message.objects.get(key=key)) == ("sent", "")
    assert [sms.text for sms in memory.outbox] == ["Try this"]


def test_a_test_text_goes_to_nobody_else_and_not_to_a_suppressed_number(
    customer: Customer, open_site: int, now: datetime
) -> None:
    with pytest.raises(messaging.NotATestNumber):
        messaging.send_test(site_id=open_site, number="+447400123450", source_text="x", variables={}, now=now)
    assert not Message.objects.exists()
    core.change_site_settings(open_site, test_numbers=["+447400123450"])
    compliance.suppress(phone="+447400123450", scope="all", reason="staff", source="test", now=now)
    key = messaging.send_test(
        site_id=open_site, number="+447400123450", source_text="x", variables={}, now=now
    )

    send_due(now=now)

    assert fate(Message.objects.get(key=key)) == ("skipped", "suppressed")


@pytest.mark.parametrize(
    ("scope", "key"),
    [
        ("all", ""),
        ("site", "site"),
        ("gateway", "default"),
        ("sender", "default:+447700900000"),
        ("sequence", "7"),
        ("step", "7:a1"),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["before the claim", "between claim and gate"])
def test_what_is_held_stays_in_the_queue_until_it_is_lifted(
    request: pytest.FixtureRequest,
    is_late: bool,
    scope: str,
    key: str,
    customer: Customer,
    queued: Queued,
    open_site: int,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = queued(customer(), sequence_id=7, step_id="a1")
    key = str(open_site) if key == "site" else key

    def hold() -> None:
        messaging.hold(scope=scope, key=key, reason="test", now=now)

    if is_late:
        from wagtail_drip.messaging import gate

        request.getfixturevalue("the_long_way")
        lock = gate.lock_contacts
        monkeypatch.setattr(gate, "lock_contacts", lambda messages: (hold(), lock(messages))[1])
    else:
        hold()

    send_due(now=now, limit=1)

    assert fate(message) == ("scheduled", "held" if is_late else "")
    assert memory.outbox == []
    monkeypatch.undo()
    messaging.lift(Hold.objects.get().pk, by="Ada", now=now)
    send_due(now=now)
    assert fate(message) == ("sent", "")


@pytest.mark.parametrize(
    ("scope", "key"),
    [("gateway", "other"), ("sender", "default:+1"), ("sequence", "8"), ("step", "7:b2"), ("site", "0")],
)
def test_a_hold_on_something_else_holds_nothing(
    scope: str, key: str, customer: Customer, queued: Queued, now: datetime
) -> None:
    message, stepless = queued(customer(), sequence_id=7, step_id="a1"), queued(customer())
    messaging.hold(scope=scope, key=key, reason="test", now=now)

    send_due(now=now)

    assert fate(message) == fate(stepless) == ("sent", "")


def test_a_hold_with_an_end_ends(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer())
    messaging.hold(scope="all", key="", reason="test", now=now, until=now + timedelta(minutes=5))
    assert send_due(now=now) == 0

    send_due(now=now + timedelta(minutes=5))

    assert fate(message) == ("sent", "")


def event_guard(now: datetime, name: str = "order_placed") -> dict[str, Any]:
    return {"kind": "event", "event": name, "conditions": [], "since": now.isoformat()}


def test_a_message_whose_goal_is_met_does_not_go(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    message = queued(contact, guards=[event_guard(now)])
    another = queued(contact, guards=[event_guard(now, "something_else")])
    events.record_event(
        EventDraft(
            name="order_placed",
            key="o1",
            store="site",
            site_id=open_site,
            contact_id=contact.pk,
            source="api",
            occurred_at=now,
            recorded_at=now + timedelta(minutes=1),
        )
    )

    send_due(now=now + timedelta(minutes=2))

    assert fate(message) == ("skipped", "goal_already_met")
    assert fate(another) == ("sent", "")


def test_a_message_about_a_closed_cart_does_not_go(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    for cart_id, status in (("1", "converted"), ("2", "open")):
        Cart.objects.create(
            store="site",
            cart_id=cart_id,
            site_id=open_site,
            contact=contact,
            status=status,
            products=[{"name": "Hat"}],
            last_activity_at=now,
        )
    guards = [
        {"kind": "cart", "store": "site", "cart_id": cart_id, "since": now.isoformat()}
        for cart_id in ("1", "2")
    ]
    closed, still_open = queued(contact, guards=guards[:1]), queued(contact, guards=guards[1:])

    send_due(now=now)

    assert fate(closed) == ("skipped", "cart_closed")
    assert fate(still_open) == ("sent", "")


def test_while_a_shop_cannot_tell_its_messages_wait_and_others_go(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer()
    envelope = {"event": "order_placed", "contact": {"email": "x@example.com"}, "site_id": open_site}
    Notice.objects.bulk_create(
        Notice(
            store="site",
            kind="order_placed",
            envelope={**envelope, "properties": {}, "occurred_at": now.isoformat()},
            key=str(n),
            recorded_at=now + timedelta(seconds=1),
            due_at=now,
        )
        for n in range(600)
    )
    waits, goes = queued(contact, guards=[event_guard(now)]), queued(contact)

    send_due(now=now)

    assert fate(waits) == ("scheduled", "store_behind")
    assert waits.due_at == now + timedelta(seconds=30)
    assert fate(goes) == ("sent", "")


def test_a_response_needs_no_permission_and_knows_no_night(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    night = now.replace(hour=3)
    contact = customer(marketing=False, transactional=False)
    licence = f"inbound:{inbound(contact, night).pk}"
    message = queued(
        contact,
        purpose="response",
        body="Write {{ to }} us",
        source_text="",
        licence=licence,
        due_at=night,
        expires_at=night + timedelta(hours=1),
    )
    send_due(now=night)

    assert fate(message) == ("sent", "")
    assert memory.outbox[-1].text == "Write {{ to }} us"  # as it is, never rendered


@pytest.mark.parametrize(
    ("licence", "hours"),
    [
        pytest.param("", 0, id="none"),
        pytest.param("inbound:999999", 0, id="no such text"),
        pytest.param("inbound:x", 0, id="nonsense"),
        pytest.param("own", 25, id="older than a day"),
        pytest.param("another's", 0, id="somebody else's text"),
    ],
)
def test_a_response_without_a_licence_does_not_go(
    licence: str, hours: int, customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    asker = {"own": contact, "another's": customer("+447400123459")}.get(licence)
    given = f"inbound:{inbound(asker, now - timedelta(hours=hours)).pk}" if asker else licence
    message = queued(contact, purpose="response", body="Hello", source_text="", licence=given)

    send_due(now=now)

    assert fate(message) == ("skipped", "no_licence")


def test_only_the_confirmation_of_a_stop_goes_to_a_suppressed_number(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    compliance.suppress(phone=contact.phone, scope="all", reason="stop_keyword", source="test", now=now)
    stop, help_ = (
        queued(
            contact,
            purpose="response",
            body=verdict,
            source_text="",
            licence=f"inbound:{inbound(contact, now, verdict).pk}",
        )
        for verdict in ("stop", "help")
    )

    send_due(now=now)

    assert fate(stop) == ("sent", "")
    assert fate(help_) == ("skipped", "suppressed")


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
