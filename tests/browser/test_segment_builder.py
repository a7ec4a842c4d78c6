"""A segment is put together in the browser: the count follows the rules, and saving keeps them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from wagtail.users.models import UserProfile

from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.segments.models import Segment
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.time_travel import run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = os.environ.get("DRIP_PICTURES", "")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def people() -> None:
    for name in ("Ada", "Bo", "Chen"):
        contact = reachable_contact(first_name=name)
        if name != "Bo":
            change_tags(add=[(contact.pk, "vip")], now=clock.now())


def test_an_owner_builds_a_segment_and_sees_whom_it_means(page: Page) -> None:
    people()
    page.goto("/admin/text-messages/segments/add/")
    told = page.locator(".drip-count__told")
    expect(told).to_contain_text("Add at least one rule.")

    page.locator("input[name='name']").fill("Regulars")
    page.locator("[data-contentpath='rules'] .c-sf-add-button").last.click()
    page.get_by_role("option", name="A tag").click()
    expect(told).to_contain_text("Rule 1: Write the tag, such as vip.")
    page.locator("input[name='rules-0-value-tag']").fill("vip")
    expect(told.locator("strong")).to_have_text("2")
    expect(told).to_contain_text("Ada")
    expect(told).not_to_contain_text("Bo")
    picture(page, "segment-add")

    page.locator("select[name='rules-0-value-negate']").select_option("not")
    expect(told.locator("strong")).to_have_text("1")
    expect(told).to_contain_text("Bo")

    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/text-messages/segments/")
    saved = Segment.objects.get()
    assert saved.compiled["rules"] == [{"kind": "tag", "tag": "vip", "negate": True}]

    run()
    page.goto("/admin/text-messages/segments/")
    picture(page, "segment-list")
    page.get_by_role("table").get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Bo")
    expect(page.get_by_role("main")).not_to_contain_text("Ada")


def test_it_is_usable_in_chinese_in_the_dark_and_on_a_phone(page: Page) -> None:
    people()
    saved = Segment.objects.create(
        name="常客",
        match="any",
        rules=[
            ("purchases", {"measure": "total", "compared": "at_least", "number": 100, "currency": "EUR"}),
            ("event", {"event": "order_placed", "times": 2, "days": 90, "negate": "not"}),
            ("group", {"match": "none", "rules": [("tag", {"tag": "vip"}), ("share", {"percent": 10})]}),
        ],
    )
    user = User.objects.get(username="ada")
    profile = UserProfile.get_for_user(user)
    profile.preferred_language, profile.theme = "zh-hans", "dark"
    profile.save()

    page.goto(f"/admin/text-messages/segments/edit/{saved.pk}/")
    expect(page.locator(".drip-count__number")).to_contain_text("人")
    picture(page, "segment-zh-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "segment-zh-phone")
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
