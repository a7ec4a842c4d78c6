"""What the tests of caps share: a site that keeps them, what a contact had, and what becomes of a message."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from wagtail_drip.compliance.models import SpecialEvent
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core.caps import default_caps
from wagtail_drip.messaging.models import Message, SendLedger

Customer = Callable[..., Contact]

Queued = Callable[..., Message]

Had = Callable[..., list[Message]]

DAY = timedelta(days=1)

ALWAYS = {str(day): [["00:00", "24:00"]] for day in range(7)}


@pytest.fixture(autouse=True)
def capped_site(open_site: int) -> int:
    """The site keeps the caps that a new one has, and is open day and night."""
    core.change_site_settings(open_site, caps=default_caps(), windows=ALWAYS)
    return open_site


@pytest.fixture
def had(queued: Queued, now: datetime) -> Had:
    """What a contact was sent so many days ago."""

    def make(contact: Contact, *ago: float, state: str = "sent", **fields: Any) -> list[Message]:
        messages = [queued(contact, **fields) for _ in ago]
        for message, days in zip(messages, ago, strict=True):
            at = now - timedelta(days=days)
            Message.objects.filter(pk=message.pk).update(state=state, due_at=None, handed_over_at=at)
            SendLedger.objects.create(
                message=message,
                contact=contact,
                site_id=message.site_id,
                purpose=message.purpose,
                topic=message.topic,
                handed_over_at=at,
            )
        return messages

    return make


def fate(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason or message.defer_reason


def why(message: Message) -> dict[str, Any]:
    message.refresh_from_db()
    found: dict[str, Any] = json.loads(message.detail)
    return found


def lasting(now: datetime, days: float = 30) -> dict[str, Any]:
    return {"expires_at": now + timedelta(days=days)}


def event(site_id: int, now: datetime, **fields: Any) -> SpecialEvent:
    given = {
        "name": "双11",
        "begins_on": now.date() - DAY,
        "ends_on": now.date(),
        "raised_week": 4,
        "raised_month": 12,
        "ceiling": 3,
        "sequences": [7],
        **fields,
    }
    return SpecialEvent.objects.create(site_id=site_id, **given)
