"""Staff who may change consent note a complaint on the contact's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import ModelLogEntry

from tests.integration.admin.test_bad_numbers import address, staff
from tests.integration.messaging.conftest import customer, open_site
from wagtail_drip.compliance.models import Complaint
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.inbox import complaints
from wagtail_drip.messaging.models import InboundText

__all__ = ["customer", "open_site"]

pytestmark = pytest.mark.django_db

WORDS = "Never heard of this shop."
MAY = ("view_contact", "change_consent", "see_numbers")


@pytest.fixture
def contact(customer: Callable[..., Contact]) -> Contact:
    return customer()


def heard(contact: Contact, words: str, now: datetime) -> InboundText:
    return InboundText.objects.create(
        gateway="default",
        provider_id=words,
        from_number=contact.phone,
        text=words,
        contact=contact,
        verdict="reply",
        at=now,
        recorded_at=now,
    )


def test_it_is_noted_with_the_text_that_said_it_and_shown_on_the_page(
    contact: Contact, now: datetime
) -> None:
    text = heard(contact, "Who are you?", now)
    client = staff(*MAY)
    assert "Who are you?" in client.get(address("complaint", contact)).content.decode()

    page = client.post(
        address("complaint", contact),
        {"source": "text", "inbound_text": text.pk, "reason": WORDS},
        follow=True,
    ).content.decode()

    found = Complaint.objects.get()
    assert found.staff_user is not None
    assert (found.source, found.inbound_text_id, found.reason, found.staff_user.get_username()) == (
        "text",
        text.pk,
        WORDS,
        "staff",
    )
    for shown in (
        "No marketing goes to them any more.",
        "Has complained",
        "They wrote it in a text to us",
        WORDS,
    ):
        assert shown in page
    assert not Permission.objects.filter(contact=contact, group="marketing", granted=True).exists()
    assert ModelLogEntry.objects.get(action="wagtail_drip.note_complaint").data == {"complaint": found.pk}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"source": "person", "reason": ""}, id="no reason"),
        pytest.param({"source": "", "reason": WORDS}, id="no source"),
        pytest.param({"source": "moon", "reason": WORDS}, id="another source"),
    ],
)
def test_what_is_not_filled_in_changes_nothing(contact: Contact, fields: dict[str, Any]) -> None:
    page = staff(*MAY).post(address("complaint", contact), fields).content.decode()

    assert "Nothing was saved" in page
    assert (Complaint.objects.count(), Permission.objects.filter(granted=True).count()) == (0, 2)


def test_a_text_of_somebody_else_is_refused(
    contact: Contact, customer: Callable[..., Contact], now: datetime
) -> None:
    heard(contact, "Mine", now)
    other = heard(customer("+447400123457"), "Not mine", now)

    staff(*MAY).post(
        address("complaint", contact), {"source": "text", "inbound_text": other.pk, "reason": WORDS}
    )

    assert Complaint.objects.count() == 0


def test_who_may_not_change_consent_is_refused(contact: Contact) -> None:
    client = staff("view_contact")

    answer = client.post(address("complaint", contact), {"source": "person", "reason": WORDS})

    assert answer.status_code == 302
    assert Complaint.objects.count() == 0
    assert address("complaint", contact) not in client.get(address("inspect", contact)).content.decode()


def test_who_may_not_see_texts_reads_neither_the_complaint_nor_their_texts(
    contact: Contact, now: datetime
) -> None:
    heard(contact, "Who are you?", now)
    complaints.note(contact_id=contact.pk, source="person", reason=WORDS, now=now)
    client = staff("view_contact", "change_consent")

    page = client.get(address("inspect", contact)).content.decode()
    form = client.get(address("complaint", contact)).content.decode()

    assert "Has complained" in page
    assert WORDS not in page
    assert "Who are you?" not in form


def test_the_page_takes_as_many_queries_however_many_complaints_there_are(
    admin_client: Any, contact: Contact, now: datetime
) -> None:
    counted = []
    admin_client.get(address("inspect", contact))
    complaints.note(contact_id=contact.pk, source="person", reason=WORDS, now=now)

    for more in (0, 10):
        for _ in range(more):
            complaints.note(contact_id=contact.pk, source="person", reason=WORDS, now=now)
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(address("inspect", contact))
        counted.append(len(queries))

    assert counted[0] == counted[1]
