"""An owner finds that two contacts are one person, makes them one, and takes it back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import tags
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": (
        "Probably the same person",
        "I am sure that they are one person",
        "They are one person now.",
        "Undo",
    ),
    "zh-hans": ("可能是同一人", "我确定他们是同一个人", "已合并为一个人。", "撤销"),
}


def test_two_contacts_become_one_and_two_again(
    owner: Page, language: str, look: Callable[[str], None], site_id: int
) -> None:
    probably, sure, done, undo = WORDS[language]
    old = reachable_contact(phone="+447400123456", first_name="Ada", email="ada@shop.example")
    new = reachable_contact(phone="+447400123457", first_name="Ada", email="ada@shop.example")
    now = clock.now()
    contacts.update_contacts({old.pk: {"last_name": "Lovelace", "attributes": {"shoe_size": "38"}}}, now=now)
    tags.change_tags(add=[(old.pk, "vip")], now=now)
    sequence = live_sequence(name="Welcome", steps=[("wait_duration", {"amount": 1, "unit": "days"})])
    for contact in (old, new):
        enrolments.enrol(contact_ids=[contact.pk], sequence_id=sequence.pk, site_id=site_id, now=now)

    owner.goto(reverse("wagtail_drip_contacts:doubles"))
    look("doubles")
    owner.goto(reverse("wagtail_drip_contacts:inspect", args=[new.pk]))
    owner.locator(f"a[href='{reverse('wagtail_drip_contacts:merge', args=[new.pk])}']").click()
    expect(owner.locator("main")).to_contain_text(probably)
    look("find")
    owner.get_by_role("link", name="Ada Lovelace").click()
    owner.locator(f"input[name=stays][value='{new.pk}']").check()
    owner.get_by_label(sure).check()
    look("compare")
    owner.locator(".drip-actions button").click()
    expect(owner.locator("main")).to_contain_text("vip")
    expect(owner.locator("body")).to_contain_text(done)
    look("merged")
    assert Contact.objects.get(pk=old.pk).merged_into_id == new.pk

    owner.get_by_role("link", name=undo, exact=True).click()
    look("undo")
    owner.locator(".drip-actions button").click()
    expect(owner).to_have_url(re.compile(reverse("wagtail_drip_contacts:inspect", args=[new.pk])))
    assert Contact.objects.get(pk=old.pk).active_phone == "+447400123456"
