"""An owner looks at what was judged to be a stop, and says that one was none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.integration.inbox.test_judged import REASON, WISH, arrive
from tests.integration.inbox.test_stop import SENDER, may_be_texted, subscriber
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": ("That was not a stop", "is open again", "That was a stop after all", "Decided"),
    "zh-hans": ("这不是退订", "已重新开启", "这其实是退订", "已决定"),
}


def test_an_owner_overturns_one_and_obeys_another(
    owner: Page, language: str, look: Callable[[str], None], site_id: int
) -> None:
    no_stop, is_open, after_all, decided = WORDS[language]
    core.change_site_settings(site_id, sender_address=SENDER, region="GB")
    now = clock.now()
    contact = subscriber(now, site_id)
    text = arrive(WISH, now)
    arrive("I have had it with you", now)

    owner.goto(reverse("wagtail_drip_judged:index"))
    look("judged")
    owner.get_by_role("link", name=WISH).click()
    look("judged-review")
    owner.locator("textarea[name=reason]").fill(REASON)
    owner.get_by_role("button", name=no_stop).click()
    expect(owner.locator(".messages")).to_contain_text(is_open)
    assert may_be_texted(contact, site_id)
    owner.get_by_role("link", name=decided, exact=True).click()
    expect(owner.locator("main")).to_contain_text(REASON)
    look("judged-decided")
    text.refresh_from_db()
    assert text.verdict == "reply"

    owner.goto(reverse("wagtail_drip_contacts:inspect", args=[contact.pk]))
    owner.locator(".drip-timeline__entry--reply").filter(has_text="had it with you").locator("a").click()
    owner.locator("textarea[name=reason]").fill(REASON)
    look("judged-after-all")
    owner.get_by_role("button", name=after_all).click()
    expect(owner).to_have_url(re.compile(f"{reverse('wagtail_drip_judged:index')}$"))
    assert not may_be_texted(contact, site_id)
