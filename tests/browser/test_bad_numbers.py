"""An owner finds out why a customer gets no texts, and lets the number be texted again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.core import clock
from wagtail_drip.test.people import reachable_contact

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": ("This number cannot be reached", "Text this number again", "Why the number works now"),
    "zh-hans": ("这个号码无法送达", "恢复向这个号码发送", "为什么号码现在可用"),
}


def test_an_owner_lets_a_number_be_texted_again(
    owner: Page, language: str, look: Callable[[str], None]
) -> None:
    unreachable, again, why = WORDS[language]
    contact = reachable_contact(first_name="Ada")
    compliance.suppress(
        phone=contact.phone,
        scope="all",
        reason="bad_number",
        source="gateway:default 30005",
        now=clock.now(),
    )

    own_page = reverse("wagtail_drip_contacts:inspect", args=[contact.pk])
    owner.goto(own_page)
    expect(owner.locator("main")).to_contain_text(unreachable)
    look("unreachable")
    owner.get_by_role("link", name=again).click()
    owner.get_by_label(re.compile(why)).fill("She rang us from this phone.")
    look("text-again")
    owner.get_by_role("button", name=again).click()

    expect(owner).to_have_url(re.compile(f"{own_page}$"))
    expect(owner.locator("main")).not_to_contain_text(unreachable)
    assert Suppression.objects.filter(lifted_at=None).count() == 0
