"""Waits, decisions and jumps built in a real browser: what an owner clicks together runs as it reads."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pictures import shoot
from tests.browser.test_editor import (
    edit,
    open_step,
    preview,
    row,
    sequence,
    step,
    text,
)
from wagtail_drip.sequences.models import SequenceVersion

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def add(page: Page, kind: str, *, within: str = "steps") -> str:
    """Add a step at the end of the sequence, or of a path; return how the names of its fields begin."""
    count = page.locator(f"input[name='{within}-count']")
    stream = count.locator("xpath=..")
    number = int(count.input_value())
    # A path is collapsed until one looks into it.
    stream.evaluate("e => e.dispatchEvent(new Event('beforematch', { bubbles: true }))")
    button = stream.get_by_role("button", name="Insert a block").last
    button.click()
    if kind:  # a list of paths offers nothing else, and asks nothing
        option = page.locator("[role=option]", has_text=kind).first
        # Wagtail closes its list again when the page moves under it, as a path that unfolds makes it do.
        for _ in range(5):
            page.wait_for_timeout(300)
            if option.is_visible():
                break
            button.click()
        option.click()
    expect(count).to_have_value(str(number + 1))
    return f"{within}-{number}-value"


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[name='{name}']")


def write(page: Page, within: str, words: str) -> None:
    """Add a text at the end of a path."""
    field(page, f"{add(page, 'Send a text', within=within)}-text").fill(words)


def flow() -> dict[str, Any]:
    return SequenceVersion.objects.get().flow


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("published")


def test_a_wait_for_a_reply_is_built_and_published(page: Page) -> None:
    made = sequence(text("ask", "Shall we keep it for you? Reply YES"))
    edit(page, made)

    wait = add(page, "Wait for a reply")
    expect(field(page, f"{wait}-words")).to_be_hidden()
    field(page, f"{wait}-how").select_option("contains")
    field(page, f"{wait}-words").fill("yes, ok")
    field(page, f"{wait}-amount").fill("2")
    write(page, f"{wait}-happened", "Kept for you.")
    write(page, f"{wait}-timed_out", "It is back on the shelf.")
    shoot(page, "reply-editor")
    publish(page)

    node = next(node for node in flow()["steps"] if node["kind"] == "wait_for_reply")
    assert node["settings"] == {
        "how": "contains",
        "words": ["yes", "ok"],
        "amount": 2,
        "unit": "days",
        "since": "here",
    }
    assert [path["key"] for path in node["paths"]] == ["happened", "timed_out"]
    assert len({path["start"] for path in node["paths"]}) == 2


def test_a_branch_with_three_named_ways_is_built_and_published(page: Page) -> None:
    made = sequence(text("hello", "Hello"))
    edit(page, made)

    fork = add(page, "If / else")
    field(page, f"{fork}-test").select_option("purchases")
    expect(field(page, f"{fork}-event")).to_be_hidden()
    field(page, f"{fork}-number").fill("3")
    write(page, f"{fork}-yes", "A regular")
    second = add(page, "", within=f"{fork}-more")
    field(page, f"{second}-name").fill("Clicked")
    field(page, f"{second}-test").select_option("clicked")
    field(page, f"{second}-scope").select_option("step")
    step_choice = page.locator(f"[name='{second}-step'] + select")
    step_choice.focus()
    step_choice.select_option(label="1. Send a text · “Hello”")
    write(page, f"{second}-steps", "You looked")
    write(page, f"{fork}-no", "Anything else?")
    shoot(page, "branch-editor")
    publish(page)

    node = next(node for node in flow()["steps"] if node["kind"] == "branch")
    assert [path["label"] for path in node["paths"]] == ["Path 1", "Clicked", "Otherwise"]
    assert node["settings"]["ways"][1]["tests"] == [
        {"kind": "clicked", "scope": "step", "step": "hello", "address": ""}
    ]


def test_a_split_and_a_way_back_are_built_and_published(page: Page) -> None:
    made = sequence(text("hello", "Hello"), step("pause", "wait_duration", amount=1, unit="days"))
    edit(page, made)

    split = add(page, "Split at random")
    for name, share in (("Short", "70"), ("Long", "30")):
        path = add(page, "", within=f"{split}-paths")
        field(page, f"{path}-name").fill(name)
        field(page, f"{path}-weight").fill(share)
        write(page, f"{path}-steps", f"{name} words")
    jump = add(page, "Go to another step")
    back = page.locator(f"[name='{jump}-target'] + select")
    back.focus()
    back.select_option(label="1. Send a text · “Hello”")
    field(page, f"{jump}-times").fill("2")
    shoot(page, "split-editor")
    publish(page)

    steps = {node["kind"]: node for node in flow()["steps"]}
    assert [way["weight"] for way in steps["random_split"]["settings"]["ways"]] == [70, 30]
    assert steps["jump_to"]["paths"] == [{"key": "jump", "label": "jump", "start": "hello"}]


def test_a_jump_that_goes_round_for_ever_is_refused_beside_its_field(page: Page) -> None:
    made = sequence(text("hello", "Hello"), step("back", "jump_to", target="hello", times=3))
    edit(page, made)

    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.get_by_text("This goes round without ever waiting.").first).to_be_attached()
    assert not SequenceVersion.objects.exists()


def test_the_phone_shows_every_way(page: Page) -> None:
    made = sequence(
        step(
            "split",
            "random_split",
            paths=[
                {
                    "type": "path",
                    "id": "a",
                    "value": {"name": "Short", "weight": 1, "steps": [text("s", "Hi")]},
                },
                {
                    "type": "path",
                    "id": "b",
                    "value": {"name": "Long", "weight": 1, "steps": [text("l", "Good day")]},
                },
            ],
        ),
        step("wait", "wait_for_reply", how="anything", amount=2, unit="days", happened=[text("y", "Thanks")]),
        step("back", "jump_to", target="split", times=2),
    )
    edit(page, made)
    phone = preview(page)
    expect(phone.locator("[data-branch=split]")).to_contain_text("By chance: Short 50%, Long 50%")

    phone.locator("[data-branch=split] > .branch__tabs").get_by_role("button", name="Long").click()
    phone.locator("[data-branch=wait] > .branch__tabs").get_by_role("button", name="Replied").click()

    expect(phone.locator("[data-step=l]")).to_have_text("Good day")
    expect(phone.locator("[data-step=y]")).to_have_text("Thanks")
    shoot(page, "phone")


def test_a_wait_for_a_birthday_and_for_an_appointment_are_built_and_published(page: Page) -> None:
    made = sequence(text("hello", "Hello"), trigger_event="appointment_booked")
    edit(page, made)

    wait = add(page, "Wait until a date")
    expect(field(page, f"{wait}-attribute")).to_be_hidden()
    field(page, f"{wait}-amount").fill("2")
    field(page, f"{wait}-unit").select_option("hours")
    write(page, f"{wait}-reached", "See you in two hours")
    birthday = add(page, "Wait until a date")
    field(page, f"{birthday}-source").select_option("attribute")
    field(page, f"{birthday}-attribute").fill("birthday")
    field(page, f"{birthday}-direction").select_option("on")
    expect(field(page, f"{birthday}-amount")).to_be_hidden()
    field(page, f"{birthday}-time").fill("10:00")
    write(page, f"{birthday}-reached", "Many happy returns")
    shoot(page, "date-editor")
    publish(page)

    first, second = (node["settings"] for node in flow()["steps"] if node["kind"] == "wait_until_date")
    assert (first["property"], first["follow"]["cancelled"]) == ("starts_at", ["appointment_cancelled"])
    assert (second["property"], second["anniversary"], second["time"]) == ("birthday", True, "10:00")


def test_every_step_fits_the_page_and_a_phone(page: Page) -> None:
    made = sequence(
        step(
            "fork",
            "branch",
            test="purchases",
            number="3",
            yes=[text("a", "Hi")],
            more=[
                {
                    "type": "path",
                    "id": "p",
                    "value": {"name": "Clicked", "test": "clicked", "scope": "step", "steps": []},
                }
            ],
            no=[],
        ),
        step("back", "jump_to", target="fork", times=2),
        step("date", "wait_until_date", source="attribute", attribute="birthday", reached=[], otherwise=[]),
    )
    for width in (1500, 420):
        page.set_viewport_size({"width": width, "height": 900})
        edit(page, made)
        for each in ("fork", "back", "date"):
            open_step(page, each)
        open_step(page, "p")
        shoot(page, f"steps-{width}")
        for each in ("fork", "back", "date"):
            page.locator(f"#block-{each}-section").scroll_into_view_if_needed()
            shoot(page, f"steps-{width}-{each}")

        assert page.evaluate("document.documentElement.scrollWidth") <= width

    expect(row(page, "back")).to_contain_text("1. If / else")
