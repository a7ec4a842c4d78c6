"""What "Why, or why not?" says of legal hours that the owner has made looser than ours."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from wagtail.models import Site
from wagtail.users.models import UserProfile

from wagtail_drip.compliance.models import LegalHours
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

WARNED = (
    "Your own legal hours stand (United States). "
    "Looser than what we ship, by your own reading of a new act, 26/11/2026."
)


@pytest.fixture
def ada(drip_outbox: list[object]) -> Contact:
    return reachable_contact(first_name="Ada", phone="+12125550123")


@pytest.fixture
def sequence(drip_outbox: list[object]) -> Sequence:
    # Only legal hours are to stand in the way.
    always = {str(day): [["00:00", "24:00"]] for day in range(7)}
    core.change_site_settings(Site.objects.get(is_default_site=True).pk, windows=always)
    return live_sequence(
        name="Welcome",
        trigger="custom:visit",
        steps=[("wait_duration", {"amount": 2, "unit": "days"}), ("send_message", {"text": "Hello"})],
    )


def hours(begins: str, ends: str, **fields: Any) -> None:
    LegalHours.objects.create(
        **{
            "country": "US",
            "week": {str(day): [[begins, ends]] for day in range(7)},
            "source": "a new act",
            "read_on": date(2026, 11, 26),
            "edited_at": clock.now(),
            **fields,
        }
    )


def page(client: Client, person: Contact, sequence: Sequence, hour: int) -> str:
    """Return the words of the page, asked of an hour of next year's first of March in New York."""
    asked = datetime(clock.now().year + 1, 3, 1, (5 + hour) % 24, tzinfo=UTC)
    response = client.get(
        reverse("wagtail_drip_contacts:why", args=[person.pk, sequence.pk]),
        {"at": asked.strftime("%Y-%m-%dT%H:%M")},
    )
    main = re.sub(r"(?s)<(script|style|svg).*?</\1>", "", response.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_a_text_that_goes_by_looser_hours_is_said_to(
    admin_client: Client, sequence: Sequence, ada: Contact
) -> None:
    hours("06:00", "23:00")

    found = page(admin_client, ada, sequence, hour=7)

    assert "The text would go at once." in found
    assert found.count(WARNED) == 1


def test_a_text_that_waits_for_looser_hours_is_said_to(
    admin_client: Client, sequence: Sequence, ada: Contact
) -> None:
    hours("06:00", "23:00")

    found = page(admin_client, ada, sequence, hour=3)

    assert "US allows 06:00–23:00 that day" in found
    assert found.count(WARNED) == 1


def test_a_reading_older_than_ours_is_to_be_read_again(
    admin_client: Client, sequence: Sequence, ada: Contact
) -> None:
    hours("06:00", "23:00", read_on=date(2026, 11, 1))

    found = page(admin_client, ada, sequence, hour=7)

    assert "Looser than what we ship, by your own reading of a new act, 01/11/2026. We read ours on" in found


def test_ours_stricter_ones_and_those_of_other_places_are_not_called_looser(
    admin_client: Client, sequence: Sequence, ada: Contact
) -> None:
    shipped = page(admin_client, ada, sequence, hour=3)
    hours("10:00", "12:00")
    hours("06:00", "23:00", subdivision="TX")
    stricter = page(admin_client, ada, sequence, hour=3)

    assert "US allows 08:00–21:00 that day" in shipped
    assert "US allows 10:00–12:00 that day" in stricter
    assert "Looser than what we ship" not in shipped + stricter


def test_it_is_said_in_chinese_too(admin_client: Client, sequence: Sequence, ada: Contact) -> None:
    hours("06:00", "23:00")
    UserProfile.objects.create(user=get_user_model().objects.get(), preferred_language="zh-hans")

    assert "采用您自己设定的法定时段（美国）。比我们内置的宽松" in page(admin_client, ada, sequence, hour=7)
