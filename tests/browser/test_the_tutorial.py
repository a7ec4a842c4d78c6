"""docs/tutorial/your_first_sequence.md, carried out as it is written."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.architecture.house import ROOT
from tests.browser.stage import Phone, log_in, preview

pytestmark = pytest.mark.browser

TUTORIAL = (ROOT / "docs/tutorial/your_first_sequence.md").read_text(encoding="utf-8")
NAME = "After an order"
AMARA = ("amara@example.com", "+447400100101")
OWEN = ("owen@example.com", "+447400100106")


def words_to_write() -> str:
    found = re.search(r"^ +(Hi \{\{.*)$", TUTORIAL, re.MULTILINE)
    assert found
    return found[1]


def add_step(page: Page, kind: str) -> None:
    """Add a step after those that are there."""
    page.locator("#panel-child-steps-steps-section, [data-contentpath=steps]").get_by_role(
        "button", name="Insert a block"
    ).last.click()
    page.get_by_role("option", name=re.compile(f"^{kind}")).first.click()


def order(page: Page, who: str) -> None:
    """Log in as one of the sandbox's customers and order a tea."""
    page.goto("/accounts/login/")
    page.locator("[name=login-username]").fill(who)
    page.locator("[name=login-password]").fill("customer")
    page.locator("[name=login_submit]").click()
    order_tea(page)


def order_tea(page: Page) -> None:
    page.goto("/catalogue/")
    page.get_by_role("link", name="Dragon Well").first.click()
    page.get_by_role("button", name="Add to cart").first.click()
    page.goto("/checkout/")
    page.get_by_role("button", name="Ship to your default shipping address").click()
    page.locator("#view_preview").click()
    page.get_by_role("button", name="Place order").click()
    expect(page).to_have_url(re.compile("/checkout/thank-you/"))


def move_on_a_day(page: Page) -> None:
    page.goto("/time-machine/")
    page.get_by_role("button", name="1 day", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("The clock was moved", timeout=60_000)


def words_of(phone: Phone) -> list[str]:
    """Return what the tutorial's sequence sent, and what was answered; the seeded sequences text as well."""
    return [
        text["text"]
        for text in phone.texts()
        if "how do you like your tea" in text["text"] or "unsubscribed" in text["text"]
    ]


def test_the_tutorial(visit: Callable[..., BrowserContext], address: str) -> None:
    owner = visit(viewport={"width": 1500, "height": 950}).new_page()
    owner.add_init_script(
        "document.addEventListener('w-unsaved:watch-edits', () => { window.isWatching = true; })"
    )
    amara = Phone(address=address, number=AMARA[1])
    sent = "Hi Amara, how do you like your tea? Brew it at 80 degrees for two minutes. Reply STOP to end."

    # 2. Write
    log_in(owner)
    owner.goto("/admin/text-messages/sequences/add/")
    owner.wait_for_function("window.isWatching")
    owner.get_by_placeholder("Name this sequence").fill(NAME)
    owner.get_by_label("What happens", exact=True).select_option(label="An order is placed")
    owner.get_by_role("combobox", name="Goal", exact=True).select_option(label="An order is placed")
    add_step(owner, "Wait")
    owner.locator("[name$=-value-amount]").last.fill("2")
    owner.locator("[name$=-value-unit]").last.select_option(label="days")
    add_step(owner, "Send a text")
    owner.locator("textarea[name$=-value-text]").last.fill(words_to_write())
    owner.get_by_role("tab", name="Settings").click()
    owner.locator("select[name=purpose]").select_option(label="Information")
    owner.get_by_role("tab", name="Steps").click()
    bubble = preview(owner).locator(".bubble")
    expect(bubble).to_contain_text("how do you like your tea? Brew it at 80 degrees", timeout=20_000)

    # 3. Publish
    owner.get_by_role("button", name="Publish", exact=True).click()
    expect(owner.locator(".messages")).to_contain_text("published")

    # 4. Be a customer
    customer = visit().new_page()
    order(customer, AMARA[0])
    amara_page = ""
    owner.goto("/admin/text-messages/contacts/")
    owner.get_by_role("link", name="Amara Okafor").first.click()
    amara_page = owner.url
    for _ in range(20):
        if owner.get_by_text(NAME).count():
            break
        owner.wait_for_timeout(1000)
        owner.reload()
    expect(owner.get_by_text(NAME).first).to_be_visible()

    # 5. Move the clock
    move_on_a_day(owner)
    assert words_of(amara) == []
    move_on_a_day(owner)
    assert words_of(amara) == [sent]

    # 6. Say stop
    customer.goto(f"/phone/?number=%2B{AMARA[1][1:]}")
    customer.get_by_role("button", name="STOP").click()
    expect(customer.get_by_role("list", name="Texts")).to_contain_text(
        "You are unsubscribed and will get no more messages", timeout=30_000
    )
    order_tea(customer)
    owen = visit().new_page()
    order(owen, OWEN[0])
    move_on_a_day(owner)
    move_on_a_day(owner)

    assert [text for text in words_of(amara) if text == sent] == [sent]
    assert words_of(Phone(address=address, number=OWEN[1])) == []
    owner.goto(amara_page)
    expect(owner.locator("main")).to_contain_text("this number said stop")
    owner.goto("/admin/text-messages/contacts/?q=owen")
    owner.get_by_role("link", name="Owen Price").first.click()
    expect(owner.locator("main")).to_contain_text("has not agreed to this kind of message")
