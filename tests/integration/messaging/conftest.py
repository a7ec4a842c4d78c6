"""What the outbox's tests stand on: an open site, an empty gateway, and people who agreed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import MessageDraft


@pytest.fixture(autouse=True)
def _empty_gateway() -> Iterator[None]:
    memory.reset()
    yield
    memory.reset()


@pytest.fixture
def open_site(site_id: int, now: datetime) -> int:
    """A British site that may text its customers as often as it likes, as "+44 7700 900000"."""
    core.change_site_settings(
        site_id, zone="Europe/London", region="GB", sender_address="+447700900000", caps={}
    )
    core.open_site(site_id, account="memory", now=now)
    return site_id


@pytest.fixture
def customer(open_site: int, now: datetime) -> Callable[..., Contact]:
    def make(number: str = "+447400123456", **agreed: bool) -> Contact:
        contact = contacts.identify(Identity(phone=number, first_name="Ada"), now=now)
        for group in PurposeGroup:
            if agreed.get(group, True):
                contacts.record_consent(
                    contact_id=contact.pk,
                    site_id=open_site,
                    consent=Consent(group=group, granted=True, source="test", method=ConsentMethod.WEB_FORM),
                    now=now,
                )
        return contact

    return make


@pytest.fixture
def queued(open_site: int, now: datetime) -> Callable[..., Message]:
    def make(contact: Contact, **fields: Any) -> Message:
        given: dict[str, Any] = {
            "key": f"t:{uuid4().hex}",
            "contact_id": contact.pk,
            "site_id": open_site,
            "purpose": "promotional",
            "due_at": now,
            "source_text": "Hello {{ contact.first_name }}",
            **fields,
        }
        messaging.queue([MessageDraft(**given)], now=now)
        return Message.objects.get(key=given["key"])

    return make
