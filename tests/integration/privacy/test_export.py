"""A person is shown everything that we hold of them, and nothing of anybody else."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.integration.privacy import story
from wagtail_drip.contacts.models import Contact, OptInRequest
from wagtail_drip.events.models import Event
from wagtail_drip.privacy import export, inventory
from wagtail_drip.stores import interest_actions
from wagtail_drip.stores.interest_models import InferredInterest, Interest
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def zebulon(site_id: int, now: datetime) -> Contact:
    contact = story.person(site_id=site_id, now=now)
    story.told(contact, site_id=site_id, now=now)
    return contact


def exported(contact_id: int, now: datetime) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(export.of_contact(contact_id, now=now)))
    return document


def test_every_table_of_people_is_in_it(zebulon: Contact, now: datetime) -> None:
    document = exported(zebulon.pk, now)

    assert (document["format"], document["version"]) == ("wagtail_drip.contact", 1)
    assert list(document["tables"]) == [each.name for each in inventory.of_people()]
    whole = json.dumps(document, ensure_ascii=False)
    assert [word for word in story.SECRETS if word not in whole] == []
    assert document["tables"]["Contact"][0]["phone"] == story.NUMBER
    assert document["tables"]["ConsentRecord"][0]["wording"] == "Text me."
    assert document["tables"]["InboundText"][0]["text"] == "More plumcake, please"
    assert document["tables"]["Suppression"][0]["scope_value"] == "default:+1"
    assert document["tables"]["Click"][0]["user_agent"] == "Mozilla/5.0 (Linux; Android 16) Plumcake"


def test_it_is_the_same_each_time(zebulon: Contact, now: datetime) -> None:
    assert "".join(export.of_contact(zebulon.pk, now=now)) == "".join(export.of_contact(zebulon.pk, now=now))


def test_nobody_elses_rows_are_in_it(zebulon: Contact, site_id: int, now: datetime) -> None:
    other = reachable_contact(first_name="Ada")

    tables = exported(other.pk, now)["tables"]

    assert {name: len(rows) for name, rows in tables.items() if rows} == {
        "Contact": 1,
        "ConsentRecord": 2,
        "Permission": 2,
    }


def test_interests_are_named(zebulon: Contact, site_id: int, now: datetime) -> None:
    coffee, tea = (Interest.objects.create(name=name, words=name.lower()) for name in ("Coffee", "Tea"))
    interest_actions.state_many({zebulon.pk: {coffee.pk}}, source="form", now=now)
    InferredInterest.objects.create(contact=zebulon, interest=tea, lasts_until=now)
    request = OptInRequest.objects.create(
        contact=zebulon, site_id=site_id, purpose_group="marketing", source="/tea/", wording="Text me.",
        interests=[tea.pk, 999_999], token="t", requested_at=now, expires_at=now,
    )  # fmt: skip

    tables = exported(zebulon.pk, now)["tables"]

    named = [(row["interest_id"], row["interest_name"]) for row in tables["StatedInterest"]]
    assert (coffee.pk, "Coffee") in named
    assert (tea.pk, "Tea") in [
        (row["interest_id"], row["interest_name"]) for row in tables["InferredInterest"]
    ]
    (asked,) = [row for row in tables["OptInRequest"] if row["id"] == request.pk]
    assert (asked["interests"], asked["interest_names"]) == ([tea.pk, 999_999], ["Tea", None])


def test_who_was_merged_is_in_it(zebulon: Contact, now: datetime) -> None:
    Contact.objects.create(merged_into=zebulon, email="old@quiggle.example", created_at=now, changed_at=now)

    rows = exported(zebulon.pk, now)["tables"]["Contact"]

    assert [row["email"] for row in rows] == ["zeb@quiggle.example", "old@quiggle.example"]


def test_it_asks_as_often_however_much_there_is(
    zebulon: Contact, now: datetime, site_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            exported(zebulon.pk, now)
        return len(asked)

    few = queries()
    Event.objects.bulk_create(
        [
            Event(
                contact=zebulon,
                site_id=site_id,
                store="oscar",
                name="n",
                key=str(n),
                occurred_at=now,
                recorded_at=now,
            )
            for n in range(300)
        ]
    )

    assert queries() == few


def test_the_command_writes_a_file_and_the_log_says_who_did_it(zebulon: Contact, tmp_path: Path) -> None:
    file = tmp_path / "person.json"

    call_command("drip_export_contact", story.NUMBER, "--output", str(file), stdout=StringIO())

    assert json.loads(file.read_text())["tables"]["Contact"][0]["first_name"] == "Zebulon"
    entry = ModelLogEntry.objects.get(action="wagtail_drip.export_contact")
    assert (entry.object_id, entry.label) == (str(zebulon.pk), f"Contact {zebulon.pk}")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param("+447400000000", "Nobody is known", id="an unknown number"),
        pytest.param("nonsense", "Give a contact's id", id="nonsense"),
        pytest.param("twice@shop.example", "name one by its id", id="an address that two have"),
    ],
)
def test_a_name_that_means_nobody_is_refused(db: None, now: datetime, name: str, complaint: str) -> None:
    for _ in range(2):
        Contact.objects.create(email="twice@shop.example", created_at=now, changed_at=now)

    with pytest.raises(CommandError, match=complaint):
        call_command("drip_export_contact", name)

    assert not ModelLogEntry.objects.filter(action="wagtail_drip.export_contact").exists()


def staff(*codenames: str) -> Client:
    user = get_user_model().objects.create_user("staff", password="staff")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *codenames]))
    client = Client()
    client.force_login(user)
    return client


def test_staff_download_it(zebulon: Contact) -> None:
    client = staff("view_contact", "export_contact", "see_numbers")
    page = client.get(reverse("wagtail_drip_contacts:inspect", args=[zebulon.pk]))

    answer: Any = client.post(reverse("wagtail_drip_contacts:export", args=[zebulon.pk]))

    assert "Download everything we hold" in page.content.decode()
    assert answer["Content-Disposition"] == f'attachment; filename="contact-{zebulon.pk}.json"'
    assert json.loads(b"".join(answer.streaming_content))["contact_ids"] == [zebulon.pk]
    entry = ModelLogEntry.objects.get(action="wagtail_drip.export_contact")
    assert entry.user is not None
    assert entry.user.get_username() == "staff"


def test_without_the_permission_there_is_no_button_and_no_download(zebulon: Contact) -> None:
    client = staff("view_contact")
    page = client.get(reverse("wagtail_drip_contacts:inspect", args=[zebulon.pk]))

    answer = client.post(reverse("wagtail_drip_contacts:export", args=[zebulon.pk]))

    assert "Download everything we hold" not in page.content.decode()
    assert answer.status_code == 302
    assert not ModelLogEntry.objects.filter(action="wagtail_drip.export_contact").exists()
