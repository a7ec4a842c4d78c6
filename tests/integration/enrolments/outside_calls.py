"""What the tests of webhooks and notices share: a far side, who waits for it, and one pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.test import override_settings

from tests.integration.enrolments.crowd import stand_at_the_start
from tests.integration.enrolments.far_side import FarSide, far_side
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.outside import call_due
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

ASK = ("call_webhook", {"target": "crm", "name": "points", "wait_minutes": 60})

RICH = {"test": "attribute", "property": "webhook.points.total", "operator": "at_least", "value": "100"}

TELL_POINTS = ("send_message", {"text": "You have {{ webhook.points.total }} points."})

SORRY = ("send_message", {"text": "Hello"})

BY_POINTS = ("branch", {**RICH, "yes": [TELL_POINTS], "no": [SORRY]})


@pytest.fixture
def crm() -> Iterator[FarSide]:
    with far_side() as side, override_settings(WAGTAIL_DRIP=settings_with(side)):
        yield side


def settings_with(side: FarSide, **options: Any) -> dict[str, Any]:
    from django.conf import settings

    place = {"URL": side.url, "SECRET": "s3cret", "ALLOW_PRIVATE": True, "TIMEOUT_SECONDS": 1, **options}
    return {**settings.WAGTAIL_DRIP, "WEBHOOKS": {"crm": place}}


def enrolled(*steps: Any, person: Contact | None = None, **options: Any) -> Enrolment:
    sequence = live_sequence(steps=list(steps) or [ASK, BY_POINTS], **options)
    return stand_at_the_start(sequence, [person or reachable_contact()])[0]


def go(now: datetime | None = None) -> None:
    """Advance and call until nothing is left to do at this moment."""
    for _ in range(200):
        present = now or clock.now()
        if not run_due(now=present) + call_due(now=present):
            return
    raise AssertionError("It never comes to rest.")


def traced(kind: str) -> list[str]:
    rows = StepVisit.objects.filter(kind=kind).order_by("pk")
    return [decision["outcome"] for row in rows for decision in row.decisions]


def reply(status: int = 200, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, raw
