"""Somebody who packs parcels looks customers up: who they are and what they bought, but no number and no text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import Browser, Page, expect
from wagtail.models import Site

from tests.browser import pictures
from tests.browser.stage import desk
from tests.integration.privacy import story
from wagtail_drip.core import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def packer(chromium: Browser, live_server: Any) -> Iterator[Page]:
    user = User.objects.create_user("pat", "pat@shop.example", "pass", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=("access_admin", "view_contact", "view_message"))
    )
    with desk(chromium, live_server.url, user) as opened:
        yield opened


def test_a_packer_sees_people_and_neither_numbers_nor_texts(packer: Page) -> None:
    now, site_id = clock.now(), Site.objects.get(is_default_site=True).pk
    contact = story.person(site_id=site_id, now=now)
    story.told(contact, site_id=site_id, now=now)

    packer.goto("/admin/text-messages/contacts/")
    expect(packer.get_by_text("+44 •••• •• 654")).to_be_visible()
    packer.get_by_role("link", name="Zebulon Quigglesworth").click()
    expect(packer.get_by_text("Hidden: you may not see numbers and texts.").first).to_be_visible()
    expect(packer.get_by_text("More plumcake")).to_have_count(0)
    pictures.shoot(packer, "redacted-contact")
    packer.goto("/admin/text-messages/log/")
    packer.get_by_role("link", name="Zebulon Quigglesworth").click()
    expect(packer.get_by_text("You may not see what people were sent.")).to_be_visible()
