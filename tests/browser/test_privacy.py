"""Somebody asks what is known of them, and then to be forgotten: an owner does both in a real browser, on a phone too."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from wagtail.models import Site

from tests.integration.privacy import story
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.privacy.erasure_models import Erasure

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def zebulon(drip_outbox: list[object]) -> Contact:
    site_id, now = Site.objects.get(is_default_site=True).pk, clock.now()
    contact = story.person(site_id=site_id, now=now)
    story.told(contact, site_id=site_id, now=now)
    return contact


def picture(page: Page, name: str) -> None:
    """Keep a picture to be looked at, where a folder for it is named."""
    if folder := os.environ.get("DRIP_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_an_owner_shows_and_forgets_a_customer(page: Page, zebulon: Contact) -> None:
    page.goto(f"/admin/text-messages/contacts/{zebulon.pk}/")
    picture(page, "person")
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download everything we hold").click()
    document = json.loads(Path(begun.value.path()).read_text())

    page.get_by_role("link", name="Erase this person").click()
    expect(page.get_by_text("They leave 1 sequence.")).to_be_visible()
    picture(page, "erase")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("Tick this to erase the person.")).to_be_visible()
    page.get_by_label("I am sure: it cannot be undone").check()
    page.get_by_role("button", name="Erase for good").click()

    expect(page.get_by_text("The person is erased: nothing is sent to them any more.")).to_be_visible()
    picture(page, "erased")
    assert document["tables"]["Contact"][0]["first_name"] == "Zebulon"
    assert Erasure.objects.get().contact_id == zebulon.pk
    page.goto(f"/admin/text-messages/contacts/{zebulon.pk}/")
    expect(page.get_by_text("Erased", exact=True)).to_be_visible()
    picture(page, "blank")


def test_nothing_runs_out_of_a_telephone(page: Page, zebulon: Contact) -> None:
    page.set_viewport_size({"width": 390, "height": 844})

    for address in (
        f"/admin/text-messages/contacts/{zebulon.pk}/",
        f"/admin/text-messages/contacts/{zebulon.pk}/erase/",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 391, address
    picture(page, "erase-phone")
