"""Somebody opens their data on a phone by a code, corrects it, says what may not be done, and deletes it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from wagtail.models import Site

from tests.browser import pictures
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.links import personal
from wagtail_drip.messaging.models import Message
from wagtail_drip.stores.models import Purchase
from wagtail_drip.test.people import reachable_contact

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": {
        "link": "See what we know of you, correct it, or have it deleted",
        "send": "Send me a code",
        "digits": "The six digits from the text",
        "open": "Open my data",
        "first": "First name",
        "save": "Save",
        "saved": "Saved.",
        "object": "Draw no conclusions about me",
        "restrict": "Only keep my data",
        "download": "Download all of it",
        "sure": "I am sure",
        "again": "The code from our text, once more",
        "delete": "Delete my data",
        "refused": "Nothing was deleted",
        "gone": "Your data are deleted",
    },
    "zh-hans": {
        "link": "查看、更正或删除我们保存的关于您的数据",
        "send": "向我发送验证码",
        "digits": "短信中的六位数字",
        "open": "打开我的数据",
        "first": "名字",
        "save": "保存",
        "saved": "已保存。",
        "object": "不要对我作画像",
        "restrict": "只保留我的数据",
        "download": "下载全部数据",
        "sure": "我确定",
        "again": "再次输入短信中的验证码",
        "delete": "删除我的数据",
        "refused": "未删除任何内容",
        "gone": "您的数据已删除",
    },
}


def shoot(page: Page, name: str, *, scheme: str = "light") -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    pictures.shoot(page, name)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_their_data_are_their_own_on_a_phone(phone: Page, language: str) -> None:
    site, now, words = Site.objects.get(is_default_site=True), clock.now(), WORDS[language]
    core.change_site_settings(site.pk, sender_address="+447700900999", sender_name="Tea House", region="GB")
    person = reachable_contact(
        first_name="Ada",
        last_name="Lovelace",
        email="ada@shop.example",
        language=language,
        attributes={"favourite": "Oolong"},
    )
    Purchase.objects.create(
        store="oscar",
        order_id="1",
        contact=person,
        site=site,
        currency="GBP",
        total=Decimal("12.50"),
        placed_at=now - timedelta(days=3),
        recorded_at=now,
    )

    phone.goto(personal.path_of(personal.PREFERENCES, person.pk, site.pk))
    phone.get_by_role("link", name=words["link"]).click()
    expect(phone.get_by_text("Ada")).to_have_count(0)
    shoot(phone, f"data-{language}-1-door")
    phone.get_by_role("button", name=words["send"]).click()
    found = re.search(r"\b\d{6}\b", Message.objects.latest("pk").body)
    assert found
    phone.get_by_label(words["digits"]).fill(found[0])
    shoot(phone, f"data-{language}-2-code")
    phone.get_by_role("button", name=words["open"]).click()

    expect(phone.get_by_text("ada@shop.example")).to_be_visible()
    phone.get_by_label(words["first"], exact=True).fill("Augusta")
    phone.get_by_role("button", name=words["save"], exact=True).click()
    expect(phone.get_by_text(words["saved"])).to_be_visible()
    phone.get_by_role("button", name=words["object"]).click()
    shoot(phone, f"data-{language}-3-page")
    shoot(phone, f"data-{language}-3-page-dark", scheme="dark")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    with phone.expect_download() as waiting:
        phone.get_by_role("button", name=words["download"]).click()
    assert waiting.value.suggested_filename == "my-data.json"
    person.refresh_from_db()
    assert (person.first_name, person.objected_at is None) == ("Augusta", False)

    phone.get_by_role("button", name=words["restrict"]).click()
    phone.get_by_role("button", name=words["delete"]).click()
    expect(phone.get_by_text(words["refused"])).to_be_visible()
    phone.get_by_label(words["sure"]).check()
    phone.get_by_label(words["again"]).fill(found[0])
    phone.get_by_role("button", name=words["delete"]).click()
    expect(phone.get_by_role("heading", name=words["gone"])).to_be_visible()
    shoot(phone, f"data-{language}-4-gone")
    assert Contact.objects.get(pk=person.pk).erased_at is not None
