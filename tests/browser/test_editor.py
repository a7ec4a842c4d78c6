"""The sequence editor in a real browser, with Wagtail's own scripts: what owners of a shop do in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from wagtail_drip.contacts.models import Contact
from wagtail_drip.sequences.models import Sequence, SequenceVersion

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
EDIT = "/admin/text-messages/sequences/edit/{}/"


def step(step_id: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "id": step_id, "value": value}


def text(step_id: str, words: str) -> dict[str, Any]:
    return step(step_id, "send_message", text=words, track_links=True)


def sequence(*steps: dict[str, Any], **fields: Any) -> Sequence:
    made = Sequence.objects.create(
        **{
            "name": "Baskets",
            "trigger_event": "cart_abandoned",
            "live": False,
            "steps": list(steps),
            **fields,
        }
    )
    made.save_revision()
    return made


def nested() -> Sequence:
    inner = step(
        "inner",
        "branch",
        test="attribute",
        event="",
        conditions=[],
        property="language",
        operator="is",
        value="zh",
        yes=[text("deep", "您好")],
        no=[],
    )
    outer = step(
        "outer",
        "branch",
        test="not_done",
        event="order_placed",
        conditions=[],
        property="",
        operator="is",
        value="",
        yes=[text("near", "Still there?"), inner],
        no=[text("thanks", "Thank you")],
    )
    return sequence(step("wait", "wait_duration", amount=1, unit="hours"), outer)


def edit(page: Page, made: Sequence) -> None:
    page.goto(EDIT.format(made.pk))
    page.wait_for_function("window.isWatching")


def row(page: Page, step_id: str) -> Locator:
    return page.locator(f"#block-{step_id}-section > .w-panel__header")


def open_step(page: Page, step_id: str) -> None:
    """Click on a collapsed step's words."""
    row(page, step_id).locator("[data-panel-heading]").click()
    expect(page.locator(f"#block-{step_id}-content")).to_be_visible()


def preview(page: Page) -> FrameLocator:
    """Open the panel beside the editor and return the phone in it."""
    toggle = page.get_by_role("button", name="Toggle preview")
    if toggle.get_attribute("aria-expanded") != "true":
        toggle.click()
    return page.frame_locator("#w-preview-iframe")


def test_steps_are_collapsed_numbered_and_summarised(page: Page) -> None:
    made = nested()

    edit(page, made)

    expect(row(page, "wait")).to_contain_text("Wait 1 hour")
    expect(row(page, "outer")).to_contain_text("not: An order is placed (yes: 2 steps, no: 1 step)")
    expect(page.locator("#block-outer-content")).to_be_hidden()
    number = "e => getComputedStyle(e.querySelector('.c-sf-block__type'), '::before').content"
    assert "drip-step" in row(page, "outer").evaluate(number)


def test_typing_changes_the_price_and_the_phone(page: Page) -> None:
    made = sequence(text("a", "Hello"))
    edit(page, made)
    phone = preview(page)
    open_step(page, "a")
    section = page.locator("#block-a-section")
    expect(section.locator("output")).to_have_text("1 SMS · 5 characters · 155 more fit")

    section.locator("textarea").fill("Hello 你好")

    # A text in another script cannot be had for less: nothing to warn of.
    expect(section.locator("output")).to_have_text("1 SMS · 8 characters · 62 more fit")
    expect(phone.locator(".bubble")).to_have_text("Hello 你好")
    expect(phone.locator(".cost")).to_have_text("8 characters · 1 SMS · special characters")

    section.locator("textarea").fill("Hello ☕")

    expect(section.locator("output")).to_have_text(
        "1 SMS · 7 characters · 63 more fit · ☕ makes it cost more than twice as much"
    )


def test_a_button_inserts_a_detail_and_the_phone_shows_its_value(page: Page) -> None:
    made = sequence(text("a", "Hi "))
    edit(page, made)
    phone = preview(page)
    open_step(page, "a")
    section = page.locator("#block-a-section")

    section.locator("textarea").press("End")
    section.get_by_role("button", name="First name").click()

    expect(section.locator("textarea")).to_have_value('Hi {{ contact.first_name | default: "there" }}')
    expect(section.locator("textarea")).to_be_focused()
    expect(phone.locator(".bubble")).to_have_text("Hi Mei")
    expect(section.locator("output")).to_contain_text("6 characters")


def test_the_buttons_follow_the_event_that_starts_it(page: Page) -> None:
    made = sequence(text("a", "Hi"))
    edit(page, made)
    open_step(page, "a")
    chips = page.locator("#block-a-section .drip-message-text__chips")
    expect(chips.get_by_role("button", name="Cart: link back to it")).to_be_visible()

    page.get_by_label("What happens").select_option("order_placed")

    expect(chips.get_by_role("button", name="Order: number")).to_be_visible()
    expect(chips.get_by_role("button", name="Cart: link back to it")).to_be_hidden()
    chips.get_by_role("button", name="More…").click()
    expect(chips.get_by_role("button", name="Cart: link back to it")).to_be_visible()


def test_the_phone_shows_it_as_the_customer_that_is_chosen(page: Page) -> None:
    Contact.objects.create(first_name="Benedict", created_at=NOW, changed_at=NOW)
    Contact.objects.create(created_at=NOW, changed_at=NOW)
    made = sequence(text("a", "Hi {{ contact.first_name }}"))
    edit(page, made)
    phone = preview(page)
    expect(phone.locator(".cost")).to_contain_text("no value for contact.first_name")

    page.get_by_label("Show as").select_option(label="Someone without an order (Benedict)")

    expect(phone.locator(".bubble")).to_have_text("Hi Benedict")
    expect(phone.get_by_text("Shown as Benedict")).to_be_visible()


def test_any_customer_can_be_looked_for(page: Page) -> None:
    Contact.objects.create(first_name="Benedict", created_at=NOW, changed_at=NOW)
    Contact.objects.create(first_name="Zoë", created_at=NOW, changed_at=NOW)
    made = sequence(text("a", "Hi {{ contact.first_name }}"))
    edit(page, made)
    phone = preview(page)
    expect(phone.locator(".bubble")).to_have_text("Hi Zoë")

    page.get_by_label("Show as").select_option(label="Choose a customer…")
    dialogue = page.locator(".modal")
    dialogue.get_by_label("Search term").press_sequentially("bened")
    dialogue.get_by_role("link", name="Benedict").click()

    expect(phone.locator(".bubble")).to_have_text("Hi Benedict")


def test_choosing_somebody_saves_nothing(page: Page) -> None:
    Contact.objects.create(first_name="Benedict", created_at=NOW, changed_at=NOW)
    made = sequence(text("a", "Hi {{ contact.first_name }}"))
    edit(page, made)
    phone = preview(page)

    page.get_by_label("Show as").select_option(label="A made-up customer")
    expect(phone.locator(".bubble")).to_have_text("Hi Mei")
    page.wait_for_timeout(1200)  # longer than autosave waits

    assert made.revisions.count() == 1


def test_a_click_on_a_bubble_opens_its_step_however_deep(page: Page) -> None:
    made = nested()
    edit(page, made)
    phone = preview(page)
    expect(page.locator("#block-deep-section")).to_be_hidden()

    phone.locator("[data-branch=inner] > .branch__tabs").get_by_role("button", name="Yes").click()
    phone.locator("[data-step=deep]").click()

    expect(page.locator("#block-deep-section textarea")).to_be_focused()
    expect(page.locator("#block-deep-section textarea")).to_be_in_viewport()


def test_a_bubble_opens_from_the_keyboard_too(page: Page) -> None:
    made = nested()
    edit(page, made)
    phone = preview(page)

    phone.locator("[data-step=near]").press("Enter")

    expect(page.locator("#block-near-section textarea")).to_be_focused()


def test_the_path_looked_at_is_kept_while_one_types(page: Page) -> None:
    made = nested()
    edit(page, made)
    phone = preview(page)
    tabs = phone.locator("[data-branch=outer] > .branch__tabs")
    expect(tabs.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "true")

    tabs.get_by_role("button", name="No").click()
    open_step(page, "outer")
    open_step(page, "thanks")
    page.locator("#block-thanks-section textarea").fill("Thank you very much")

    expect(phone.locator("[data-step=thanks]")).to_have_text("Thank you very much")
    expect(phone.locator("[data-step=thanks]")).to_be_visible()
    expect(tabs.get_by_role("button", name="No")).to_have_attribute("aria-pressed", "true")


def test_fields_show_only_when_they_matter(page: Page) -> None:
    made = nested()
    edit(page, made)
    open_step(page, "outer")

    def field(name: str) -> Locator:
        return page.locator(f"[name=steps-1-value-{name}]")

    expect(field("event")).to_be_visible()
    expect(field("property")).to_be_hidden()

    field("test").select_option("attribute")

    expect(field("event")).to_be_hidden()
    expect(field("property")).to_be_visible()
    expect(field("value")).to_be_visible()
    field("operator").select_option("is_set")
    expect(field("value")).to_be_hidden()


def test_publishing_puts_it_into_force_with_one_click(page: Page) -> None:
    made = sequence(text("a", "Hello"))
    edit(page, made)
    open_step(page, "a")
    page.locator("#block-a-section textarea").fill("Good day")

    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.get_by_text("Baskets", exact=False).first).to_be_visible()
    expect(page.locator(".messages")).to_contain_text("published")
    version = SequenceVersion.objects.get()
    assert [node["kind"] for node in version.flow["steps"]] == ["send_message"]


def test_publishing_what_cannot_run_leads_to_the_field_to_mend(page: Page) -> None:
    made = nested()
    edit(page, made)
    open_step(page, "outer")
    open_step(page, "thanks")
    page.locator("#block-thanks-section textarea").fill("")

    page.get_by_role("button", name="Publish", exact=True).click()

    message = page.get_by_text("Write the message, or choose a saved one.")
    expect(message).to_be_attached()
    assert not SequenceVersion.objects.exists()


def test_a_new_sequence_is_kept_from_its_name_on(page: Page) -> None:
    page.goto("/admin/text-messages/sequences/add/")
    page.wait_for_function("window.isWatching")

    page.locator("textarea[name=notes]").evaluate(
        "e => { e.value = 'x'; e.dispatchEvent(new Event('input', { bubbles: true })); "
        "e.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    page.wait_for_timeout(1500)
    assert not Sequence.objects.exists()
    page.get_by_placeholder("Name this sequence").fill("Welcome")

    expect(page).to_have_url(re.compile(r"/edit/\d+/"))
    assert Sequence.objects.get().name == "Welcome"


@pytest.mark.parametrize("width", [420, 320])
def test_it_fits_a_phone(page: Page, width: int) -> None:
    made = nested()
    page.set_viewport_size({"width": width, "height": 860})

    edit(page, made)
    open_step(page, "outer")

    expect(page.locator("#block-near-section")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_red_marker_says_what_a_text_lacks(page: Page) -> None:
    made = sequence(text("a", "Buy {{ cart.first_product }} " + "and more " * 60))
    edit(page, made)
    preview(page)

    page.get_by_role("button", name="Toggle checks").click()

    checks = page.locator("#form-side-checks, [data-side-panel=checks]").first
    expect(checks).to_contain_text("It does not say how to stop")
    expect(checks).to_contain_text("A long text")


def test_a_word_that_needs_care_is_named_under_the_text_with_what_to_do(page: Page) -> None:
    Contact.objects.create(first_name="Ada", region="US", created_at=NOW, changed_at=NOW)
    edit(page, sequence(text("a", "Wine for two. Reply STOP to opt out")))
    phone = preview(page)
    expect(phone.locator(".cost--advice")).to_have_count(0)

    page.get_by_label("Show as").select_option(label="Someone without an order (Ada)")

    expect(phone.locator(".cost--advice")).to_contain_text("“wine”: United States: carriers filter texts")
    page.get_by_role("button", name="Toggle checks").click()
    checks = page.locator("#form-side-checks, [data-side-panel=checks]").first
    expect(checks).to_contain_text("A word that needs care")
