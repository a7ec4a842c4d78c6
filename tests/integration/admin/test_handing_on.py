"""A member of staff learns that somebody else has a contact's number, or has a list that says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.integration.admin.test_imports import ANSWERS, _storage, owner, work
from tests.integration.admin.test_sequence_switches import staff
from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.privacy.import_models import ContactImport

__all__ = ["_empty_gateway", "_storage", "customer", "open_site", "owner", "queued"]

pytestmark = pytest.mark.django_db

MAY = ("view_contact", "change_consent", "see_numbers")


def hand_on(contact: Contact) -> str:
    return reverse("wagtail_drip_contacts:hand_on", args=[contact.pk])


def test_the_number_is_taken_from_the_contact_with_a_reason(
    customer: Any, queued: Any, open_site: int, now: datetime
) -> None:
    contact = customer()
    waiting = queued(contact)
    client = staff(*MAY)
    own = reverse("wagtail_drip_contacts:inspect", args=[contact.pk])

    before = client.get(own).content.decode()
    refused = client.post(hand_on(contact), {"reason": ""}).content.decode()
    untouched = Contact.objects.get().active_phone
    done = client.post(hand_on(contact), {"reason": "They called us."}, follow=True).content.decode()
    again = client.post(hand_on(contact), {"reason": "They called us."}, follow=True).content.decode()

    assert hand_on(contact) in before
    assert "Nothing was saved" in refused
    assert untouched == contact.phone
    assert "The number was taken from this contact" in done
    assert hand_on(contact) not in done
    assert "No longer agreed to marketing texts" in done
    assert "Said no" not in done
    assert "somebody else has the number by now" in done
    assert "number_released" not in done
    assert "Nothing was changed" in again
    assert Contact.objects.get().active_phone is None
    records = ConsentRecord.objects.filter(granted=False)
    assert {(row.method, row.source, row.wording, row.staff_user_id is not None) for row in records} == {
        ("staff", "number_released", "They called us.", True)
    }
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("cancelled", "no_phone")
    assert ModelLogEntry.objects.filter(action="wagtail_drip.release_number").count() == 1


def test_who_may_not_change_consent_takes_no_number(customer: Any) -> None:
    contact = customer()
    client = staff("view_contact")

    page = client.get(reverse("wagtail_drip_contacts:inspect", args=[contact.pk])).content.decode()
    answer = client.post(hand_on(contact), {"reason": "They called us."})

    assert hand_on(contact) not in page
    assert answer.status_code == 302
    assert Contact.objects.get().active_phone == contact.phone


def test_a_list_says_it_of_many_and_needs_its_day(owner: Any, customer: Any, open_site: int) -> None:
    customer("+447400100001")
    file = SimpleUploadedFile("deactivated.csv", b"Mobile\n07400 100001\n07400 100002\n")
    owner.post("/admin/text-messages/imports/", {"file": file, "site": open_site})
    row = ContactImport.objects.get()
    columns = reverse("wagtail_drip_imports:columns", args=[row.pk])
    page = reverse("wagtail_drip_imports:import", args=[row.pk])
    given = {**ANSWERS, "meant": "changed_hands"}

    refused = owner.post(columns, given).content.decode()
    owner.post(columns, {**given, "day": "2026-11-24"})
    work()
    foreseen = owner.get(page).content.decode()
    again = owner.get(columns).content.decode()
    owner.post(reverse("wagtail_drip_imports:start", args=[row.pk]))
    work()
    done = owner.get(page).content.decode()

    assert "Write the day by which these numbers had changed hands" in refused
    assert "Take these numbers from their contacts" in foreseen
    assert 'value="2026-11-24"' in again
    assert 'data-figure="let_go">1<' in done
    assert 'data-figure="unknown">1<' in done
    assert "Take this list back" not in done
    assert Contact.objects.get().active_phone is None
