"""One owner and one customer in the sandbox, from the checkout to the results."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.stage import Phone, log_in, preview, wait_for

pytestmark = pytest.mark.browser

NUMBER = "+447400123456"
EMAIL = "ada@example.com"
LAST_NAME = "Lovelace"
NEW_WORDS = (
    'Many thanks {{ contact.first_name | default: "" }}, order {{ order.number }} is in good hands. '
    "How to brew the {{ order.first_product }}: {{ shop.url }}/brewing/"
)


def go_to_the_address(page: Page) -> None:
    """Put the first coffee into the basket and go to the checkout's address page, as a guest."""
    page.goto("/catalogue/")
    page.get_by_role("link", name="Yirgacheffe").first.click()
    page.get_by_role("button", name="Add to cart").first.click()
    page.goto("/checkout/")
    page.get_by_label("My email address is").fill(EMAIL)
    page.locator("input[name=options][value=anonymous]").check()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("/checkout/shipping-address/"))


def consent_box(page: Page) -> Any:
    return page.get_by_label(re.compile("^Yes, text me offers and news from Leaf & Bean"))


def buy(page: Page, *, agrees: bool) -> str:
    """Check out as a guest and return the order's number, as the last page tells it."""
    go_to_the_address(page)
    form = page.locator("form#new_shipping_address")
    for name, value in {
        "first_name": "Ada",
        "last_name": LAST_NAME,
        "line1": "12 St James's Square",
        "line4": "London",
        "postcode": "SW1Y 4JH",
        "phone_number": NUMBER,
    }.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=country]").select_option("GB")
    if agrees:
        consent_box(page).check()
    form.get_by_role("button", name="Continue").click()
    page.locator("#view_preview").click()
    page.get_by_role("button", name="Place order").click()
    expect(page).to_have_url(re.compile("/checkout/thank-you/"))
    found = re.search(r"your order number is\s+(\d+)", page.locator("body").inner_text())
    assert found
    return found[1]


def test_the_box_at_the_checkout_is_visible_and_nobody_has_ticked_it(
    visit: Callable[..., BrowserContext],
) -> None:
    page = visit().new_page()

    go_to_the_address(page)

    expect(consent_box(page)).to_be_visible()
    expect(consent_box(page)).not_to_be_checked()
    heights = [
        found.bounding_box()["y"]
        for found in (
            page.locator("[name=phone_number]"),
            consent_box(page),
            page.get_by_role("button", name="Continue"),
        )
    ]
    assert heights == sorted(heights)


def show_as(page: Page, name: str) -> None:
    page.get_by_label("Show as").select_option(label="Choose a customer…")
    dialogue = page.get_by_role("dialog")
    dialogue.get_by_label("Search term").fill(name)
    dialogue.get_by_role("link", name=name).click()


def open_step_of(bubble: Locator, page: Page) -> Locator:
    """Click a bubble and return the text that is written in its step."""
    section = page.locator(f"#block-{bubble.get_attribute('data-step')}-section")

    def has_opened() -> bool:
        # The preview is loaded anew when the person changes, and a click on what is going away says nothing.
        bubble.click()
        page.wait_for_timeout(300)
        return section.locator("textarea").is_visible()

    wait_for(has_opened, words="the step of the bubble")
    return section.locator("textarea")


def figures(page: Page) -> list[int]:
    """Return what the results page says of the first step: sent, delivered, clicked."""
    page.reload()
    row = page.get_by_role("region", name="Step by step").locator("tbody tr").first
    return [int(row.locator("td").nth(column).inner_text()) for column in (3, 4, 5)]


def test_from_the_checkout_to_the_results(visit: Callable[..., BrowserContext], address: str) -> None:
    customer = visit().new_page()
    owner = visit(viewport={"width": 1500, "height": 950}).new_page()
    # Wagtail takes what stands in the form two seconds after loading for what was there; then it watches.
    owner.add_init_script(
        "document.addEventListener('w-unsaved:watch-edits', () => { window.isWatching = true; })"
    )
    phone = Phone(address=address, number=NUMBER)

    log_in(owner)
    owner.goto("/admin/text-messages/sequences/")
    owner.get_by_role("link", name="Thank you for your order").first.click()
    expect(owner).to_have_url(re.compile(r"/sequences/edit/\d+/"))
    edit_url = owner.url
    results_url = edit_url.replace("/edit/", "/results/")
    owner.goto(results_url)
    sent, delivered, clicked = figures(owner)

    first_order = buy(customer, agrees=True)
    thanks = f"Thank you Ada! Your order {first_order} (GBP 11.50) is in good hands. We post on Tuesdays."
    assert phone.delivered(1) == [thanks]

    owner.goto(edit_url)
    owner.wait_for_function("window.isWatching")
    bubble = preview(owner).locator(".bubble").first
    show_as(owner, f"Ada {LAST_NAME}")
    expect(bubble).to_have_text(thanks)
    textarea = open_step_of(bubble, owner)
    expect(textarea).to_have_value(re.compile("^Thank you"))
    textarea.fill(NEW_WORDS)
    expect(bubble).to_contain_text(
        f"Many thanks Ada, order {first_order} is in good hands. How to brew the Yirgacheffe: "
    )
    owner.get_by_role("button", name="Publish", exact=True).click()
    # Ada is inside and waits, so it asks what becomes of her: she keeps her step and her wait.
    expect(owner.get_by_role("region", name="Who stands where")).to_be_visible()
    owner.get_by_role("main").get_by_role("button", name="Publish", exact=True).click()
    expect(owner.locator(".messages")).to_contain_text("published")

    second_order = buy(customer, agrees=False)
    words = phone.delivered(2)[1]
    said, _, link = words.rpartition(" ")
    assert said == f"Many thanks Ada, order {second_order} is in good hands. How to brew the Yirgacheffe:"
    assert re.fullmatch(re.escape(address) + r"/drip/l/\w+/", link)

    customer.goto(f"/phone/?number=%2B{NUMBER[1:]}")
    with customer.context.expect_page() as opened:
        customer.get_by_role("link", name=link, exact=True).click()
    expect(opened.value).to_have_url(f"{address}/brewing/")
    expect(opened.value.get_by_role("heading", name="Brewing guide")).to_be_visible()

    owner.goto(results_url)
    wait_for(
        lambda: figures(owner) == [sent + 2, delivered + 2, clicked + 1],
        words="two more texts sent and delivered, one more clicked",
    )

    owner.goto("/time-machine/")
    owner.get_by_role("button", name="1 week").click()
    expect(owner.get_by_role("status")).to_contain_text("The clock was moved")
    how_was_it = phone.delivered(4)[2:]
    assert {re.sub(r"\S+/drip/l/\w+/", "<link>", text) for text in how_was_it} == {
        "How do you like the Yirgacheffe? How to brew it at its best: <link> Reply STOP to opt out."
    }

    customer.get_by_role("button", name="STOP").click()
    confirmation = "Leaf & Bean: You are unsubscribed and will get no more messages. Reply START to return."
    expect(customer.get_by_role("list", name="Texts")).to_contain_text(confirmation, timeout=30_000)
    assert phone.delivered(6)[4:] == ["STOP", confirmation]
