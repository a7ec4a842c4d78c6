"""An owner wants to know why a customer was not written to, and when they will be."""

from __future__ import annotations

import re
from html import unescape

from django.test import Client
from django.urls import reverse

from tests import shop
from tests.acceptance.town import Town, utc
from wagtail_drip.contacts.models import Contact
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


def why(owner: Client, sequence: Sequence, **query: str) -> str:
    contact = Contact.objects.get(active_phone=shop.PHONE)
    address = reverse("wagtail_drip_contacts:why", args=[contact.pk, sequence.pk])
    page = owner.get(address, query).content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_at_night_the_page_names_the_minute_at_which_the_phone_will_ring(
    town: Town, admin_client: Client
) -> None:
    offer = live_sequence(
        name="Offer",
        purpose="promotional",
        trigger="order_placed",
        steps=[("send_message", {"text": "New beans for {{ contact.first_name }}!"})],
    )
    town.wait_until(utc(5, 18, 21, 30))  # half past ten at night in London
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()

    said = why(admin_client, offer)

    waiting = Message.objects.get()
    assert waiting.due_at is not None
    assert f"The next text can go on Tue {waiting.due_at:%d/%m/%Y, %H:%M} at the earliest." in said
    town.wait_until(waiting.due_at)
    assert town.phone(shop.PHONE).texts() == ["New beans for Ada!"]
    assert "Sent" in why(admin_client, offer) or "Delivered" in why(admin_client, offer)


def test_who_did_not_agree_is_explained_with_the_remedy(town: Town, admin_client: Client) -> None:
    offer = live_sequence(
        name="Offer",
        purpose="promotional",
        trigger=("order_placed", [("total", "at_least", "500")]),
        steps=[("send_message", {"text": "New beans!"})],
    )
    shop.buy_as_guest(Client(), town.product)
    town.settle()

    said = why(admin_client, offer)

    assert "has never been in “Offer”." in said
    assert "It counts only if total is at least 500, and it was “" in said
    assert "They have not agreed to texts of this kind. They must agree first" in said
    assert town.phone(shop.PHONE).screen() == []
