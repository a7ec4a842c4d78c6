"""An owner finds out why a customer gets no texts, and lets the number be texted again."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from wagtail.users.models import UserProfile

from tests.browser.stage import desk
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.core import clock
from wagtail_drip.test.people import reachable_contact

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": ("This number cannot be reached", "Text this number again", "Why the number works now"),
    "zh-hans": ("这个号码无法送达", "恢复向这个号码发送", "为什么号码现在可用"),
}


@pytest.fixture(params=["en", "zh-hans"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def owner(chromium: Browser, live_server: Any, language: str) -> Iterator[Page]:
    user = User.objects.create_superuser("owner", "owner@shop.example", "pass")
    UserProfile.objects.create(user=user, preferred_language=language)
    with desk(chromium, live_server.url, user) as opened:
        yield opened


@pytest.fixture
def look(owner: Page, language: str) -> Callable[[str], None]:
    """Keep a picture of the page where DRIP_SHOTS names a folder: wide, narrow and dark."""
    folder = os.environ.get("DRIP_SHOTS", "")

    def keep(name: str) -> None:
        if not folder:
            return
        owner.screenshot(path=f"{folder}/{name}.{language}.png")
        owner.emulate_media(color_scheme="dark")
        owner.screenshot(path=f"{folder}/{name}.{language}.dark.png")
        owner.emulate_media(color_scheme="light")
        owner.set_viewport_size({"width": 390, "height": 1300})
        owner.screenshot(path=f"{folder}/{name}.{language}.phone.png")
        owner.set_viewport_size({"width": 1500, "height": 950})

    return keep


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
