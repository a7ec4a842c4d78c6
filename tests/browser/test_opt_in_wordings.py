"""An owner, in both languages, writes the words beside sign-ups of a country, and is told what they leave out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from wagtail_drip.compliance import own_wording
from wagtail_drip.compliance.models import OptInWording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

URL = "/admin/text-messages/settings/wordings/"


def test_an_owner_writes_their_own_words(owner: Page, look: Callable[[str], None]) -> None:
    owner.goto("/admin/text-messages/settings/")
    owner.locator(f"a[href='{URL}']").click()
    look("wordings-empty")
    owner.locator(f"a[href='{URL}add/']").click()
    owner.locator("select[name=country]").select_option("DE")
    owner.locator("textarea[name=must_say]").fill("Widerruf")
    owner.locator("textarea[name=text]").fill("Ja, {sender} darf mir Angebote senden. STOP beendet es.")
    owner.locator("input[name=source]").fill("Our lawyer")
    owner.locator("input[name=read_on]").fill("2026-11-25")
    owner.locator("input[name=source]").press("Enter")  # the calendar may lie over the button

    expect(owner.locator(".messages .success")).to_be_visible()
    expect(owner.locator(".messages .warning")).to_contain_text("Widerruf")
    look("wordings")
    row = OptInWording.objects.get()
    owner.locator(f"a[href='{URL}{row.pk}/']").click()
    expect(owner.locator(".help-warning")).to_contain_text("Widerruf")
    look("wordings-edit")
    owner.locator("textarea[name=text]").fill("Ja, {sender} darf mir Angebote senden. Widerruf mit STOP.")
    owner.locator("form:has(textarea[name=text]) button[type=submit]").click()

    expect(owner.locator(".messages .success")).to_be_visible()
    expect(owner.locator(".messages .warning")).to_have_count(0)
    assert "Widerruf mit STOP" in own_wording.default_words("DE", "marketing", "de")
