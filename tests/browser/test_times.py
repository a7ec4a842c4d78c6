"""Sending times and the calendar, by mouse and by keyboard alone, on a screen and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.stage import log_in

pytestmark = pytest.mark.browser

TIMES = "/admin/text-messages/sending-times/"
CALENDAR = "/admin/text-messages/calendar/"


@pytest.fixture
def page(visit: Callable[..., BrowserContext]) -> Page:
    page = visit().new_page()
    log_in(page)
    return page


def day(page: Page, name: str) -> Locator:
    return page.locator("fieldset").filter(has=page.get_by_text(name, exact=True))


def times(of: Locator) -> list[str]:
    return [field.input_value() for field in of.locator("input[type=time]").all()]


def bars(of: Locator) -> list[str]:
    return [
        str(bar.get_attribute("style")) for bar in of.locator("[data-drip-week-target=bars] > span").all()
    ]


def test_a_preset_fills_the_week_in_without_saving_it(page: Page) -> None:
    page.goto(TIMES)
    before = times(day(page, "Monday"))

    page.get_by_role("button", name="Three good windows").click()

    expect(page.get_by_text("Not saved yet")).to_be_visible()
    assert times(day(page, "Monday")) == ["09:00", "11:00", "13:00", "15:00", "19:00", "21:00"]
    assert len(bars(day(page, "Sunday"))) == 3
    page.goto(TIMES)
    assert times(day(page, "Monday")) == before


def test_a_window_is_added_changed_and_removed_by_keyboard_alone(page: Page) -> None:
    page.goto(TIMES)
    page.get_by_role("button", name="Business hours").click()
    sunday = day(page, "Sunday")
    expect(sunday.get_by_text("no marketing texts")).to_be_visible()

    sunday.get_by_role("button", name="Add a window on Sunday").focus()
    page.keyboard.press("Enter")
    # The cursor is in the new window's begin.
    expect(sunday.get_by_label("Sunday, from")).to_be_focused()
    page.keyboard.type("1000AM")
    page.keyboard.press("Tab")
    sunday.get_by_label("Sunday, until").fill("14:30")

    expect(sunday.get_by_text("no marketing texts")).to_be_hidden()
    assert bars(sunday) == ["inset-inline-start: 41.6667%; width: 18.75%;"]
    sunday.get_by_role("button", name="Remove this window of Sunday").focus()
    page.keyboard.press("Enter")
    assert (times(sunday), bars(sunday)) == ([], [])
    expect(sunday.get_by_role("button", name="Add a window on Sunday")).to_be_focused()


def test_a_window_is_drawn_with_the_mouse(page: Page) -> None:
    page.goto(TIMES)
    page.get_by_role("button", name="Business hours").click()
    saturday = day(page, "Saturday")
    track = saturday.locator("[data-drip-week-target=track]")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] * 10 / 24, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 16.1 / 24, box["y"] + 12, steps=5)
    page.mouse.up()

    assert times(saturday) == ["10:00", "16:00"]


def test_the_figures_follow_what_is_typed_and_what_is_saved_stays(page: Page) -> None:
    page.goto(TIMES)
    page.get_by_role("button", name="All day").click()
    page.goto(TIMES)
    before = times(day(page, "Sunday"))
    with page.expect_response(lambda answer: answer.request.method == "POST") as measured:
        day(page, "Sunday").get_by_label("Sunday, until").first.fill("23:30")
    assert measured.value.ok

    page.get_by_role("button", name="Save", exact=True).last.click()

    try:
        expect(page.get_by_text("The sending times were saved.")).to_be_visible()
        assert times(day(page, "Sunday"))[1] == "23:30"
    finally:
        day(page, "Sunday").get_by_label("Sunday, until").first.fill(before[1])
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page.get_by_text("The sending times were saved.")).to_be_visible()
    assert times(day(page, "Sunday")) == before


def test_the_legal_hours_of_another_place_are_drawn_and_looser_ones_ask_what_was_read(page: Page) -> None:
    page.goto(TIMES)
    page.get_by_label("Draw the legal hours of").select_option(label="United States: Texas")
    page.get_by_role("button", name="Draw").click()
    expect(page.get_by_text("legal hours of United States: Texas forbid it")).to_be_visible()

    page.get_by_role("link", name="Legal hours of all countries").click()
    page.get_by_role("link", name="United States: Texas").click()
    page.get_by_label("Monday").fill("07:00-22:00")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Name what you have read yourself: another source")).to_be_visible()
    page.locator("#id_source").fill("Texas SB 999")
    page.locator("#id_read_on").fill("2026-11-22")
    page.locator("#id_reason").fill("In force since May.")
    page.locator("#id_source").press("Enter")  # a calendar may still lie over the button
    expect(page.locator(".messages .warning")).to_contain_text("by your own reading of Texas SB 999")
    expect(
        page.get_by_role("row", name=re.compile("Texas")).get_by_text("changed", exact=True)
    ).to_be_visible()
    page.get_by_role("link", name="United States: Texas").click()
    page.get_by_role("button", name="Restore what we ship").click()
    expect(page.get_by_text("has the shipped hours again")).to_be_visible()


def test_days_without_texts_are_put_into_the_calendar_and_taken_out(page: Page) -> None:
    page.goto(CALENDAR)
    page.get_by_role("link", name="Add days without texts").click()
    page.locator("#id_begins_on").fill("2031-05-06")
    page.locator("#id_ends_on").fill("2031-05-08")
    page.locator("#id_name").fill("Moving house")
    page.keyboard.press("Enter")  # date pickers may still lie over the buttons

    expect(page).to_have_url(re.compile(r"month=2031-05$"))
    entries = page.locator(".drip-month").get_by_role("link", name="Moving house")
    expect(entries).to_have_count(3)
    entries.first.click()
    page.locator("main").get_by_role("link", name="Delete").click()
    page.locator("main").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Moving house” was deleted.")).to_be_visible()
    expect(page.locator(".drip-month").get_by_text("Moving house")).to_have_count(0)


@pytest.mark.parametrize("screen", [TIMES, TIMES + "legal/", TIMES + "legal/US-TX/", CALENDAR])
def test_nothing_is_wider_than_a_phone(visit: Callable[..., BrowserContext], screen: str) -> None:
    page = visit(viewport={"width": 360, "height": 740}).new_page()
    log_in(page)

    page.goto(screen)

    width, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= seen
