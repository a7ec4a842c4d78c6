"""Many contacts at once, in a real browser: everybody of a narrowed list is given a tag."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from wagtail_drip.contacts.models import Contact, ContactTag
from wagtail_drip.core import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("DRIP_SHOTS")


def shoot(page: Page, name: str) -> None:
    """Keep what is on the screen, where somebody asked for pictures."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_an_owner_tags_everybody_who_lives_in_one_country(page: Page) -> None:
    now = clock.now()
    Contact.objects.bulk_create(
        Contact(
            first_name=f"Person {number}",
            region="GB" if number % 2 else "FR",
            created_at=now,
            changed_at=now,
        )
        for number in range(140)
    )

    page.goto("/admin/text-messages/contacts/?region=GB")
    page.locator("[data-bulk-action-select-all-checkbox]").first.check()
    page.get_by_role("button", name="Select everybody in this list").click()
    shoot(page, "list-1-chosen")
    page.get_by_role("link", name="Add a tag").click()
    expect(page.get_by_text("70 contacts")).to_be_visible()
    page.get_by_label("Tag").fill("British")
    shoot(page, "list-2-tag")
    page.get_by_role("button", name="Add a tag").click()

    expect(page.get_by_text("70 contacts have the tag.")).to_be_visible()
    assert ContactTag.objects.filter(tag="british", contact__region="GB").count() == 70
    assert ContactTag.objects.count() == 70
