"""The contact's page says that a number cannot be reached, and staff who may change consent let it be texted again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.integration.messaging.conftest import customer, open_site
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Contact

__all__ = ["customer", "open_site"]

pytestmark = pytest.mark.django_db

NUMBER = "+447400123456"


@pytest.fixture
def contact(customer: Callable[..., Contact], now: datetime) -> Contact:
    found = customer(NUMBER)
    compliance.suppress(
        phone=NUMBER, scope="all", reason="bad_number", source="gateway:default 30005", now=now
    )
    return found


def staff(*codenames: str) -> Client:
    user = get_user_model().objects.create_user("staff", password="pass")
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=["access_admin", *codenames]).exclude(
            content_type__app_label="tests"
        )
    )
    client = Client()
    client.force_login(user)
    return client


def address(name: str, contact: Contact) -> str:
    return reverse(f"wagtail_drip_contacts:{name}", args=[contact.pk])


def open_suppressions() -> list[str]:
    return list(Suppression.objects.filter(lifted_at=None).values_list("reason", flat=True))


def test_the_page_says_why_nothing_goes_there_and_that_they_did_not_say_stop(
    admin_client: Any, contact: Contact
) -> None:
    page = admin_client.get(address("inspect", contact)).content.decode()

    assert "This number cannot be reached" in page
    assert "gateway:default 30005" in page
    assert address("text_again", contact) in page
    assert "This number said stop" not in page


def test_a_stop_is_shown_with_its_reason(
    admin_client: Any, customer: Callable[..., Contact], now: datetime
) -> None:
    contact = customer(NUMBER)
    compliance.suppress(phone=NUMBER, scope="all", reason="stop_page", source="page", now=now)

    page = admin_client.get(address("inspect", contact)).content.decode()

    assert "They asked for it on their own page." in page
    assert "This number cannot be reached" not in page


def test_staff_let_it_be_texted_again_and_the_log_says_who_and_why(contact: Contact) -> None:
    client = staff("view_contact", "change_consent")

    answer = client.post(address("text_again", contact), {"reason": "They rang us from it."}, follow=True)

    assert "Texts go to this number again" in answer.content.decode()
    assert open_suppressions() == []
    entry = ModelLogEntry.objects.get(action="wagtail_drip.text_again")
    assert entry.user is not None
    assert (entry.object_id, entry.user.get_username(), entry.data) == (
        str(contact.pk),
        "staff",
        {"reason": "They rang us from it."},
    )
    assert NUMBER not in entry.label


def test_without_a_reason_it_stays(contact: Contact) -> None:
    page = staff("view_contact", "change_consent").post(address("text_again", contact), {"reason": ""})

    assert "Nothing was saved" in page.content.decode()
    assert open_suppressions() == ["bad_number"]


def test_who_may_not_change_consent_sees_no_link_and_is_refused(contact: Contact) -> None:
    client = staff("view_contact")

    page = client.get(address("inspect", contact)).content.decode()
    answer = client.post(address("text_again", contact), {"reason": "They rang us from it."})

    assert "This number cannot be reached" in page
    assert address("text_again", contact) not in page
    assert answer.status_code == 302
    assert open_suppressions() == ["bad_number"]


def test_a_stop_is_not_undone_here(contact: Contact, now: datetime) -> None:
    compliance.suppress(phone=NUMBER, scope="all", reason="stop_keyword", source="sms", now=now)

    answer = staff("view_contact", "change_consent").post(
        address("text_again", contact), {"reason": "They rang us from it."}, follow=True
    )

    assert "Nothing was changed" in answer.content.decode()
    assert open_suppressions() == ["stop_keyword"]
    assert not ModelLogEntry.objects.filter(action="wagtail_drip.text_again").exists()


def test_the_page_takes_as_many_queries_whether_anything_stands_against_it(
    admin_client: Any, contact: Contact, customer: Callable[..., Contact], now: datetime
) -> None:
    other = customer("+447400123457")
    counted = []
    admin_client.get(address("inspect", other))

    for each in (other, contact):
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(address("inspect", each))
        counted.append(len(queries))

    assert counted[0] == counted[1]
