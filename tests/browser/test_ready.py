"""An owner, in both languages, decides what is warned of, and asks whether a country can be texted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from wagtail.models import Site

from wagtail_drip.compliance import word_actions
from wagtail_drip.compliance.models import SensitiveWord
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact

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


def test_an_owner_is_told_when_they_publish(owner: Page, look: Callable[[str], None]) -> None:
    site_id = Site.objects.get(is_default_site=True).pk
    core.change_site_settings(site_id, region="US")
    Contact.objects.filter(pk=reachable_contact().pk).update(region="CA")
    texts = ["Wine for two, and 100% free beer. Reply STOP to opt out", "Cocktails at the casino"]
    steps = [
        {
            "type": "send_message",
            "id": f"00000000-0000-4000-8000-00000000000{number}",
            "value": {"text": words},
        }
        for number, words in enumerate(texts)
    ]
    made = Sequence.objects.create(name="Tips", trigger_event="order_placed", live=False, steps=steps)
    made.save_revision()

    owner.goto(f"/admin/text-messages/sequences/edit/{made.pk}/")
    expect(owner.locator(".drip-advice li")).to_have_count(4)
    owner.locator(".drip-advice").evaluate("each => { each.open = true }")
    look("advice-editor")
    owner.locator("button[name=action-publish]").first.click()

    expect(owner.locator(".messages .warning li")).to_have_count(4)
    look("advice-published")
    made.refresh_from_db()
    assert made.live


def test_an_owner_asks_whether_they_are_ready(owner: Page, look: Callable[[str], None]) -> None:
    site_id = Site.objects.get(is_default_site=True).pk
    for number in range(3):
        reachable_contact(phone=f"+1201555010{number}")
    reachable_contact()

    owner.goto("/admin/text-messages/settings/")
    owner.locator(f"a[href='/admin/text-messages/settings/{site_id}/ready/']").click()
    expect(owner.locator("#drip-country")).to_have_value("US")
    expect(owner.locator("[data-check=help]")).to_have_class("drip-ready drip-ready--critical")
    look("ready-us")

    # What is to do is settled where the line leads, and the line is in order then.
    owner.locator("[data-check=help] a").first.click()
    owner.locator("[name=help_text]").fill("Teashop, 020 7946 0000")
    owner.locator("[name=sender_name]").fill("Teashop")
    owner.locator("form:has([name=help_text]) button[type=submit].button").last.click()
    expect(owner.locator(".messages .success")).to_be_visible()
    owner.goto(f"/admin/text-messages/settings/{site_id}/ready/")
    expect(owner.locator("[data-check=help]")).to_have_class("drip-ready drip-ready--ok")
    expect(owner.locator("[data-check=name]")).to_have_class("drip-ready drip-ready--ok")

    owner.locator("#drip-country").select_option("CN")
    owner.locator(".drip-place button").click()
    expect(owner.locator("[data-check=registration]")).to_contain_text("签名")
    look("ready-cn")


def test_an_owner_notes_a_registration_and_takes_it_back(owner: Page, look: Callable[[str], None]) -> None:
    site_id = Site.objects.get(is_default_site=True).pk
    core.change_site_settings(site_id, sender_address="+12015550100")
    ready = f"/admin/text-messages/settings/{site_id}/ready/"
    line = owner.locator("[data-check=registration]")

    owner.goto(f"{ready}?country=US")
    expect(line).to_have_class("drip-ready drip-ready--unknown")
    line.locator(f"a[href='{ready}US/registration/']").click()
    owner.locator("input[name=reference]").fill("BN-4711")
    owner.locator("input[name=registered_by]").fill("Twilio")
    owner.locator("form button[type=submit].button").first.click()
    expect(owner.locator("#id_registered_on-errors, .error-message").first).to_be_visible()
    owner.locator("input[name=registered_on]").fill("2026-11-03")
    look("registration-form")
    # The calendar lies over the button.
    owner.locator("input[name=reference]").press("Enter")

    expect(line).to_have_class("drip-ready drip-ready--ok")
    expect(line).to_contain_text("BN-4711")
    expect(line).to_contain_text("owner")
    line.scroll_into_view_if_needed()
    look("registration-noted")

    # It was the wrong country.
    line.locator(f"a[href='{ready}US/registration/']").click()
    look("registration-held")
    owner.locator("form[action$='take_back/'] button").click()
    expect(owner.locator(".messages .success")).to_be_visible()
    expect(owner.locator("input[name=reference]")).to_have_value("BN-4711")
    look("registration-taken-back")
    owner.goto(f"{ready}?country=US")
    expect(line).to_have_class("drip-ready drip-ready--unknown")
