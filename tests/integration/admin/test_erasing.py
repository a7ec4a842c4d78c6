"""The page that erases somebody: who may, what it says, and that it asks twice."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.integration.privacy import story
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Contact
from wagtail_drip.privacy.erasure_models import Erasure

pytestmark = pytest.mark.django_db


@pytest.fixture
def zebulon(site_id: int, now: datetime) -> Contact:
    contact = story.person(site_id=site_id, now=now)
    story.told(contact, site_id=site_id, now=now)
    return contact


def staff(*codenames: str) -> Client:
    user = get_user_model().objects.create_user("staff", password="staff")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *codenames]))
    client = Client()
    client.force_login(user)
    return client


def address(contact: Contact) -> str:
    return reverse("wagtail_drip_contacts:erase", args=[contact.pk])


def test_the_page_says_what_will_happen(zebulon: Contact) -> None:
    page = staff("view_contact", "erase_contact").get(address(zebulon)).content.decode()

    assert "Everything that says who Zebulon Quigglesworth is" in page
    assert "They leave 1 sequence." in page
    assert "cancelled" not in page  # nothing waits
    assert "The words of 1 text and of their replies are emptied" in page


def test_the_person_is_erased_and_the_log_says_by_whom(zebulon: Contact) -> None:
    client = staff("view_contact", "erase_contact")

    answer = client.post(address(zebulon), {"sure": "on", "never_again": "on"}, follow=True)

    zebulon.refresh_from_db()
    assert zebulon.erased_at is not None
    assert Suppression.objects.filter(scope="all", reason="erased").count() == 1
    assert "Zebulon" not in answer.content.decode()
    entry = ModelLogEntry.objects.get(action="wagtail_drip.erase_contact")
    assert entry.user is not None
    assert (entry.user.get_username(), entry.label) == ("staff", f"Contact {zebulon.pk}")
    assert Erasure.objects.get().requested_by == entry.user


def test_who_may_return_is_not_suppressed(zebulon: Contact) -> None:
    staff("view_contact", "erase_contact").post(address(zebulon), {"sure": "on"})

    assert not Suppression.objects.filter(reason="erased").exists()


def test_without_the_tick_nothing_happens(zebulon: Contact) -> None:
    answer = staff("view_contact", "erase_contact").post(address(zebulon), {"never_again": "on"})

    zebulon.refresh_from_db()
    assert zebulon.first_name == "Zebulon"
    assert "Tick this to erase the person." in answer.content.decode()
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("held", [("view_contact",), ("erase_contact",), ("view_contact", "export_contact")])
def test_without_the_permission_nothing_happens(zebulon: Contact, held: tuple[str, ...]) -> None:
    client = staff(*held)

    answer = client.post(address(zebulon), {"sure": "on"})
    page = client.get(reverse("wagtail_drip_contacts:inspect", args=[zebulon.pk]), follow=True)

    assert answer.status_code == 302
    assert "Erase this person" not in page.content.decode()
    assert not Erasure.objects.exists()


def test_who_is_erased_cannot_be_erased_again(zebulon: Contact) -> None:
    client = staff("view_contact", "erase_contact", "export_contact")
    client.post(address(zebulon), {"sure": "on"})

    page = client.get(reverse("wagtail_drip_contacts:inspect", args=[zebulon.pk])).content.decode()

    assert client.get(address(zebulon)).status_code == 404
    assert "Erased" in page
    assert "Erase this person" not in page
    assert "Download everything we hold" not in page


def test_the_page_asks_as_often_however_much_there_is(zebulon: Contact, site_id: int, now: datetime) -> None:
    client = staff("view_contact", "erase_contact")

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(address(zebulon))
        return len(asked)

    queries()
    few = queries()
    for number in range(20):
        story.message_to(zebulon, site_id=site_id, now=now, key=f"more:{number}", reference=f"m{number}")

    assert queries() == few
