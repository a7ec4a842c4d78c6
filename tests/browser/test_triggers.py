"""What starts a sequence, chosen in the editor: only the chosen kind's fields show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from wagtail.users.models import UserProfile

from wagtail_drip.api import emit
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence
from wagtail_drip.test.time_travel import run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EDIT = "/admin/text-messages/sequences/edit/{}/"
# Where pictures of the screens go, for whoever wants to look at them.
PICTURES = os.environ.get("DRIP_PICTURES", "")
HELLO = ("send_message", {"text": "Hello {{ contact.first_name }}, reply STOP to opt out."})


def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png")


def shown(page: Page) -> set[str]:
    """Return which of the trigger's fields somebody sees."""
    fields = page.locator(".drip-trigger [name^='trigger_'], [id$='trigger-section'] [name^='trigger_']")
    names = fields.evaluate_all("all => all.filter(one => one.checkVisibility()).map(one => one.name)")
    return {name.removeprefix("trigger_") for name in names}


FIELDS = {
    "event": {"event", "audience", "without_tags"},
    "date": {"attribute", "yearly", "offset", "time"},
    "inactive": {"event", "days"},
    "schedule": {"every", "weekdays", "time", "audience", "without_tags"},
    "once": {"moment", "audience", "without_tags"},
    "keyword": {"keyword", "audience", "without_tags"},
    "link": {"url", "audience", "without_tags"},
    "form": {"form", "audience", "without_tags"},
    "manual": set(),
}


def test_only_the_fields_of_the_chosen_kind_are_shown(page: Page) -> None:
    page.goto("/admin/text-messages/sequences/add/")
    kind = page.locator("select[name=trigger_kind]")
    found = {}
    for name in FIELDS:
        kind.select_option(name)
        found[name] = shown(page) - {"kind"}
        picture(page, f"trigger-{name}")

    assert found == FIELDS
    kind.select_option("date")
    page.locator("select[name=trigger_offset]").select_option("before")
    expect(page.locator("[name=trigger_days]")).to_be_visible()
    kind.select_option("schedule")
    page.locator("select[name=trigger_every]").select_option("month")
    expect(page.locator("[name=trigger_month_day]")).to_be_visible()
    expect(page.locator("[name=trigger_weekdays]").first).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 390])
def test_whom_to_leave_out_is_ticked_and_kept(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    rules = [("tag", {"tag": "staff", "negate": ""})]
    left = Segment.objects.create(name="Bought last week", rules=rules)
    Segment.objects.create(name="Wholesale", rules=rules)
    sequence = live_sequence(name="Sale", trigger=None, trigger_kind="once", steps=[HELLO])
    page.goto(EDIT.format(sequence.pk))

    page.get_by_label("Bought last week").check()
    page.locator("[name=trigger_without_tags]").fill("Staff, press")
    page.locator("[name=trigger_without_tags]").scroll_into_view_if_needed()
    picture(page, f"leave-out-{width}")
    with page.expect_navigation():
        page.keyboard.press("Control+s")

    draft = Sequence.objects.get(pk=sequence.pk).get_latest_revision_as_object()
    assert (draft.trigger_without_segments, draft.trigger_without_tags) == ([left.pk], "Staff, press")


def test_the_choices_fit_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/text-messages/sequences/add/")
    page.locator("select[name=trigger_kind]").select_option("date")

    ends = page.locator("main select").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().right)"
    )

    assert len(ends) >= 3
    assert max(ends) <= 390


def test_a_birthday_is_written_and_published(page: Page) -> None:
    reachable_contact(attributes={"birthday": "1990-05-17"})
    sequence = live_sequence(name="Birthday", trigger=None, trigger_kind="manual", steps=[HELLO])
    page.goto(EDIT.format(sequence.pk))
    page.locator("select[name=trigger_kind]").select_option("date")
    page.locator("[name=trigger_attribute]").fill("birthday")
    page.locator("select[name=trigger_offset]").select_option("before")
    page.locator("[name=trigger_days]").fill("3")
    page.locator("[name=trigger_time]").fill("9:30")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Who and when").click()
    page.locator("select[name=reentry]").select_option("always")
    page.locator("[name=entry_limit]").fill("50")
    expect(page.locator("select[name=entry_excess]")).to_be_visible()
    page.locator("select[name=priority]").select_option("1")
    picture(page, "who-and-when")
    page.get_by_role("button", name="Publish").first.click()
    page.wait_for_load_state()
    picture(page, "after-publishing")

    saved = Sequence.objects.get(pk=sequence.pk)
    assert (saved.trigger_kind, saved.trigger_attribute, saved.trigger_days) == ("date", "birthday", 3)
    assert (saved.trigger_time.isoformat("minutes"), saved.reentry) == ("09:30", "always")
    assert (saved.entry_limit, saved.priority) == (50, 1)
    page.goto("/admin/text-messages/sequences/")
    expect(page.get_by_text("3 days before “birthday”, at 9:30 a.m., every year")).to_be_visible()
    picture(page, "list")


def test_an_event_is_only_for_the_people_of_a_segment(page: Page) -> None:
    friends = Segment.objects.create(name="Friends", rules=[("tag", {"tag": "friend"})])
    Segment.objects.create(name="Wholesale", rules=[("tag", {"tag": "wholesale"})])
    ada, bob = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bob")
    change_tags(add=[(ada.pk, "friend")], now=clock.now())
    sequence = live_sequence(name="Thanks", steps=[HELLO])
    page.goto(EDIT.format(sequence.pk))
    page.locator("select[name=trigger_audience]").select_option("segment")
    page.get_by_role("button", name="Choose segment").first.click()
    page.get_by_role("dialog").get_by_role("link", name="Friends").click()
    expect(page.locator(".drip-segmented")).to_contain_text("Friends")
    page.get_by_label("Wholesale").check()
    picture(page, "event-for-some")
    page.get_by_role("button", name="Publish").first.click()
    page.wait_for_load_state()
    run()
    for contact in (ada, bob):
        emit(
            "order_placed",
            key=f"order-{contact.pk}",
            contact={"phone": contact.phone},
            properties={
                "order_id": str(contact.pk),
                "total": "9.00",
                "currency": "GBP",
                "products": [{"product_id": "7", "name": "Tea"}],
            },
        )
    run()

    assert list(Enrolment.objects.values_list("contact_id", flat=True)) == [ada.pk]
    page.goto("/admin/text-messages/sequences/")
    told = "only for the people in “Friends”, without the people of 1 segment"
    expect(page.get_by_text(told)).to_be_visible()
    page.goto(f"/admin/text-messages/contacts/{bob.pk}/why/{sequence.pk}/")
    expect(page.get_by_text("They are not in the segment that the sequence is for.").first).to_be_visible()
    picture(page, "event-for-some-why")
    assert friends.memberships.filter(current=1).count() == 1


def test_what_is_wrong_stands_beside_its_field(page: Page) -> None:
    sequence = live_sequence(name="Word", trigger=None, trigger_kind="manual", steps=[HELLO])
    page.goto(EDIT.format(sequence.pk))
    page.locator("select[name=trigger_kind]").select_option("keyword")
    page.locator("[name=trigger_keyword]").fill("Stop")
    page.get_by_role("button", name="Publish").first.click()

    expect(page.get_by_text("“Stop” already stops texts").first).to_be_visible()
    picture(page, "problem")


def test_people_are_added_by_hand_and_the_others_are_told_why_not(page: Page) -> None:
    ada, bob = reachable_contact(), reachable_contact(email="bob@shop.example")
    sequence = live_sequence(name="Regulars", trigger=None, trigger_kind="manual", steps=[HELLO])
    page.goto(EDIT.format(sequence.pk))
    page.get_by_role("link", name="Add people…").first.click()
    page.get_by_label("Who").fill(f"{ada.phone}\nbob@shop.example\n+447400999999\nnobody")
    picture(page, "add-people")
    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_text("2 people have entered.")).to_be_visible()
    expect(page.get_by_text("Not found among your contacts: nobody, +447400999999")).to_be_visible()
    picture(page, "added")
    page.get_by_role("link", name="Add people…").first.click()
    page.get_by_label("Who").fill(ada.phone)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("because they are inside already: 1")).to_be_visible()
    assert set(Enrolment.objects.values_list("contact_id", flat=True)) == {ada.pk, bob.pk}


def test_the_trigger_in_chinese(page: Page) -> None:
    user = User.objects.get()
    UserProfile.objects.update_or_create(user=user, defaults={"preferred_language": "zh-hans"})
    page.goto("/admin/text-messages/sequences/add/")
    for name in ("event", "date", "schedule", "once"):
        page.locator("select[name=trigger_kind]").select_option(name)
        assert shown(page) - {"kind"} == FIELDS[name]
        picture(page, f"zh-{name}")
