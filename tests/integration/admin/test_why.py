"""The pages that say why: sentences, the way to them, who may see them, and that asking changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from wagtail_drip import api
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db


def words_of(page: str) -> str:
    main = re.sub(r"(?s)<(script|style|svg).*?</\1>", "", page)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def shown(client: Client, name: str, *args: int, **query: str) -> str:
    response = client.get(reverse(f"wagtail_drip_contacts:{name}", args=args), query)
    assert response.status_code == 200
    return words_of(response.content.decode())


def happens(person: Contact, name: str = "custom:visit") -> None:
    assert api.emit(name, key=f"{name}:{clock.now().isoformat()}", contact={"phone": person.phone})
    time_travel.run()


@pytest.fixture
def sequence(drip_outbox: list[object]) -> Sequence:
    return live_sequence(
        name="Welcome",
        trigger="custom:visit",
        steps=[
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "Hello from the roastery"}),
        ],
    )


@pytest.fixture
def ada(drip_outbox: list[object]) -> Contact:
    return reachable_contact(first_name="Ada")


def test_whoever_waits_is_told_where_and_until_when(
    admin_client: Client, sequence: Sequence, ada: Contact
) -> None:
    happens(ada)

    page = shown(admin_client, "why", ada.pk, sequence.pk)

    assert "Ada is in “Welcome” since" in page
    assert "The next text can go on" in page
    assert "Step 1: Wait" in page
    assert "Waits 2 days, until" in page
    assert "Step 2: Send a text" in page
    assert "Version 1 of the sequence." in page


def test_whoever_never_came_is_told_what_would_have_to_happen(
    admin_client: Client, sequence: Sequence, ada: Contact
) -> None:
    page = shown(admin_client, "why", ada.pk, sequence.pk)

    assert "Ada has never been in “Welcome”." in page
    assert "It starts when this happens: “Visit”. That has not happened to them." in page


def test_a_text_that_was_skipped_says_why_and_what_would_help(
    admin_client: Client, sequence: Sequence, drip_advance: Callable[..., None]
) -> None:
    owen = reachable_contact(first_name="Owen", agreed_to=())
    happens(owen)
    drip_advance(days=3)
    assert Message.objects.get().reason == "no_consent"

    page = shown(admin_client, "why", owen.pk, sequence.pk)

    assert "They have not agreed to texts of this kind." in page
    assert "They must agree first, at the checkout or in a form." in page


def test_what_if_it_were_night(admin_client: Client, sequence: Sequence, ada: Contact) -> None:
    happens(ada)
    night = timezone.localtime(clock.now() + timedelta(days=4)).replace(hour=22, minute=30)

    page = shown(admin_client, "why", ada.pk, sequence.pk, at=night.strftime("%Y-%m-%dT%H:%M"))

    assert "If a text were due on" in page
    assert "The text would wait until" in page
    assert "if they do nothing" in page
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("at", "complaint"),
    [
        ("2001-01-01T10:00", "choose a moment that is still to come"),
        ("tomorrow", "Choose a day and a time."),
    ],
)
def test_a_moment_that_cannot_be_asked_about_is_refused_with_the_remedy(
    admin_client: Client, sequence: Sequence, ada: Contact, at: str, complaint: str
) -> None:
    assert complaint in shown(admin_client, "why", ada.pk, sequence.pk, at=at)


def test_every_way_leads_there(admin_client: Client, sequence: Sequence, ada: Contact) -> None:
    happens(ada)
    time_travel.advance(days=3)
    address = reverse("wagtail_drip_contacts:why", args=[ada.pk, sequence.pk])
    message = Message.objects.get()

    for name, pk in [
        ("wagtail_drip_contacts:inspect", ada.pk),
        ("wagtail_drip_contacts:why_index", ada.pk),
        ("wagtail_drip_contacts:of_sequence", sequence.pk),
        ("wagtail_drip_messages:inspect", message.pk),
    ]:
        assert address in admin_client.get(reverse(name, args=[pk])).content.decode(), name
    edit = admin_client.get(reverse("wagtail_drip_sequences:edit", args=[sequence.pk])).content.decode()
    assert reverse("wagtail_drip_contacts:of_sequence", args=[sequence.pk]) in edit


def test_who_may_not_see_contacts_sees_none_of_it(client: Client, sequence: Sequence, ada: Contact) -> None:
    user = get_user_model().objects.create_user("clerk", password="clerk")
    user.user_permissions.add(
        Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"),
        Permission.objects.get(content_type__app_label="wagtail_drip", codename="view_message"),
    )
    client.force_login(user)

    for name, args in [
        ("why", [ada.pk, sequence.pk]),
        ("why_index", [ada.pk]),
        ("of_sequence", [sequence.pk]),
    ]:
        address = reverse(f"wagtail_drip_contacts:{name}", args=args)
        assert client.get(address, headers={"x-requested-with": "XMLHttpRequest"}).status_code == 403
        response = client.get(address, follow=True)
        assert "Ada" not in response.content.decode()


def test_the_lists_ask_as_often_for_many_as_for_one(admin_client: Client, sequence: Sequence) -> None:
    def asked() -> tuple[int, int]:
        counts = []
        for name, pk in [("of_sequence", sequence.pk), ("why_index", Contact.objects.earliest("pk").pk)]:
            with CaptureQueriesContext(connection) as queries:
                shown(admin_client, name, pk)
            counts.append(len(queries))
        return counts[0], counts[1]

    happens(reachable_contact(first_name="Ada"))
    shown(admin_client, "of_sequence", sequence.pk)
    before = asked()
    for number in range(5):
        happens(reachable_contact(first_name=f"P{number}"))
        live_sequence(name=f"S{number}", trigger="custom:visit", steps=[("send_message", {"text": "Hi"})])

    assert asked() == before
