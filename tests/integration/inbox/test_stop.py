"""Stop and start: what a keyword closes and opens again, for whom, and that twice is harmless."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from wagtail.models import Page, Site

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection, querysets
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import claims, keys
from wagtail_drip.gateways.types import InboundEvent
from wagtail_drip.inbox import actions, senders
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import MessageDraft

pytestmark = pytest.mark.django_db

NUMBER = "+447700900123"
SENDER = "+447700900999"


@pytest.fixture
def site(site_id: int) -> int:
    core.change_site_settings(site_id, sender_address=SENDER, region="GB")
    return site_id


def another_site(hostname: str, **settings: Any) -> int:
    site = Site.objects.create(hostname=hostname, root_page=Page.objects.filter(depth=2).first())
    core.change_site_settings(site.pk, **{"region": "GB", **settings})
    return site.pk


def subscriber(now: datetime, *site_ids: int, topic: str = "") -> Contact:
    contact = contacts.identify(Identity(phone=NUMBER), now=now)
    for site_id in site_ids:
        grant(contact, site_id, now, topic=topic)
    return contact


def grant(contact: Contact, site_id: int, now: datetime, *, topic: str = "", granted: bool = True) -> None:
    contacts.record_consent(
        contact_id=contact.pk,
        site_id=site_id,
        consent=Consent(
            group=PurposeGroup.MARKETING,
            granted=granted,
            source="form",
            method=ConsentMethod.WEB_FORM,
            topic=topic,
        ),
        now=now,
    )


def text(words: str, *, number: str = NUMBER, to: str = SENDER, **more: Any) -> InboundEvent:
    return InboundEvent(provider_id="in-1", from_number=number, to_number=to, text=words, **more)


def may_be_texted(contact: Contact, site_id: int, *, topic: str = "") -> bool:
    held = querysets.permissions([contact.pk], [site_id])
    return querysets.is_permitted(
        held, contact_id=contact.pk, site_id=site_id, purpose="promotional", topic=topic
    )


def suppressions() -> set[tuple[str, str, str]]:
    return set(Suppression.objects.filter(lifted_at=None).values_list("scope", "scope_value", "reason"))


def queue(contact: Contact, site_id: int, now: datetime, key: str, purpose: str = "promotional") -> None:
    messaging.queue(
        [
            MessageDraft(
                key=key, contact_id=contact.pk, site_id=site_id, purpose=purpose, body="Hi", due_at=now
            )
        ],
        now=now,
    )


def test_a_stop_suppresses_withdraws_and_cancels_in_one_go(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    queue(contact, site, now, "enr:1:1")
    queue(contact, site, now, "re:1", purpose="response")

    assert actions.apply_stop_at_once(gateway="default", inbound=text("Stop!"), now=now) is True

    assert suppressions() == {("sender", f"default:{SENDER}", "stop_keyword")}
    assert Suppression.objects.get().number_hash == keys.number_hash(NUMBER)
    assert not may_be_texted(contact, site)
    record = ConsentRecord.objects.order_by("pk").last()
    assert record is not None
    assert (record.granted, record.method, record.wording) == (False, "keyword", "Stop!")
    assert record.source == f"sms:default:{SENDER}"
    assert dict(Message.objects.values_list("key", "state")) == {"enr:1:1": "cancelled", "re:1": "scheduled"}
    assert projection.differences() == []


def test_stopping_twice_changes_nothing_more(now: datetime, site: int) -> None:
    subscriber(now, site)
    actions.apply_stop_at_once(gateway="default", inbound=text("STOP"), now=now)
    records, rows = ConsentRecord.objects.count(), list(Suppression.objects.values())

    actions.apply_stop_at_once(gateway="default", inbound=text("STOP"), now=now + timedelta(minutes=1))

    assert ConsentRecord.objects.count() == records
    assert list(Suppression.objects.values()) == rows


@pytest.mark.parametrize("words", ["bus stop", "We have got to STOP this bill", "thanks", "T"])
def test_what_is_no_keyword_changes_nothing(now: datetime, site: int, words: str) -> None:
    contact = subscriber(now, site)

    assert actions.apply_stop_at_once(gateway="default", inbound=text(words), now=now) is False

    assert suppressions() == set()
    assert may_be_texted(contact, site)


@pytest.mark.parametrize("words", ["Please stop texting me", "Stop. Thank you", "STOP 12345", "不要再发了"])
def test_who_asks_in_words_of_their_own_is_stopped_too(now: datetime, site: int, words: str) -> None:
    contact = subscriber(now, site)

    assert actions.apply_stop_at_once(gateway="default", inbound=text(words), now=now) is True

    assert suppressions() == {("sender", f"default:{SENDER}", "stop_phrase")}
    assert not may_be_texted(contact, site)
    record = ConsentRecord.objects.filter(granted=False).get()
    assert (record.method, record.wording) == ("phrase", words)


def test_who_was_misunderstood_texts_start(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    actions.apply_stop_at_once(gateway="default", inbound=text("can you stop sending the red ones?"), now=now)
    assert not may_be_texted(contact, site)

    reach = senders.reach(gateway="default", to_number=SENDER)
    assert actions.start(number=NUMBER, reach=reach, source="test", wording="START", now=now)

    assert may_be_texted(contact, site)


def test_a_number_that_we_do_not_know_is_suppressed_all_the_same(now: datetime, site: int) -> None:
    assert actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now) is True

    assert suppressions() == {("sender", f"default:{SENDER}", "stop_keyword")}
    assert not Contact.objects.exists()


def test_what_the_provider_took_for_a_stop_is_one(now: datetime, site: int) -> None:
    contact = subscriber(now, site)

    assert actions.apply_stop_at_once(gateway="default", inbound=text("leave me", opted_out=True), now=now)

    assert suppressions() == {("sender", f"default:{SENDER}", "provider")}
    assert not may_be_texted(contact, site)
    assert ConsentRecord.objects.filter(granted=False).get().method == "provider"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("sender", ("sender", f"default:{SENDER}")), ("site", ("site", "{site}")), ("all", ("all", ""))],
)
def test_a_stop_counts_for_what_the_owner_chose(
    now: datetime, site: int, scope: str, expected: tuple[str, str]
) -> None:
    core.change_site_settings(site, stop_scope=scope)

    actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)

    assert suppressions() == {(expected[0], expected[1].format(site=site), "stop_keyword")}


def test_every_site_of_the_sender_is_closed_and_no_other(now: datetime, site: int) -> None:
    same = another_site("two.example", sender_address="447700900999")
    other = another_site("three.example", sender_address="+447700900888")
    contact = subscriber(now, site, same, other)
    queue(contact, other, now, "enr:9:1")

    actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)

    assert [may_be_texted(contact, each) for each in (site, same, other)] == [False, False, True]
    assert Message.objects.get().state == "scheduled"


def test_a_pool_of_numbers_is_reached_by_any_of_them(now: datetime, site: int) -> None:
    core.change_site_settings(site, sender_address="MG123")
    contact = subscriber(now, site)

    actions.apply_stop_at_once(gateway="default", inbound=text("stop", to="+447700900777"), now=now)

    assert suppressions() == {("sender", "default:MG123", "stop_keyword")}
    assert not may_be_texted(contact, site)


def test_a_stop_closes_every_topic(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    grant(contact, site, now, topic="offers")

    actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)

    assert not may_be_texted(contact, site, topic="offers")
    assert ConsentRecord.objects.filter(granted=False).count() == 1


@pytest.mark.parametrize("raw", ["447700900123", "07700 900123", "+44 7700 900123"])
def test_the_number_may_come_in_any_dress(now: datetime, site: int, raw: str) -> None:
    contact = subscriber(now, site)

    actions.apply_stop_at_once(gateway="default", inbound=text("stop", number=raw), now=now)

    assert not may_be_texted(contact, site)


def test_nonsense_from_a_provider_stops_all_the_same(now: datetime, site: int) -> None:
    odd = text("stop\x00", to="x" * 500, number="y" * 500)

    assert actions.apply_stop_at_once(gateway="default", inbound=odd, now=now) is True

    assert len(suppressions()) == 1


def test_single_letters_stop_numbers_of_china(now: datetime, site: int) -> None:
    assert actions.apply_stop_at_once(gateway="default", inbound=text("Ｔ", number="+8613800138000"), now=now)
    assert not actions.apply_stop_at_once(gateway="default", inbound=text("Ｔ"), now=now)


def start(now: datetime) -> bool:
    reach = senders.reach(gateway="default", to_number=SENDER)
    return actions.start(number=NUMBER, reach=reach, source="sms", wording="START", now=now)


def test_start_restores_exactly_what_the_stop_closed(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    grant(contact, site, now, topic="offers")
    grant(contact, site, now, topic="news")
    grant(contact, site, now, topic="news", granted=False)
    actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)

    assert start(now + timedelta(days=1)) is True

    assert suppressions() == set()
    assert may_be_texted(contact, site)
    assert may_be_texted(contact, site, topic="offers")
    assert not may_be_texted(contact, site, topic="news")
    assert ConsentRecord.objects.filter(granted=True, method="keyword").count() == 2
    assert projection.differences() == []


def test_start_gives_no_permission_that_was_never_there(now: datetime, site: int) -> None:
    contact = subscriber(now)
    actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)

    assert start(now) is True

    assert suppressions() == set()
    assert not may_be_texted(contact, site)


def test_start_leaves_a_suppression_and_a_withdrawal_of_another_kind(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    grant(contact, site, now, granted=False)
    compliance.suppress(phone=NUMBER, scope="all", reason="staff", source="staff", now=now)

    assert start(now) is False

    assert suppressions() == {("all", "", "staff")}
    assert not may_be_texted(contact, site)
    assert Permission.objects.get().record.method == "web_form"


def test_stop_start_and_stop_again_ends_stopped(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    for _ in range(2):
        actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)
        start(now)
    actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)

    assert not may_be_texted(contact, site)
    assert suppressions() == {("sender", f"default:{SENDER}", "stop_keyword")}
    assert projection.differences() == []


@pytest.mark.django_db(transaction=True)
def test_a_stop_waits_for_the_hand_over_under_way(now: datetime, site: int) -> None:
    """The gate holds the contact's lock: a stop comes before it or after it, never between."""
    contact = subscriber(now, site)

    def arrive() -> None:
        try:
            actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now)
        finally:
            connection.close()

    with transaction.atomic():
        claims.lock_in_order(Contact.objects.filter(pk=contact.pk))
        thread = threading.Thread(target=arrive)
        thread.start()
        thread.join(0.7)
        assert thread.is_alive()
        assert may_be_texted(contact, site)
        assert suppressions() == set()
    thread.join(30)

    assert not may_be_texted(contact, site)
    assert len(suppressions()) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_stop_on_several_connections_is_one(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    barrier = threading.Barrier(4)
    applied: list[bool] = []

    def arrive() -> None:
        try:
            barrier.wait(10)
            applied.append(actions.apply_stop_at_once(gateway="default", inbound=text("stop"), now=now))
        finally:
            connection.close()

    threads = [threading.Thread(target=arrive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert applied == [True] * 4
    assert Suppression.objects.count() == 1
    assert ConsentRecord.objects.filter(granted=False).count() == 1
    assert not may_be_texted(contact, site)
