"""An owner, in both languages, decides what is warned of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from wagtail.models import Site

from wagtail_drip.compliance import word_actions
from wagtail_drip.compliance.models import SensitiveWord

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_owner_switches_words_off_and_adds_their_own(owner: Page, look: Callable[[str], None]) -> None:
    site_id = Site.objects.get(is_default_site=True).pk
    words = f"/admin/text-messages/settings/{site_id}/words/"
    owner.goto("/admin/text-messages/settings/")
    owner.locator(f"a[href='{words}']").click()
    look("words-empty")

    # A wine shop is approved for wine, and says so.
    owner.locator(f"a[href='{words}lists/alcohol/']").click()
    owner.locator("input[name=words][value=wine]").uncheck()
    owner.locator("form button[type=submit].button").last.click()
    expect(owner.locator("#id_reason-errors, .error-message").first).to_be_visible()
    look("words-list-refused")
    owner.locator("textarea[name=reason]").fill("Our provider has approved us for wine.")
    owner.locator("form button[type=submit].button").last.click()
    expect(owner.locator(".messages .success")).to_be_visible()

    # Words of their own, one of them in one country only.
    for word, country, instead in (("cheap", "", "good value"), ("白菜价", "CN", "")):
        owner.locator(f"a[href='{words}own/']").click()
        owner.locator("input[name=word]").fill(word)
        owner.locator("select[name=country]").select_option(country)
        owner.locator("textarea[name=reason]").fill("Our brand is never called so.")
        owner.locator("input[name=instead]").fill(instead)
        if country:
            look("words-own")
        owner.locator("form button[type=submit].button").first.click()
        expect(owner.locator(".messages .success")).to_be_visible()
    look("words")
    owner.locator(f"a[href='{words}lists/alcohol/']").click()
    look("words-list")

    assert set(SensitiveWord.objects.values_list("kind", "word", "country")) == {
        ("alcohol", "wine", ""),
        ("own", "cheap", ""),
        ("own", "白菜价", "CN"),
    }
    assert "wine" not in next(each for each in word_actions.lists_of(site_id) if each.kind == "alcohol").words
