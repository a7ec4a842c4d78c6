"""What the tests of texts that come in share: the site, a text that waits, and what was answered."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from wagtail_drip.core import actions as core
from wagtail_drip.messaging.models import InboundText, Message

NUMBER = "+447700900123"

SENDER = "+447700900999"


@pytest.fixture
def site(site_id: int) -> int:
    core.change_site_settings(site_id, sender_address=SENDER, region="GB", sender_name="Tea House")
    return site_id


def arrives(words: str, now: datetime, *, number: str = NUMBER, **more: Any) -> InboundText:
    return InboundText.objects.create(
        **{
            "gateway": "default",
            "provider_id": f"in-{InboundText.objects.count()}",
            "from_number": number,
            "to_number": SENDER,
            "text": words,
            "at": now,
            "recorded_at": now,
            "due_at": now,
            **more,
        }
    )


def help_answers() -> list[str]:
    """Return the answers without the address at which somebody chooses, which is their own."""
    return [re.sub(r" Choose what you get: \S+", "", body) for body in answers().values()]


def answers() -> dict[str, str]:
    return dict(Message.objects.filter(purpose="response").values_list("key", "body"))
