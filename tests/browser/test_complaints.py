"""An owner notes that a customer complained, and marketing ends."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from wagtail_drip.contacts.models import Permission
from wagtail_drip.core import clock
from wagtail_drip.messaging.models import InboundText
from wagtail_drip.test.people import reachable_contact

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": ("Note a complaint", "They wrote it in a text to us", "What the complaint says", "Has complained"),
    "zh-hans": ("登记投诉", "对方发短信告诉我们", "投诉内容", "曾经投诉"),
}


def test_an_owner_notes_a_complaint(owner: Page, language: str, look: Callable[[str], None]) -> None:
    note, by_text, what, has_complained = WORDS[language]
    contact = reachable_contact(first_name="Ada")
    text = InboundText.objects.create(
        gateway="default",
        provider_id="1",
        from_number=contact.phone,
        text="Never heard of this shop, where did you get my number?",
        contact=contact,
        verdict="reply",
        at=clock.now(),
        recorded_at=clock.now(),
    )

    own_page = reverse("wagtail_drip_contacts:inspect", args=[contact.pk])
    owner.goto(own_page)
    owner.get_by_role("link", name=note).click()
    owner.get_by_label(by_text).check()
    owner.locator("select[name=inbound_text]").select_option(str(text.pk))
    owner.get_by_label(re.compile(what)).fill("She never heard of us.")
    look("complaint")
    owner.locator(".drip-actions button").click()

    expect(owner).to_have_url(re.compile(f"{own_page}$"))
    expect(owner.locator("main")).to_contain_text(has_complained)
    look("complained")
    assert not Permission.objects.filter(contact=contact, group="marketing", granted=True).exists()
