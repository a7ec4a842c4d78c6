"""The page that says why, for somebody whose step waits for another system."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.integration.enrolments.crowd import stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db


def test_it_says_that_another_system_is_waited_for(admin_user: Any, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "WEBHOOKS": {"crm": {"URL": "https://crm.example/"}}}
    sequence = live_sequence(steps=[("call_webhook", {"target": "crm", "name": "points"})])
    person = reachable_contact()
    stand_at_the_start(sequence, [person])
    run_due(now=clock.now())
    client = Client()
    client.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")

    page = client.get(reverse("wagtail_drip_contacts:why", args=[person.pk, sequence.pk])).content.decode()

    assert "Another system answers" in page
    assert "Asks “crm” and waits for its answer." in page
    assert "outside_answered" not in page
