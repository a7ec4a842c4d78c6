"""Staff who may see people, but not numbers and texts, find neither on any page, in any file, by any search."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import get_resolver, reverse

from tests.integration.admin.test_every_address import WAGTAILS_OWN, addresses
from tests.integration.privacy import story
from wagtail_drip.admin import redaction
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments.models import OutsideCall, StepVisit
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import EventDraft
from wagtail_drip.inbox import sign_ups  # noqa: F401 -- the evidence reads its keys
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

BASE = "/admin/text-messages/"
# The body that was sent, what they wrote back, and what a form of theirs said.
TEXTS = ("plumcake!", "More plumcake", "gooseberries")
# As any screen might write it: with blanks, at home, abroad, without a country.
WRITTEN = re.compile(r"(?:\+?44|0)?[\s-]?7400[\s-]?987[\s-]?654")


@pytest.fixture
def zebulon(site_id: int, now: datetime) -> Contact:
    contact = story.person(site_id=site_id, now=now)
    story.told(contact, site_id=site_id, now=now)
    contacts.update_contacts({contact.pk: {"attributes": {"second_phone": story.NUMBER}}}, now=now)
    events.record_events(
        [
            EventDraft(
                name=name,
                key=name,
                store="drip",
                site_id=site_id,
                contact_id=contact.pk,
                source="inbox",
                occurred_at=now,
                recorded_at=now,
                properties=properties,
            )
            for name, properties in (
                ("message_replied", {"text": "gooseberries", "word": "gooseberries"}),
                ("custom:called", {"from": "07400 987654", "caller": 447400987654}),
            )
        ]
    )
    Message.objects.update(body="Dear Zebulon, plumcake!", detail=f"rejected {story.NUMBER}")
    StepVisit.objects.filter(visit=99).update(decisions=[{"rule": {"name": "x"}, "value": "gooseberries"}])
    OutsideCall.objects.update(response={"greeting": f"call {story.NUMBER}: gooseberries"})
    nameless = contacts.identify(_identity("+447400987655"), now=now)
    assert str(nameless) == "+44 •••• •• 655"
    return contact


def _identity(number: str) -> Any:
    from wagtail_drip.contacts.types import Identity

    return Identity(phone=number)


def clerk(*, without: str = "see_numbers") -> Client:
    """Return a log-in with every permission there is but one."""
    user = User.objects.create_user(f"no-{without}", password="pass", is_staff=True)
    user.user_permissions.set(Permission.objects.exclude(codename=without))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def body_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return re.sub(r"<[^>]*>", " ", content.decode(errors="replace")) + content.decode(errors="replace")


def leaks(page: str) -> list[str]:
    found = [match[0] for match in WRITTEN.finditer(page)]
    return found + [text for text in TEXTS if text in page]


def pages(contact: Contact, site_id: int) -> list[str]:
    """Return every address of ours there is, about this person wherever it is about somebody."""
    message, inbound = Message.objects.get(), InboundText.objects.get()
    assert message.body
    assert inbound.text
    calls = OutsideCall.objects.get().pk
    sequence = Sequence.objects.get().pk
    found = []
    for name, about in addresses(get_resolver().url_patterns):
        if name.endswith(WAGTAILS_OWN):
            continue
        pk = {
            "wagtail_drip_contacts": contact.pk,
            "wagtail_drip_messages": message.pk,
            "wagtail_drip_notices": calls,
            "wagtail_drip_webhook_calls": calls,
        }.get(name.split(":")[0], sequence)
        if name == "wagtail_drip_contacts:of_sequence":
            pk = sequence
        about_whom = dict.fromkeys(about, pk)
        about_whom.update({"site_id": site_id} if "site_id" in about else {})
        about_whom.update({"sequence_id": sequence} if "sequence_id" in about else {})
        found.append(reverse(name, kwargs=about_whom))
    more = [
        f"{BASE}contacts/?export=csv",
        f"{BASE}log/?q=Zebulon",
        f"{BASE}contacts/?q=Zebulon",
        f"{BASE}choose-person/results/?q=Zebulon",
        f"{BASE}choose-person/chosen/{contact.pk}/",
        reverse("wagtail_bulk_action", args=["wagtail_drip", "contact", "download"])
        + f"?id={contact.pk}&next={BASE}contacts/",
        "/admin/",
        "/admin/reports/site-history/",
    ]
    return sorted(set(found)) + more


def test_no_page_shows_a_number_or_a_text(zebulon: Contact, site_id: int) -> None:
    client = clerk()
    looked_at, told = [], {}

    for address in pages(zebulon, site_id):
        answer = client.get(address)
        if answer.status_code == 200:
            looked_at.append(address)
            if found := leaks(body_of(answer)):
                told[address] = found

    assert told == {}
    assert len(looked_at) > 30
    for shown in ("contacts/", f"contacts/{zebulon.pk}/", "log/", "contacts/?export=csv"):
        assert f"{BASE}{shown}" in looked_at


def test_the_same_pages_show_both_to_who_may_see_them(zebulon: Contact, site_id: int) -> None:
    client = clerk(without="delete_page")
    seen = {
        address: set(leaks(body_of(answer)))
        for address in pages(zebulon, site_id)
        if (answer := client.get(address)).status_code == 200
    }

    message = Message.objects.get().pk
    # Else the test before this one could not fail.
    assert "More plumcake" in seen[f"{BASE}contacts/{zebulon.pk}/"]
    assert "plumcake!" in seen[f"{BASE}log/{message}/"]
    assert "+447400987654" in seen[f"{BASE}contacts/?export=csv"]
    assert seen[f"{BASE}contacts/"]
    assert len([address for address, found in seen.items() if found]) >= 6


def test_what_is_handed_out_by_a_button_needs_the_permission_or_is_masked(
    zebulon: Contact, site_id: int
) -> None:
    client = clerk()
    chosen = reverse("wagtail_bulk_action", args=["wagtail_drip", "contact", "download"])

    taken = client.post(f"{chosen}?id={zebulon.pk}&next={BASE}contacts/", {"format": "csv"})
    refused = [
        client.post(f"{BASE}contacts/{zebulon.pk}/export/"),
        client.get(f"{BASE}contacts/{zebulon.pk}/evidence/download/"),
    ]

    page = body_of(taken)
    assert "Zebulon" in page
    assert "+44 •••• •• 654" in page
    assert leaks(page) == []
    assert [answer.status_code for answer in refused] == [302, 302]
    assert "Download everything" not in client.get(f"{BASE}contacts/{zebulon.pk}/").content.decode()


@pytest.mark.parametrize("address", ["contacts/", "choose-person/results/", "log/"])
def test_a_number_is_found_only_whole(zebulon: Contact, address: str) -> None:
    client = clerk()

    def finds(query: str) -> bool:
        return "Quigglesworth" in client.get(f"{BASE}{address}", {"q": query}).content.decode()

    assert finds("7400987654")
    assert not finds("7400")
    assert not finds("654")
    assert not finds("98765")


def test_a_preview_shows_no_number_of_the_customer_it_is_drawn_for(zebulon: Contact, site_id: int) -> None:
    sequence = live_sequence(
        name="Calls",
        steps=[("send_message", {"text": "We ring {{ contact.second_phone }} {{ contact.first_name }}"})],
    )
    address = reverse("wagtail_drip_sequences:preview_on_edit", args=[sequence.pk])

    def shown_to(client: Client) -> str:
        return body_of(client.get(address, {"mode": "", "person": zebulon.pk}))

    with_numbers, without = shown_to(clerk(without="delete_page")), shown_to(clerk())

    assert leaks(without) == []
    assert ("Zebulon" in with_numbers) == ("Zebulon" in without)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("07400 987654", "•••• •• 654"),
        ("call +44 7400 987654 soon", "call •••• •• 654 soon"),
        (447400987654, "•••• •• 654"),
        ("1990-05-04", "1990-05-04"),
        ("2026-11-26T10:00:00+00:00", "2026-11-26T10:00:00+00:00"),
        ("size 42", "size 42"),
        (1234, 1234),
        (True, True),
        (None, None),
        (["x"], ["x"]),
    ],
)
def test_numbers_in_values_are_masked(value: Any, expected: Any) -> None:
    assert redaction.value(value, shown=False) == expected
    assert redaction.value(value, shown=True) == value
