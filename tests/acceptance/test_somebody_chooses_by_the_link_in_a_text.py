from __future__ import annotations

import requests
from django.test import Client

from tests import shop
from tests.acceptance.town import Town, fates
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.events.models import Event
from wagtail_drip.test.sequences import live_sequence

STEPS = [
    ("send_message", {"text": "New beans! Choose: {{ link.preferences }} Stop: {{ link.stop }}"}),
    ("wait_duration", {"amount": 1, "unit": "days"}),
    ("send_message", {"text": "Newer beans!", "expires_hours": 24 * 7}),
]


def follow(town: Town, place: int) -> str:
    """Open one of the links that stood in the first text, as a telephone does, and return the page's address."""
    return town.follow(town.phone(shop.PHONE).links()[place])


def press(town: Town, address: str, **fields: str) -> requests.Response:
    answer = town.session.post(address, data=fields, timeout=10)
    assert answer.status_code == 200
    return answer


def a_customer_gets_the_first_text(town: Town) -> None:
    live_sequence(purpose="promotional", trigger="order_placed", steps=STEPS)
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    assert town.phone(shop.PHONE).texts() == ["New beans! Choose: <link> Stop: <link>"]


def test_somebody_pauses_and_gets_the_next_text_when_the_pause_is_over(town: Town) -> None:
    a_customer_gets_the_first_text(town)

    page = follow(town, 0)
    assert "Your text messages" in town.session.get(page, timeout=10).text
    press(town, page, pause="7")
    town.let_pass(days=3)
    assert len(town.phone(shop.PHONE).texts()) == 1

    town.let_pass(days=5)
    assert town.phone(shop.PHONE).texts()[1:] == ["Newer beans!"]
    person = Contact.objects.get()
    assert person.paused_until is not None
    assert Event.objects.filter(name="preferences_changed", contact=person).count() == 1


def test_somebody_stops_by_the_link_and_gets_nothing_more(town: Town) -> None:
    a_customer_gets_the_first_text(town)

    page = follow(town, 1)
    scanned = town.session.get(page, timeout=10).text
    assert "sends no more texts" in scanned
    assert not ConsentRecord.objects.filter(granted=False).exists()

    assert "You get no more texts" in press(town, page, choice="stop").text
    town.let_pass(days=3)

    # No confirmation by text: the page has said it.
    assert len(town.phone(shop.PHONE).texts()) == 1
    assert fates()[1:] in ([("skipped", "suppressed")], [("cancelled", "suppressed")], [])
    # Nobody reads in the click's event what opens the page.
    urls = [each.properties["url"] for each in Event.objects.filter(name="link_clicked")]
    assert [url.endswith("/stop/example/") for url in urls] == [True]


def test_who_stopped_by_the_link_comes_back_by_text(town: Town) -> None:
    a_customer_gets_the_first_text(town)
    press(town, follow(town, 1), choice="stop")

    town.phone(shop.PHONE).write("START")
    town.settle()

    assert town.phone(shop.PHONE).texts()[1:] == [
        "Test shop: Welcome back. Reply STOP to end, HELP for help."
    ]
    town.let_pass(days=1, hours=1)
    assert "Newer beans!" in town.phone(shop.PHONE).texts()
