"""Somebody changes a sequence with people inside, chooses, publishes, and undoes it."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db.models import Count
from playwright.sync_api import Page, expect
from wagtail.users.models import UserProfile

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EDIT = "/admin/text-messages/sequences/edit/{}/"
# Where pictures of the screens go, for whoever wants to look at them.
PICTURES = os.environ.get("DRIP_PICTURES", "")


def picture(page: Page, name: str) -> None:
    """Take the page in light, dark and narrow, if somebody asked for pictures."""
    if not PICTURES:
        return
    folder = Path(PICTURES)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.documentElement.classList.replace('w-theme-light', 'w-theme-dark')")
    page.screenshot(path=folder / f"{name}.dark.png", full_page=True)
    page.evaluate("document.documentElement.classList.replace('w-theme-dark', 'w-theme-light')")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=folder / f"{name}.phone.png", full_page=True)
    page.set_viewport_size({"width": 1500, "height": 950})


def until_done() -> None:
    while park_due():
        pass


@pytest.fixture
def tips(site_id: int) -> Sequence:
    """Three people wait, two have not begun."""
    made = live_sequence(
        name="Tips",
        steps=[
            ("send_message", {"text": "Hello {{ contact.first_name }}, here is tip one"}),
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "And tip two"}),
        ],
    )
    stand_at_the_start(made, crowd(3))
    run_due(now=clock.now() + timedelta(seconds=1))
    stand_at_the_start(made, crowd(2))
    return made


def test_a_change_is_planned_published_and_undone(page: Page, tips: Sequence) -> None:
    page.goto(EDIT.format(tips.pk))
    page.locator("[name=name]").fill("Better tips")
    page.get_by_role("button", name="Publish", exact=True).click()
    # Nothing changes for anybody inside: no questions.
    expect(page.get_by_text("updated and published")).to_be_visible()
    until_done()

    steps = [dict(step) for step in Sequence.objects.get(pk=tips.pk).steps.get_prep_value()]
    tips = Sequence.objects.get(pk=tips.pk)
    tips.steps = tips.steps.stream_block.to_python([steps[0], steps[2]])
    tips.save_revision()
    page.goto(EDIT.format(tips.pk))
    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page).to_have_url(re.compile(f"publish/{tips.pk}/$"))
    expect(page.get_by_text("What becomes of the people inside “Better tips”?")).to_be_visible()
    table = page.get_by_role("region", name="Who stands where")
    row = table.get_by_role("row", name=re.compile("2. Wait"))
    expect(row.get_by_role("combobox")).to_have_value("")
    expect(row).to_contain_text("Go on at 2. Send a text: And tip two")
    effect = row.locator(".drip-plan__effect")
    expect(effect).to_contain_text("3 get this text at once, or when your sending times and limits allow.")
    row.get_by_text("What each choice would do for them").click()
    expect(row.get_by_role("definition").filter(has_text="3 go on by version 2 to the end.")).to_be_visible()
    page.get_by_text("What each choice means").click()
    expect(page.get_by_text("They are out, and what waits for them")).to_be_visible()
    picture(page, "publish")
    row.get_by_role("combobox").select_option(label="Leave the sequence")
    expect(effect).to_have_text("3 leave. 3 texts that wait in the outbox are not sent.")
    page.get_by_role("main").get_by_role("button", name="Publish").click()

    expect(page.get_by_text("5 people inside are taken care of")).to_be_visible()
    until_done()
    assert sorted(Enrolment.objects.values_list("state", "version__number")) == [
        ("active", 3),
        ("active", 3),
        *[("exited", 2)] * 3,
    ]

    page.reload()
    page.locator("#header-actions, [data-controller='w-dropdown']").get_by_role(
        "button", name="Actions"
    ).first.click()
    page.get_by_role("link", name="Undo the last move of people").click()
    expect(page.get_by_text("5 people have not moved since and can be put back.")).to_be_visible()
    picture(page, "undo")
    page.goto(f"/admin/text-messages/sequences/versions/{tips.pk}/")
    expect(page.get_by_role("region", name="Versions")).to_contain_text("3 left")
    picture(page, "versions")
    page.get_by_role("link", name="Undo the last move of people").click()
    page.get_by_role("main").get_by_role("button", name="Undo the last move of people").click()
    expect(page.get_by_text("is being undone")).to_be_visible()
    until_done()

    assert set(Enrolment.objects.values_list("running", "version__number")) == {(1, 2)}
    assert SequenceVersion.objects.count() == 3


def test_the_plan_is_told_in_chinese(page: Page, tips: Sequence) -> None:
    steps = [dict(step) for step in tips.steps.get_prep_value()]
    tips.steps = tips.steps.stream_block.to_python([steps[0], steps[2]])
    tips.save_revision()
    somebody = Enrolment.objects.order_by("pk")[0].contact_id
    Contact.objects.filter(pk=somebody).update(phone="+79161234567", active_phone="+79161234567")
    UserProfile.objects.update_or_create(user=User.objects.get(), defaults={"preferred_language": "zh-hans"})
    page.goto(f"/admin/text-messages/sequences/publish/{tips.pk}/")
    expect(page.get_by_text("有 1 人的时区是推测的")).to_be_visible()
    expect(page.get_by_role("link", name="设置您的时区")).to_have_attribute(
        "href", "/admin/text-messages/settings/"
    )
    row = page.get_by_role("row", name=re.compile("2 天后"))
    row.get_by_text("各选项会让他们怎样").click()
    picture(page, "publish.zh")

    row.get_by_role("combobox").select_option("leave")

    expect(row.locator(".drip-plan__effect")).to_have_text("3 人退出。 发件箱里等待的 3 条短信不会发送。")


def test_it_is_deleted_and_taken_back(page: Page, tips: Sequence) -> None:
    page.goto(f"/admin/text-messages/sequences/delete/{tips.pk}/")
    expect(page.get_by_text("Delete “Tips”?")).to_be_visible()
    picture(page, "archive_one")
    page.get_by_role("main").get_by_role("button", name="Put into the archive").click()
    expect(page.get_by_text("can be had back for 30 days")).to_be_visible()
    until_done()
    assert not Enrolment.objects.filter(running=1).exists()

    page.goto("/admin/text-messages/sequences/archive/")
    picture(page, "archive")
    page.get_by_role("link", name="Take out of the archive").click()
    page.get_by_role("main").get_by_role("button", name="Take out of the archive").click()

    expect(page.get_by_text("“Tips” is back. Publish it to start it anew.")).to_be_visible()
    expect(page.get_by_text("This sequence has ended.")).to_be_visible()


def test_new_words_of_a_saved_message_go_where_they_are_wanted(page: Page, site_id: int) -> None:
    saved = MessageTemplate.objects.create(name="Farewell", text="Bye")
    saved.save_revision().publish()
    made = [
        live_sequence(name=name, steps=[("send_message", {"saved_message": saved})])
        for name in ("First", "Second")
    ]
    stand_at_the_start(made[0], crowd(3))
    page.goto(f"/admin/text-messages/saved-messages/edit/{saved.pk}/")
    expect(page.get_by_text("Used in 2 running sequences, 3 people wait for it.")).to_be_visible()
    picture(page, "saved")
    page.locator("[name=text]").fill("See you soon")
    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.get_by_text("Who gets the new words of “Farewell”?")).to_be_visible()
    picture(page, "uses")
    page.get_by_label("First").check()
    page.get_by_role("button", name="Take over where ticked").click()

    expect(page.get_by_text("These send the new words from now on: First.")).to_be_visible()
    assert dict(SequenceVersion.objects.values_list("sequence__name").annotate(Count("pk"))) == {
        "First": 2,
        "Second": 1,
    }
