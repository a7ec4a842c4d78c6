"""Tags of contacts in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from wagtail_drip.contacts import tags
from wagtail_drip.core import clock
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(admin_user: Any) -> Client:
    client = Client()
    client.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_people_are_found_by_their_tag(admin: Client) -> None:
    tagged = reachable_contact(first_name="Ada")
    reachable_contact(first_name="Benedict")
    tags.change_tags(add=[(tagged.pk, "vip")], now=clock.now())

    found = admin.get("/admin/text-messages/contacts/", {"tag": "VIP "}).content.decode()

    assert "Ada" in found
    assert "Benedict" not in found


def test_a_contacts_page_shows_the_tags(admin: Client) -> None:
    person = reachable_contact(first_name="Ada")
    tags.change_tags(add=[(person.pk, "wholesale"), (person.pk, "vip")], now=clock.now())

    page = admin.get(f"/admin/text-messages/contacts/{person.pk}/").content.decode()

    assert page.index("vip</span>") < page.index("wholesale</span>")
