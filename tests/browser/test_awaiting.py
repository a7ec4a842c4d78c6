"""Waiting for something to happen and for a reply: an owner writes it, publishes it, and people go both ways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_editor import edit, sequence, text
from tests.browser.test_steps import add, field, flow, publish, write
from wagtail_drip import api
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.events import catalogue
from wagtail_drip.gateways.types import OutboundSms
from wagtail_drip.messaging.models import InboundText
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Outbox = list[OutboundSms]


def happens(person: Contact, name: str, **properties: str) -> None:
    order = f"A{person.pk}"
    told = {**catalogue.sample(name), "order_id": order, "number": order, **properties}
    key = f"{name}:{person.pk}:{clock.now().isoformat()}"
    assert api.emit(name, key=key, contact={"phone": person.phone}, properties=told)
    time_travel.run()


def writes(person: Contact, words: str, *, to: str) -> None:
    now = clock.now()
    InboundText.objects.create(
        gateway="default",
        provider_id=f"in-{InboundText.objects.count()}",
        from_number=person.phone,
        to_number=to,
        text=words,
        at=now,
        recorded_at=now,
        due_at=now,
    )
    time_travel.run()


def reached(outbox: Outbox, person: Contact) -> list[str]:
    return [sms.text for sms in outbox if sms.to == person.phone]


def why(page: Page, person: Contact, made: Sequence) -> None:
    page.goto(f"/admin/text-messages/contacts/{person.pk}/why/{made.pk}/")


def test_people_go_both_ways_of_a_wait_for_something_to_happen(page: Page, drip_outbox: Outbox) -> None:
    made = sequence(text("thanks", "Thank you for your order."), trigger_event="order_placed", name="Payment")
    edit(page, made)
    wait = add(page, "Wait for something to happen")
    field(page, f"{wait}-event").select_option("order_paid")
    page.locator("section", has=field(page, f"{wait}-event")).last.get_by_role(
        "button", name="Settings"
    ).click()
    condition = add(page, "", within=f"{wait}-conditions")
    field(page, f"{condition}-property").fill("total")
    field(page, f"{condition}-operator").select_option("at_least")
    field(page, f"{condition}-value").fill("20")
    field(page, f"{wait}-amount").fill("3")
    field(page, f"{wait}-unit").select_option("hours")
    write(page, f"{wait}-happened", "Paid: it is on its way.")
    write(page, f"{wait}-timed_out", "Do you still want it?")
    publish(page)
    node = next(node for node in flow()["steps"] if node["kind"] == "wait_for_event")
    assert node["settings"] == {
        "event": "order_paid",
        "conditions": [{"property": "total", "operator": "at_least", "value": "20"}],
        "amount": 3,
        "unit": "hours",
        "since": "entry",
    }

    ada, bob = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bob")
    for person in (ada, bob):
        happens(person, "order_placed")
    why(page, bob, made)
    expect(page.get_by_text("An order is paid (total is at least 20)").first).to_be_visible()
    happens(bob, "order_paid", total="12.00")
    happens(ada, "order_paid", total="30.00")

    assert reached(drip_outbox, ada) == ["Thank you for your order.", "Paid: it is on its way."]
    assert reached(drip_outbox, bob) == ["Thank you for your order."]
    why(page, ada, made)
    expect(page.get_by_text("so the wait was over")).to_be_visible()
    expect(page.get_by_text("Paid: it is on its way.")).to_be_visible()
    time_travel.advance(hours=3)
    assert reached(drip_outbox, bob) == ["Thank you for your order.", "Do you still want it?"]
    why(page, bob, made)
    expect(page.get_by_text("did not happen")).to_be_visible()
    expect(page.get_by_text("Do you still want it?")).to_be_visible()
    expect(page.get_by_text("Paid: it is on its way.")).to_have_count(0)


def test_people_go_both_ways_of_a_wait_for_a_reply(page: Page, drip_outbox: Outbox) -> None:
    made = sequence(
        text("ask", "Shall we grind it? Reply YES."), trigger_event="order_placed", name="Grinding"
    )
    edit(page, made)
    wait = add(page, "Wait for a reply")
    field(page, f"{wait}-how").select_option("contains")
    field(page, f"{wait}-words").fill("yes, please")
    field(page, f"{wait}-amount").fill("2")
    field(page, f"{wait}-unit").select_option("hours")
    write(page, f"{wait}-happened", "Ground it is.")
    write(page, f"{wait}-timed_out", "Whole beans are on their way.")
    publish(page)

    ada, bob = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bob")
    for person in (ada, bob):
        happens(person, "order_placed")
    asked = drip_outbox[0]
    time_travel.advance(minutes=5)
    writes(bob, "What do you mean?", to=asked.sender)
    writes(ada, "Oh yes!", to=asked.sender)

    assert reached(drip_outbox, ada)[1:] == ["Ground it is."]
    assert reached(drip_outbox, bob)[1:] == []
    why(page, bob, made)
    expect(page.get_by_text("A reply with one of: yes, please").first).to_be_visible()
    why(page, ada, made)
    expect(page.get_by_text("so the wait was over")).to_be_visible()
    time_travel.advance(hours=2)
    assert reached(drip_outbox, bob)[1:] == ["Whole beans are on their way."]
    why(page, bob, made)
    expect(page.get_by_text("did not happen")).to_be_visible()
    expect(page.get_by_text("Whole beans are on their way.")).to_be_visible()
