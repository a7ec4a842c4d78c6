"""Why (not)? and the alarms in a real browser: the way there, the answer, "what if it were" at night, on a phone too."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from wagtail_drip import api, tasks
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.events import catalogue
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sequence(drip_outbox: list[object]) -> Sequence:
    return live_sequence(
        name="After an order",
        trigger=("order_placed", [("total", "at_least", "20")]),
        purpose="information",
        steps=[
            ("send_message", {"text": "Thank you! Your coffee is on its way."}),
            ("wait_duration", {"amount": 3, "unit": "days"}),
            (
                "branch",
                {
                    "test": "done",
                    "event": "order_placed",
                    "yes": [("send_message", {"text": "Thank you for coming back."})],
                    "no": [("send_message", {"text": "How do you like it?"})],
                },
            ),
        ],
    )


@pytest.fixture
def ada(sequence: Sequence) -> Contact:
    return reachable_contact(first_name="Ada", last_name="Lovelace")


def orders(person: Contact, *, number: str, total: str) -> None:
    told = {**catalogue.sample("order_placed"), "order_id": number, "number": number, "total": total}
    assert api.emit("order_placed", key=f"order:{number}", contact={"phone": person.phone}, properties=told)
    time_travel.run()


def test_an_owner_finds_out_why_and_what_if(page: Page, sequence: Sequence, ada: Contact) -> None:
    orders(ada, number="A1", total="12.00")
    orders(ada, number="A2", total="30.00")

    page.goto(f"/admin/text-messages/contacts/{ada.pk}/")
    page.get_by_role("link", name="Why, or why not?").click()
    page.get_by_role("link", name="After an order").click()

    expect(page.get_by_text(re.compile("Ada Lovelace is in “After an order” since"))).to_be_visible()
    expect(page.get_by_text("Step 1: Send a text").first).to_be_visible()
    expect(page.get_by_text("Waits 3 days, until")).to_be_visible()
    expect(page.get_by_text("It counts only if total is at least 20, and it was “12.00”.")).to_be_visible()
    night = timezone.localtime(clock.now() + timedelta(days=4)).replace(hour=23, minute=0)
    page.get_by_label("What if it were…").fill(night.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_role("heading", name=re.compile("If a text were due on"))).to_be_visible()
    expect(page.get_by_text(re.compile("The text would wait until")).first).to_be_visible()
    expect(page.get_by_text("How do you like it?")).to_be_visible()
    assert Message.objects.count() == 1
    page.get_by_role("link", name="Back to now").click()
    expect(page.get_by_role("heading", name="If a text were due now")).to_be_visible()


def test_nothing_runs_out_of_a_telephone(page: Page, sequence: Sequence, ada: Contact) -> None:
    orders(ada, number="A1", total="30.00")
    page.set_viewport_size({"width": 390, "height": 844})

    for address in (
        f"/admin/text-messages/contacts/{ada.pk}/why/{sequence.pk}/",
        f"/admin/text-messages/contacts/{ada.pk}/why/",
        f"/admin/text-messages/contacts/of-sequence/{sequence.pk}/",
    ):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 391, address


def test_an_owner_chooses_who_is_told_and_sees_that_no_worker_runs(page: Page) -> None:
    tasks.note_alive()
    Lease.objects.filter(name=tasks.TICK).update(started_at=clock.lease_now() - timedelta(minutes=6))

    page.goto("/admin/")
    expect(page.get_by_role("alert").filter(has_text="No text messages are sent.")).to_be_visible()
    expect(page.get_by_text("No worker has run for 6 minutes")).to_have_count(1)
    page.goto("/admin/text-messages/settings/")
    page.get_by_role("link", name="Alarms", exact=True).click()
    group = page.get_by_role("group", name="No worker runs, or tasks wait too long")
    group.get_by_label("ada (ada@shop.example)").check()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("The people to be told were saved.")).to_be_visible()
    expect(group.get_by_label("ada (ada@shop.example)")).to_be_checked()
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= 391
