"""Whose data are only kept is sent nothing, by both ways out of the queue; but a code that they asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from wagtail_drip.admin import sentences
from wagtail_drip.contacts.models import Contact, DataRequest
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import imagined
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.messaging.types import MessageDraft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def fate(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason


def test_nothing_goes_whatever_it_is_about(customer: Customer, queued: Queued, now: datetime) -> None:
    ada, grace = customer(), customer("+447400123457")
    Contact.objects.filter(pk=ada.pk).update(restricted_at=now)
    held = [queued(ada), queued(ada, purpose="transactional"), queued(ada, purpose="survey")]
    free = queued(grace)

    send_due(now=now)

    assert [fate(each) for each in held] == [("skipped", "restricted")] * 3
    assert fate(free)[0] == "sent"
    assert [sms.to for sms in memory.outbox] == [grace.phone]


def test_a_code_goes_to_who_asked_for_it_and_to_nobody_else(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    ada, grace = customer(), customer("+447400123457")
    Contact.objects.filter(pk=ada.pk).update(restricted_at=now)

    def asked(contact: Contact, **changes: object) -> DataRequest:
        return DataRequest.objects.create(
            **{
                "contact": contact,
                "site_id": open_site,
                "code_hash": "x",
                "requested_at": now,
                "expires_at": now + timedelta(minutes=30),
                **changes,
            }
        )

    def code(contact: Contact, request: DataRequest) -> Message:
        return queued(contact, purpose="response", licence=f"data:{request.pk}", source_text="123456")

    theirs = code(ada, asked(ada))
    of_another = code(grace, asked(ada))
    used = code(grace, asked(grace, state="closed"))
    old = code(grace, asked(grace, requested_at=now - timedelta(hours=25)))

    send_due(now=now)

    assert fate(theirs)[0] == "sent"
    assert [fate(each) for each in (of_another, used, old)] == [("skipped", "no_licence")] * 3
    assert [sms.to for sms in memory.outbox] == [ada.phone]


def test_why_not_says_so(customer: Customer, open_site: int, now: datetime) -> None:
    ada = customer()
    Contact.objects.filter(pk=ada.pk).update(restricted_at=now)
    draft = MessageDraft(
        key="imagined", contact_id=ada.pk, site_id=open_site, purpose="promotional", body="Hi", due_at=now
    )
    site = SiteSettings.objects.get(site_id=open_site)

    (outlook,) = imagined.outlooks([(imagined.imagine(draft, site, number=1, now=now), now)], now=now)

    assert outlook.decision.reason == "restricted"
    assert outlook.next_at is None
    assert sentences.obstacle(outlook.obstacles[0]).text == (
        "They have asked that their data be kept and nothing be done with it."
    )
