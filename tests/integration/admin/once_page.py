"""The page Send once, opened and pressed by the tests of it."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.sequences import live_sequence

HELLO = ("send_message", {"text": "Hello {{ contact.first_name }}. Reply STOP to opt out."})
FIRST = {
    "first": "0",
    "wait_minutes": "60",
    "most_failed": "10",
    "most_opted_out": "2",
    "most_complaints": "1",
}


def written(**options: Any) -> Sequence:
    given = {"name": "Sale", "trigger": None, "trigger_kind": "once", "steps": [HELLO], "is_started": False}
    return live_sequence(**{**given, **options})


def url(sequence: Sequence) -> str:
    return reverse("wagtail_drip_sequences:once", args=[sequence.pk])


def page(client: Client, sequence: Sequence) -> str:
    response = client.get(url(sequence))
    assert response.status_code == 200
    return response.content.decode()


def figures(html: str) -> dict[str, str]:
    found = re.findall(r'data-figure="([\w-]+)">([^<]*)<', html)
    return {name: value.strip() for name, value in found}


def start(client: Client, sequence: Sequence, **values: str) -> Any:
    version = SequenceRuntime.objects.get(sequence=sequence).version_id
    posted = {"action": "start", "version": str(version), **FIRST, **values}
    return client.post(url(sequence), posted, follow=True)
