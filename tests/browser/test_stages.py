"""An owner sets the rules of the stages and finds the loyal customers, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from wagtail.users.models import UserProfile

from tests.browser import pictures
from tests.browser.pictures import shoot
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.segments import life_stage_refresh
from wagtail_drip.stores.models import PurchaseTally

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_owner_says_who_is_loyal_and_finds_them(page: Page) -> None:
    now = clock.now()
    for name, orders in (("Ada", 3), ("Grace", 1), ("Mary", 0)):
        contact = Contact.objects.create(first_name=name, created_at=now, changed_at=now)
        if orders:
            first, last = now - timedelta(days=60), now - timedelta(days=60 if orders == 1 else 2)
            PurchaseTally.objects.create(contact=contact, n=orders, first_at=first, last_at=last)
    life_stage_refresh.refresh_due(now=now - timedelta(minutes=30))

    page.goto("/admin/text-messages/segments/")
    page.get_by_role("link", name="Stages").click()
    expect(page.get_by_role("row").filter(has_text="Loyal").get_by_role("cell").last).to_have_text("0")
    shoot(page, "stages-1")
    page.get_by_label("Loyal: with at least so many orders").fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The rules were saved.")).to_be_visible()
    life_stage_refresh.refresh_due()
    page.reload()
    page.get_by_role("row").filter(has_text="Loyal").get_by_role("link").click()
    expect(page.get_by_role("link", name="Grace")).to_have_count(0)
    page.get_by_role("link", name="Ada").click()
    expect(page.get_by_text("Stage as a customer")).to_be_visible()
    expect(page.locator("dd").filter(has_text="Loyal")).to_be_visible()
    shoot(page, "stages-2-contact")
    if pictures.FOLDER:
        page.emulate_media(color_scheme="dark")
        page.goto("/admin/text-messages/segments/stages/")
        shoot(page, "stages-3-dark")
        page.set_viewport_size({"width": 390, "height": 800})
        shoot(page, "stages-4-phone")
        UserProfile.objects.update_or_create(
            user=User.objects.get(), defaults={"preferred_language": "zh-hans"}
        )
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.reload()
        shoot(page, "stages-5-chinese")
