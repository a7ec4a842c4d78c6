"""An owner, in both languages, loosens legal hours: only by what they have read, and shown as theirs from then on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from wagtail.models import Site

from wagtail_drip.compliance.models import LegalHours

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEGAL = "/admin/text-messages/sending-times/legal/"


def test_looser_hours_are_an_owners_own_reading_and_shown_so(
    owner: Page, look: Callable[[str], None]
) -> None:
    site_id = Site.objects.get(is_default_site=True).pk
    owner.goto(LEGAL)
    owner.locator(f"a[href='{LEGAL}US-TX/']").click()
    owner.locator("input[name=day_0]").fill("08:00-21:00")
    owner.locator("form:has(input[name=day_0]) button[type=submit]").click()
    expect(owner.locator(".error-message").first).to_be_visible()
    assert not LegalHours.objects.exists()
    look("legal-refused")

    owner.locator("input[name=read_on]").fill("2026-11-25")
    owner.locator("textarea[name=reason]").fill("In force since May.")
    owner.locator("input[name=source]").fill("Texas SB 999")
    owner.locator("input[name=source]").press("Enter")  # the calendar may lie over the button

    expect(owner.locator(".messages .warning")).to_contain_text("Texas SB 999")
    expect(owner.locator(".drip-legal__looser")).to_have_count(1)
    owner.locator(".drip-legal__looser").scroll_into_view_if_needed()
    look("legal-looser")
    owner.locator(f"a[href='{LEGAL}US-TX/']").click()
    expect(owner.locator(".help-warning")).to_contain_text("Texas SB 999")
    look("legal-edit-looser")

    owner.goto(f"/admin/text-messages/settings/{site_id}/ready/?country=US")
    line = owner.locator("[data-check=hours]")
    expect(line).to_have_class("drip-ready drip-ready--unknown")
    expect(line).to_contain_text("Texas SB 999")
    line.scroll_into_view_if_needed()
    look("legal-ready")
