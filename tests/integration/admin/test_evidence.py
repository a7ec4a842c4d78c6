"""The proof of what one contact agreed to, and a change that a member of staff notes."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.integration.inbox.test_sign_ups import ASK, WORDING, reply, send, sign_up, site
from tests.integration.messaging.conftest import _empty_gateway, open_site
from wagtail_drip.admin.contacts import evidence
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.contacts.models import Permission as ContactPermission
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.messaging.models import Message, Receipt
from wagtail_drip.privacy import erase

__all__ = ["_empty_gateway", "open_site", "site"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def person(site: int, now: datetime) -> Contact:
    """Somebody who filled in a form, was asked, said yes, and stopped later."""
    sign_up(site, now)
    send(now)
    message = Message.objects.get()
    Receipt.objects.create(message=message, gateway="default", reference=message.reference, status="delivered", recorded_at=now)  # fmt: skip
    reply("Yes please", now + timedelta(minutes=1))
    reply("STOP", now + timedelta(minutes=2))
    return Contact.objects.get()


def staff(*names: str) -> Client:
    user = User.objects.create_user("grace", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *names]))
    client = Client()
    client.force_login(user)
    return client


def address(name: str, contact: Contact) -> str:
    return reverse(f"wagtail_drip_contacts:{name}", args=[contact.pk])


def test_the_page_tells_the_whole_story(person: Contact) -> None:
    page = staff("view_contact", "see_numbers").get(address("evidence", person)).content.decode()

    assert "No record was changed, taken away or put between" in page
    for words in (WORDING, ASK, "Yes please", "192.0.2.1", "page 7, revision 31", "/tea/", "STOP"):
        assert words in page
    assert "Download the proof" not in page


def test_the_download_can_be_checked_with_sha_256_alone(person: Contact) -> None:
    response = staff("view_contact", "export_contact", "see_numbers").get(
        address("evidence_download", person)
    )

    assert response["Content-Disposition"] == f'attachment; filename="consent-{person.pk}.json"'
    told = json.loads(response.content)
    assert (told["is_whole"], len(told["records"]), told["chains"][0]["records"]) == (True, 2, 2)
    [request] = told["requests"]
    assert (request["question"]["text"], request["reply"]["text"], request["state"]) == (
        ASK,
        "Yes please",
        "confirmed",
    )
    assert [receipt["status"] for receipt in request["question"]["receipts"]] == ["delivered"]

    def digest(*parts: Any) -> str:
        text = json.dumps(list(parts), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    previous = ""
    for record in told["records"]:
        personal = digest(record["salt"], record["wording"], record["ip"])
        assert record["digest"] == digest(1, previous, record["content"], personal)
        previous = record["digest"]
    assert told["chains"][0]["head"] == previous


def test_who_may_see_may_not_take_away(person: Contact) -> None:
    client = staff("view_contact")

    assert client.get(address("evidence_download", person)).status_code == 302
    assert client.get(address("consent", person)).status_code == 302
    assert client.get(address("evidence", person)).status_code == 200


def test_a_record_that_was_changed_is_marked(person: Contact) -> None:
    QuerySet(ConsentRecord).filter(granted=True).update(wording="Text me thrice a day")

    page = staff("view_contact").get(address("evidence", person)).content.decode()

    assert "Somebody has changed records past this program" in page
    assert "Words or address changed after it was written" in page


def test_a_proof_of_many_records_takes_no_more_queries(person: Contact, site: int, now: datetime) -> None:
    client = staff("view_contact")
    client.get(address("evidence", person))
    with CaptureQueriesContext(connection) as few:
        client.get(address("evidence", person))
    for number in range(20):
        answer = Consent(
            group=PurposeGroup.MARKETING,
            granted=bool(number % 2),
            source="t",
            method=ConsentMethod.API,
            topic=f"t{number}",
        )
        contacts.record_consent(contact_id=person.pk, site_id=site, consent=answer, now=now)
    for day in range(2, 6):
        sign_up(site, now + timedelta(days=day), topic=f"n{day}")

    with CaptureQueriesContext(connection) as many:
        client.get(address("evidence", person))

    assert len(many) == len(few)


def test_of_whom_nothing_was_recorded_the_page_says_so(now: datetime, site: int) -> None:
    nobody = Contact.objects.create(created_at=now, changed_at=now)

    page = staff("view_contact").get(address("evidence", nobody)).content.decode()

    assert "Nothing was ever recorded of this contact." in page


def note(client: Client, person: Contact, site: int, **fields: str) -> Any:
    data = {"site": str(site), "group": "marketing", "topic": "", "answer": "no", "reason": "By phone today"}
    return client.post(address("consent", person), {**data, **fields}, follow=True)


def test_a_change_is_recorded_with_who_noted_it_and_why(site: int, now: datetime) -> None:
    person = Contact.objects.create(created_at=now, changed_at=now)
    client = staff("view_contact", "change_consent")

    note(client, person, site, answer="yes", topic="tea")
    note(client, person, site)

    yes, no = ConsentRecord.objects.order_by("pk")
    assert (yes.granted, yes.topic, yes.method, yes.source, yes.wording) == (
        True,
        "tea",
        "staff",
        "staff:grace",
        "By phone today",
    )
    assert yes.staff_user is not None
    assert yes.staff_user.username == "grace"
    assert no.granted is False
    assert set(ContactPermission.objects.values_list("topic", "granted")) == {("", False), ("tea", False)}


def test_without_a_reason_nothing_is_recorded(site: int, now: datetime) -> None:
    person = Contact.objects.create(created_at=now, changed_at=now)

    page = note(staff("view_contact", "change_consent"), person, site, reason="").content.decode()

    assert "Nothing was saved" in page
    assert ConsentRecord.objects.count() == 0


def test_a_yes_noted_by_staff_lifts_no_stop(person: Contact, site: int, now: datetime) -> None:
    client = staff("view_contact", "change_consent")
    assert "only they can, by texting START" in client.get(address("consent", person)).content.decode()

    page = note(client, person, site, answer="yes").content.decode()

    assert "Nothing is sent all the same until they text START." in page
    assert "This number said stop" in page


def test_erasing_the_person_leaves_the_proof_whole(person: Contact, now: datetime) -> None:
    erase.begin(person.pk, now=now)
    while erase.erase_due(now=now + timedelta(hours=1)):
        pass

    found = evidence.gather(Contact.objects.get(pk=person.pk))

    assert (found.is_whole, [verified.erased for _, _, verified in found.chains]) == (True, [2])
    told = json.dumps(evidence.as_json(found, now=now), ensure_ascii=False)
    for gone in ("192.0.2.1", "Yes please", "+447700900123"):
        assert gone not in told
    assert [entry.record.granted for entry in found.entries] == [False, True]
