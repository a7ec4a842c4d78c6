"""Two contacts who may be one person, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from wagtail_drip.contacts import projection, querysets, sealing
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import senders
from wagtail_drip.messaging.send_due import send_due

Customer = Callable[..., Contact]
OLD, NEW = "+447400123456", "+447400123457"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def two(customer: Customer) -> tuple[Contact, Contact]:
    """The contact that is merged away, and the one who stays; both have agreed to everything."""
    return customer(OLD), customer(NEW)


def fresh(contact: Contact) -> Contact:
    return Contact.objects.get(pk=contact.pk)


def marketing(contact: Contact, site_id: int) -> bool | None:
    held = querysets.permissions([contact.pk], [site_id])
    return held.get((contact.pk, site_id, "marketing", "sms", ""))


def says(word: str, number: str, site_id: int, now: datetime) -> bool:
    act = inbox.stop if word == "STOP" else inbox.start
    return act(
        number=number, reach=senders.reach_of_site(site_id), source="sms:default:+1", wording=word, now=now
    )


def is_whole(*people: Contact) -> bool:
    ids = [each.pk for each in people]
    return not projection.differences(ids) and not list(sealing.faults(ids))


def go_on(now: datetime) -> None:
    while run_due(now=now) + send_due(now=now):
        pass
