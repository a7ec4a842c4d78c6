"""Somebody signs up on a page of the sandbox's shop, says yes on their phone, and the owner sees the proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import pictures
from tests.browser.stage import Phone, log_in, wait_for

pytestmark = pytest.mark.browser

ENGLISH = {
    "locale": "en-GB",
    "number": "+447400155001",
    "typed": "07400 155001",
    "label": "Mobile number",
    "button": "Sign up",
    "wrong": "You are not signed up yet",
    "asked": "Look at your phone",
    "question": "Reply YES to get our texts",
    "yes": "Yes",
    "welcome": "You get our texts from now on",
    "proof": "Proof of consent",
    "whole": "No record was changed",
}
CHINESE = {
    "locale": "zh-CN",
    "number": "+447400155002",
    "typed": "07400 155002",
    "label": "手机号码",
    "button": "订阅",
    "wrong": "尚未订阅成功",
    "asked": "请查看手机",
    "question": "回复“同意”即可接收我们的短信",
    "yes": "同意",
    "welcome": "您已订阅我们的短信",
    "proof": "同意凭证",
    "whole": "均未被更改",
}


def look(page: Page, name: str) -> None:
    """Keep a picture where DRIP_SHOTS names a folder, light and dark."""
    if pictures.FOLDER:
        pictures.shoot(page, f"{name}")
        page.emulate_media(color_scheme="dark")
        pictures.shoot(page, f"{name}.dark")
        page.emulate_media(color_scheme="light")


def said(phone: Phone, words: str) -> Any:
    return wait_for(
        lambda: next((text for text in phone.texts() if words in text["text"]), None), words=words
    )


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["in English", "in Chinese"])
def test_from_the_form_to_the_proof(
    visit: Callable[..., BrowserContext], address: str, words: dict[str, str]
) -> None:
    narrow = visit(viewport={"width": 390, "height": 844}, locale=words["locale"], has_touch=True)
    page = narrow.new_page()
    phone = Phone(address=address, number=words["number"])
    name = words["locale"]

    page.goto("/tea-by-text/")
    box = page.locator(".drip-sign-up input[type=checkbox]")
    expect(box).not_to_be_checked()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    look(page, f"form.{name}")

    page.get_by_label(words["label"]).fill("12")
    box.check()
    page.locator(".drip-sign-up").get_by_role("button", name=words["button"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["wrong"])
    expect(page.get_by_label(words["label"])).to_be_focused()
    look(page, f"wrong.{name}")

    page.get_by_label(words["label"]).fill(words["typed"])
    page.get_by_role("button", name=words["button"]).click()
    expect(page.get_by_role("heading", name=words["asked"])).to_be_visible()
    look(page, f"asked.{name}")
    said(phone, words["question"])

    other = visit(viewport={"width": 390, "height": 844}).new_page()
    other.request.post(
        "/phone/reply/",
        form={"number": words["number"], "text": words["yes"]},
        headers={"Accept": "application/json"},
    )
    said(phone, words["welcome"])

    owner = visit(viewport={"width": 1400, "height": 950}, locale="en-GB").new_page()
    log_in(owner)
    owner.goto(f"/admin/text-messages/contacts/?q={words['number'][1:]}")
    owner.locator("main table tbody a").first.click()
    owner.get_by_role("link", name="Proof of consent").click()
    expect(owner.get_by_text("No record was changed")).to_be_visible()
    expect(owner.get_by_text(words["yes"], exact=True).first).to_be_visible()
    expect(owner.get_by_text(words["question"]).first).to_be_visible()
    look(owner, f"proof.{name}")
    expect(owner.get_by_role("link", name="Download the proof (JSON)")).to_be_visible()
    owner.set_viewport_size({"width": 390, "height": 844})
    assert owner.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    look(owner, f"proof.{name}.narrow")
    owner.set_viewport_size({"width": 1400, "height": 950})
    owner.go_back()
    owner.get_by_role("link", name="Change consent").click()
    expect(owner.get_by_role("button", name="Record")).to_be_visible()
    look(owner, f"change.{name}")
