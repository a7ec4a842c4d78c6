"""Who has said stop, or complained, comes back by their own phone; no list, shop or box brings them back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.integration.inbox.test_sign_ups import (
    ASK,
    NUMBER,
    WORDING,
    _empty_gateway,
    open_site,
    reply,
    send,
    sign_up,
    site,
)
from tests.integration.inbox.test_stop import may_be_texted, queue, suppressions
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection, sealing
from wagtail_drip.contacts.models import ConsentRecord, Contact, OptInRequest
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.inbox import complaints
from wagtail_drip.messaging.models import Message

__all__ = ["_empty_gateway", "open_site", "site"]

pytestmark = pytest.mark.django_db

# Whatever says that they agreed, but the owner of the number themselves.
OTHERS = [
    ConsentMethod.IMPORT,
    ConsentMethod.CHECKOUT,
    ConsentMethod.WEB_FORM,
    ConsentMethod.API,
    ConsentMethod.STAFF,
    ConsentMethod.SEQUENCE,
]


def person(site: int, now: datetime) -> Contact:
    contact = contacts.identify(Identity(phone=NUMBER), now=now)
    agree(contact, site, now, ConsentMethod.WEB_FORM)
    return contact


def agree(contact: Contact, site: int, now: datetime, method: ConsentMethod, *, topic: str = "") -> None:
    contacts.record_consent(
        contact_id=contact.pk,
        site_id=site,
        consent=Consent(
            group=PurposeGroup.MARKETING, granted=True, source="test", method=method, topic=topic
        ),
        now=now,
    )


def complain(contact: Contact, now: datetime) -> None:
    complaints.note(contact_id=contact.pk, source="person", reason="Who are you?", now=now)


def later(now: datetime, minutes: int = 1) -> datetime:
    return now + timedelta(minutes=minutes)


def fate(contact: Contact, site: int, now: datetime) -> str:
    """Return what becomes of an offer to them."""
    key = f"offer:{Message.objects.count()}"
    queue(contact, site, now, key)
    send(now)
    message = Message.objects.get(key=key)
    return message.reason or message.state


@pytest.mark.parametrize("method", OTHERS)
def test_after_a_stop_nobody_else_can_agree_for_them(site: int, now: datetime, method: ConsentMethod) -> None:
    contact = person(site, now)
    reply("STOP", now)

    agree(contact, site, later(now), method)
    agree(contact, site, later(now), method, topic="tea")

    assert fate(contact, site, later(now)) == "suppressed"


def test_after_a_stop_a_form_and_start_from_their_phone_agree_anew(site: int, now: datetime) -> None:
    contact = person(site, now)
    reply("STOP", now)
    goodbye = send(now)
    sign_up(site, later(now))
    assert send(later(now)) == goodbye  # no question goes to who has said stop

    text = reply("START", later(now, 2))

    assert text.verdict == "confirm"
    assert suppressions() == set()
    assert may_be_texted(contact, site)
    record = ConsentRecord.objects.order_by("pk").last()
    assert record is not None
    assert (record.granted, record.method, record.wording, record.page_id) == (
        True,
        "double_opt_in",
        WORDING,
        7,
    )
    request = OptInRequest.objects.get()
    assert (request.state, request.confirmed_by, request.inbound_text_id) == ("confirmed", "reply", text.pk)
    assert (projection.differences(), list(sealing.faults([contact.pk]))) == ([], [])


@pytest.mark.parametrize(
    ("form", "start"),
    [
        pytest.param(1, 62, id="longer ago than who fills in a form needs to text"),
        pytest.param(3, 2, id="filled in after START, which is read late"),
    ],
)
def test_start_does_not_answer_a_form_that_somebody_else_may_have_filled_in(
    site: int, now: datetime, form: int, start: int
) -> None:
    contact = contacts.identify(Identity(phone=NUMBER), now=now)
    reply("STOP", now)
    sign_up(site, later(now, form), topic="tea")
    assert ASK not in send(later(now, form))

    text = reply("START", later(now, start), read_at=later(now, 63))

    assert text.verdict == "start"
    assert suppressions() == set()
    assert not may_be_texted(contact, site, topic="tea")
    assert OptInRequest.objects.get().state == "waiting"
    sign_up(site, later(now, 64), topic="tea")
    assert ASK in send(later(now, 64))
    reply("YES", later(now, 65))
    assert may_be_texted(contact, site, topic="tea")


def test_start_within_the_hour_answers_though_it_is_read_much_later(site: int, now: datetime) -> None:
    contact = person(site, now)
    reply("STOP", now)
    sign_up(site, later(now), topic="tea")

    text = reply("START", later(now, 61), read_at=later(now, 300))

    assert text.verdict == "confirm"
    assert may_be_texted(contact, site, topic="tea")


@pytest.mark.parametrize("words", ["YES", "好的", "hello"])
def test_after_a_stop_a_form_and_anything_else_opens_nothing(site: int, now: datetime, words: str) -> None:
    contact = person(site, now)
    reply("STOP", now)
    sign_up(site, later(now))

    reply(words, later(now, 2))

    assert fate(contact, site, later(now, 3)) == "suppressed"
    assert not may_be_texted(contact, site)


def test_a_form_filled_in_before_the_stop_is_not_confirmed_by_a_later_start(site: int, now: datetime) -> None:
    sign_up(site, now)
    reply("STOP", later(now))

    reply("START", later(now, 2))

    assert OptInRequest.objects.get().state == "withdrawn"
    assert not ConsentRecord.objects.filter(method="double_opt_in").exists()


@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize("topic", ["", "tea"])
def test_after_a_complaint_nobody_else_can_agree_for_them(
    site: int, now: datetime, method: ConsentMethod, topic: str
) -> None:
    contact = person(site, now)
    complain(contact, later(now))

    agree(contact, site, later(now, 2), method, topic=topic)

    assert not may_be_texted(contact, site, topic=topic)
    assert fate(contact, site, later(now, 2)) == "unsubscribed"
    assert projection.differences() == []


def test_after_a_stop_and_a_complaint_neither_a_list_nor_start_opens_anything(
    site: int, now: datetime
) -> None:
    contact = person(site, now)
    reply("STOP", now)
    complain(contact, later(now))
    agree(contact, site, later(now, 2), ConsentMethod.IMPORT)

    reply("START", later(now, 3))

    assert suppressions() == set()
    assert not may_be_texted(contact, site)
    assert fate(contact, site, later(now, 4)) == "unsubscribed"


@pytest.mark.parametrize("is_double", [True, False])
def test_after_a_complaint_a_form_asks_and_only_the_yes_opens(
    site: int, now: datetime, is_double: bool
) -> None:
    contact = person(site, now)
    complain(contact, later(now))
    sign_up(site, later(now, 2), is_double=is_double)
    assert send(later(now, 2)) == [ASK]
    assert not may_be_texted(contact, site)

    reply("YES", later(now, 3))

    assert may_be_texted(contact, site)
    assert fate(contact, site, later(now, 4)) in ("handed_over", "sent")


def test_after_a_stop_and_a_complaint_a_form_and_start_agree_anew(site: int, now: datetime) -> None:
    contact = person(site, now)
    reply("STOP", now)
    complain(contact, later(now))
    sign_up(site, later(now, 2), is_double=False)

    reply("START", later(now, 3))

    assert may_be_texted(contact, site)
    assert suppressions() == set()
