"""An owner adds a stop word that a customer used, and tries what replies would mean."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from wagtail_drip.compliance.models import Keyword

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": ("Stop and help words", "Add a word", "It is understood already", "A stop.", "What would it mean?"),
    "zh-hans": ("退订词与帮助词", "添加词", "已经能识别", "退订。", "它会是什么意思？"),
}


def test_an_owner_adds_a_word_and_tries_it(owner: Page, language: str, look: Callable[[str], None]) -> None:
    title, add, known, stop, ask = WORDS[language]
    owner.goto(reverse("wagtail_drip_settings:index"))
    owner.get_by_role("link", name=title).click()
    look("words-empty")
    owner.get_by_role("link", name=add).click()
    owner.locator("input[name=text]").fill("退订")
    owner.locator(".drip-actions button").click()
    expect(owner.locator("main")).to_contain_text(known)
    look("words-refused")

    owner.locator("input[name=text]").fill("Basta ya")
    owner.locator("select[name=language]").select_option("es")
    owner.locator("input[name=country]").fill("mx")
    owner.locator("input[name=source]").fill("Señora López, 26 November")
    owner.locator(".drip-actions button").click()
    expect(owner).to_have_url(re.compile(f"{reverse('wagtail_drip_settings:keywords')}$"))
    assert (Keyword.objects.get().text, Keyword.objects.get().country) == ("Basta ya", "MX")

    owner.locator("textarea[name=reply]").fill("¡Basta ya! 😡")
    owner.locator("input[name=number_of]").fill("MX")
    owner.get_by_role("button", name=ask).click()
    expect(owner.locator("section[aria-labelledby=drip-try] .help-block")).to_contain_text(stop)
    look("words-tried")
