"""Somebody opens the link of a text on their phone: they stop, and take it back, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from wagtail.models import Site

from tests.browser import pictures
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.core import actions as core
from wagtail_drip.links import personal
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site() -> int:
    site = Site.objects.get(is_default_site=True)
    core.change_site_settings(site.pk, sender_address="+447700900999", sender_name="Tea House", region="GB")
    return site.pk


@pytest.fixture
def look(phone: Page) -> Callable[[str], None]:
    """Keep a picture of the page where DRIP_SHOTS names a folder: narrow, dark and wide."""

    def keep(name: str) -> None:
        if not pictures.FOLDER:
            return
        pictures.shoot(phone, f"{name}")
        phone.emulate_media(color_scheme="dark")
        pictures.shoot(phone, f"{name}.dark")
        phone.emulate_media(color_scheme="light")
        phone.set_viewport_size({"width": 1200, "height": 844})
        pictures.shoot(phone, f"{name}.wide")
        phone.set_viewport_size({"width": 390, "height": 844})

    return keep


def may_get_marketing(contact: Contact) -> bool:
    return Permission.objects.get(contact=contact, group="marketing", topic="").granted


@pytest.mark.parametrize(
    ("language", "stop", "mistake", "back"),
    [
        pytest.param("en", "Stop all texts", "I pressed by mistake", "All is as it was", id="in English"),
        pytest.param("zh-hans", "退订所有短信", "我按错了", "一切已恢复", id="in Chinese"),
    ],
)
def test_somebody_stops_on_their_phone_and_takes_it_back(
    phone: Page,
    look: Callable[[str], None],
    site: int,
    language: str,
    stop: str,
    mistake: str,
    back: str,
) -> None:
    person = reachable_contact(language=language)
    phone.goto(personal.path_of(personal.STOP, person.pk, site))
    look(f"stop.{language}")

    phone.get_by_role("button", name=stop).click()
    expect(phone.get_by_role("status")).to_contain_text("Tea House")
    look(f"stopped.{language}")
    assert not may_get_marketing(person)

    phone.get_by_role("button", name=mistake).click()
    expect(phone.get_by_role("status")).to_contain_text(back)
    look(f"back.{language}")
    assert may_get_marketing(person)


@pytest.mark.parametrize(
    ("language", "save", "week", "pause", "before", "saved"),
    [
        pytest.param(
            "en", "Save", "In 7 days", "For 14 days from now", "Not before", "Saved.", id="in English"
        ),
        pytest.param("zh-hans", "保存", "7 天内", "从现在起暂停 14 天", "最早", "已保存", id="in Chinese"),
    ],
)
def test_somebody_chooses_on_their_phone(
    phone: Page,
    look: Callable[[str], None],
    site: int,
    language: str,
    save: str,
    week: str,
    pause: str,
    before: str,
    saved: str,
) -> None:
    for topic in ("新茶", "Offers of the week"):
        live_sequence(name=topic, topic=topic, steps=[("send_message", {"text": "Tea!"})])
    person = reachable_contact(language=language)
    phone.goto(personal.path_of(personal.PREFERENCES, person.pk, site))
    look(f"preferences.{language}")
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width == 390

    phone.get_by_label("新茶").uncheck()
    phone.get_by_label(week).fill("0")
    phone.get_by_label(before).select_option("18")
    phone.get_by_role("button", name=save, exact=True).click()
    expect(phone.get_by_role("alert")).to_be_visible()
    look(f"preferences.wrong.{language}")

    phone.get_by_label(week).fill("1")
    phone.locator("select[name=pause]").select_option(label=pause)
    phone.get_by_role("button", name=save, exact=True).click()
    expect(phone.get_by_role("status")).to_contain_text(saved)
    look(f"preferences.saved.{language}")

    person.refresh_from_db()
    assert (person.most_per_week, person.not_before_hour) == (1, 18)
    assert person.paused_until is not None
    assert not Permission.objects.get(contact=person, topic="新茶").granted
    assert may_get_marketing(person)
