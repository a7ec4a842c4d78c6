"""Steps that reach beyond the text, in a real browser: written by an editor, followed in the lists of the admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect
from wagtail.users.models import UserProfile

from tests.browser.pictures import shoot
from tests.integration.enrolments.far_side import far_side
from wagtail_drip import api
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EDIT = "/admin/text-messages/sequences/edit/{}/"


@pytest.fixture
def crm(settings: Any) -> Iterator[Any]:
    with far_side() as side:
        place = {"URL": side.url, "SECRET": "s", "ALLOW_PRIVATE": True}
        settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "WEBHOOKS": {"loyalty": place}}
        yield side


def speak_chinese(*, dark: bool = False) -> None:
    profile = UserProfile.get_for_user(User.objects.get(username="ada"))
    profile.preferred_language = "zh-hans"
    profile.theme = "dark" if dark else "light"
    profile.save()


def step(step_id: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "id": step_id, "value": value}


def draft(*steps: dict[str, Any]) -> Sequence:
    made = Sequence.objects.create(name="Points", trigger_event="order_placed", live=False, steps=list(steps))
    made.save_revision()
    return made


def everything(other: Sequence) -> list[dict[str, Any]]:
    return [
        step("tag", "add_tag", tag="vip"),
        step("untag", "remove_tag", tag="new"),
        step("list", "set_subscription", change="reopen", group="marketing", topic="news"),
        step("start", "enrol_in", sequence=other.pk),
        step("stop", "remove_from", sequence=other.pk),
        step(
            "ask",
            "call_webhook",
            target="loyalty",
            name="points",
            fields=[{"name": "shop", "value": "London"}],
            wait_minutes=30,
        ),
        step(
            "tell",
            "notify_staff",
            subject="Call {{ contact.first_name }}",
            text="They are gold.",
            people=[],
            addresses="owner@shop.example",
        ),
    ]


def edit(page: Page, made: Sequence) -> None:
    page.goto(EDIT.format(made.pk))
    page.wait_for_function("window.isWatching")


def row(page: Page, step_id: str) -> Locator:
    return page.locator(f"#block-{step_id}-section > .w-panel__header")


def open_step(page: Page, step_id: str) -> Locator:
    row(page, step_id).locator("[data-panel-heading]").click()
    expect(page.locator(f"#block-{step_id}-content")).to_be_visible()
    return page.locator(f"#block-{step_id}-section")


def test_each_step_says_what_it_does_while_it_is_folded(page: Page, crm: Any) -> None:
    other = live_sequence(name="Welcome", steps=[("send_message", {"text": "Hello"})])
    made = draft(*everything(other))

    edit(page, made)

    expect(row(page, "tag")).to_contain_text("Add a tag vip")
    expect(row(page, "list")).to_contain_text(
        "Put them back, if they agreed themselves · marketing texts · news"
    )
    expect(row(page, "start")).to_contain_text("Welcome")
    expect(row(page, "stop")).to_contain_text("Welcome")
    expect(row(page, "ask")).to_contain_text("loyalty → points")
    expect(row(page, "tell")).to_contain_text("Call {{ contact.first_name }}")
    shoot(page, "editor")
    for step_id in ("ask", "tell", "list", "start"):
        open_step(page, step_id)
    expect(page.locator("#block-tell-section").get_by_label("ada (ada@shop.example)")).to_be_visible()
    shoot(page, "editor-open")
    toggle = page.get_by_role("button", name="Toggle preview")
    if toggle.get_attribute("aria-expanded") != "true":
        toggle.click()
    phone = page.frame_locator("#w-preview-iframe")
    expect(phone.get_by_text("Asks “loyalty” and waits for its answer")).to_be_visible()
    expect(phone.get_by_text("Tells the staff: Call")).to_be_visible()
    shoot(page, "editor-preview")


def test_an_editor_writes_a_question_to_another_system_and_publishes_it(page: Page, crm: Any) -> None:
    made = draft(step("ask", "call_webhook", target="", name="", fields=[], wait_minutes=60))
    edit(page, made)
    section = open_step(page, "ask")

    section.get_by_label("Ask which system").select_option("loyalty")
    section.get_by_label("Call the answer").fill("points")
    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.get_by_text("published").first).to_be_visible()
    flow = SequenceVersion.objects.get(sequence=made).flow
    assert flow["steps"][0]["settings"] == {
        "target": "loyalty",
        "name": "points",
        "fields": {},
        "wait_minutes": 60,
    }


def test_an_unfinished_step_leads_to_the_field_to_mend(page: Page, crm: Any) -> None:
    made = draft(step("tell", "notify_staff", subject="", text="Hi", people=[], addresses="nobody"))
    edit(page, made)

    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.get_by_text("“nobody” is not an e-mail address. Correct it.").first).to_be_visible()
    expect(page.get_by_text("Write what the staff should know.").first).to_be_visible()
    shoot(page, "editor-faults")


def done_and_failed(crm: Any) -> None:
    crm.answers((200, {}, b'{"total": 120, "tier": "gold"}'), (404, {}, b""))
    sequence = live_sequence(
        name="Points",
        steps=[
            ("call_webhook", {"target": "loyalty", "name": "points"}),
            ("add_tag", {"tag": "vip"}),
            (
                "notify_staff",
                {
                    "subject": "{{ contact.first_name }} asks",
                    "text": "Call them.",
                    "addresses": "owner@shop.example",
                },
            ),
        ],
    )
    for name in ("Mei", "Lin"):
        person = reachable_contact(first_name=name)
        api.enrol({"phone": person.phone}, sequence)
        time_travel.run()


@pytest.mark.parametrize("tongue", ["English", "Chinese"])
def test_what_was_asked_and_told_is_listed_with_its_answer(page: Page, crm: Any, tongue: str) -> None:
    done_and_failed(crm)
    if tongue == "Chinese":
        speak_chinese(dark=True)

    page.goto("/admin/text-messages/notices/")
    expect(page.get_by_role("link", name="Mei asks")).to_be_visible()
    expect(page.get_by_text("2 notices" if tongue == "English" else "2 条通知")).to_be_visible()
    shoot(page, f"notices-{tongue}")
    page.get_by_role("link", name="Mei asks").click()
    title = "Notice" if tongue == "English" else "通知"
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    expect(page.locator("body")).not_to_contain_text("calls to the outside")
    expect(page.get_by_text("Call them.")).to_be_visible()
    expect(page.get_by_text("owner@shop.example")).to_be_visible()
    shoot(page, f"notice-{tongue}")
    page.goto("/admin/text-messages/calls/")
    expect(page.get_by_role("link", name="loyalty → points")).to_have_count(2)
    shoot(page, f"calls-{tongue}")
    failed = OutsideCall.objects.get(kind="webhook", state="failed")
    page.goto(f"/admin/text-messages/calls/{failed.pk}/")
    expect(page.get_by_text("HTTP 404: it refuses the call.")).to_be_visible()
    shoot(page, f"failed-call-{tongue}")
    answered = OutsideCall.objects.get(kind="webhook", state="answered")
    page.goto(f"/admin/text-messages/calls/{answered.pk}/")
    expect(page.get_by_text('"tier": "gold"')).to_be_visible()
    shoot(page, f"call-{tongue}")
    page.goto(f"/admin/text-messages/contacts/{answered.enrolment.contact_id}/")
    expect(page.get_by_text("vip", exact=True)).to_be_visible()
    shoot(page, f"contact-{tongue}")


@pytest.mark.parametrize("tongue", ["English", "Chinese"])
def test_what_was_given_up_is_tried_again(page: Page, crm: Any, tongue: str) -> None:
    done_and_failed(crm)
    if tongue == "Chinese":
        speak_chinese(dark=True)
    failed = OutsideCall.objects.get(kind="webhook", state="failed")
    crm.answers((200, {}, b'{"total": 7}'))
    page.goto(f"/admin/text-messages/calls/{failed.pk}/")
    button = page.get_by_role("button", name="Try again" if tongue == "English" else "再试一次")
    expect(button).to_be_visible()
    shoot(page, f"again-{tongue}")

    button.click()

    done = "It is being tried again." if tongue == "English" else "正在重试。"
    expect(page.get_by_text(done)).to_be_visible()
    expect(button).to_have_count(0)
    shoot(page, f"asked-again-{tongue}")
    time_travel.run()
    page.reload()
    expect(page.get_by_text('"total": 7')).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_lists_fit_a_phone(page: Page, crm: Any) -> None:
    done_and_failed(crm)
    page.set_viewport_size({"width": 390, "height": 800})
    for name in ("notices", "calls"):
        page.goto(f"/admin/text-messages/{name}/")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        shoot(page, f"{name}-phone")
    page.goto(f"/admin/text-messages/calls/{OutsideCall.objects.filter(kind='webhook')[0].pk}/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "call-phone")
