"""Lists taken in: what is foreseen comes, and nobody who said no is opened."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage

from tests.integration.privacy.lists import PROOF, _storage, imported, numbers, plan, said, uploaded, worked
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection
from wagtail_drip.contacts.models import (
    ConsentRecord,
    Contact,
    ContactDate,
    ContactIdentity,
    ContactTag,
    Permission,
)
from wagtail_drip.contacts.types import Identity
from wagtail_drip.privacy import import_actions
from wagtail_drip.privacy.import_models import ImportedKey, RefusedLine
from wagtail_drip.privacy.import_plan import Column, Plan, Proof

__all__ = ["_storage"]

pytestmark = pytest.mark.django_db


def test_people_come_in_with_all_that_is_told_of_them_and_the_proof_of_what_they_agreed_to(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    text = (
        "Mobile,Name,E-mail,Tags,Size,Birthday,No\n"
        '07400 100001,Ada Lovelace,Ada@Shop.example,"vip; Wholesale",44,1990-05-17,A1\n'
    )
    how = plan(
        "phone",
        "full_name",
        "email",
        "tags",
        "attribute:size:number",
        "attribute:birthday:date",
        "external_id",
        region="GB",
        tags=["list"],
        proof=PROOF,
    )

    with django_capture_on_commit_callbacks(execute=True):
        row = imported(text, how, now=now)
    row.refresh_from_db()

    assert (row.state, row.total, row.error) == ("done", 1, "")
    assert numbers(row.foreseen) == numbers(row.done) == {"new": 1, "agreed": 1}
    person = Contact.objects.get()
    assert (person.active_phone, person.region, person.name) == ("+447400100001", "GB", "Ada Lovelace")
    assert (person.email, person.attributes) == ("ada@shop.example", {"size": 44, "birthday": "1990-05-17"})
    assert set(ContactTag.objects.values_list("tag", flat=True)) == {"vip", "wholesale", "list"}
    assert ContactDate.objects.get().month == 5
    assert ContactIdentity.objects.get().value == "A1"
    record = ConsentRecord.objects.get()
    assert (record.method, record.source, record.wording) == ("import", "till form 3", "Text me offers.")
    assert record.at.date().isoformat() == "2026-01-15"
    assert Permission.objects.get().granted
    assert projection.differences() == []
    assert not row.file
    assert not ImportedKey.objects.exists()
    assert default_storage.listdir("wagtail_drip/imports")[1] == []


def test_the_check_writes_nothing(now: datetime) -> None:
    row = uploaded("phone\n+447400100001\n+447400100002\n", now=now)

    import_actions.check(row, plan("phone", proof=PROOF), now=now)
    worked(row, now=now, limit=1)

    assert (row.state, numbers(row.foreseen)) == ("checked", {"new": 2, "agreed": 2})
    assert (Contact.objects.count(), ConsentRecord.objects.count()) == (0, 0)


@pytest.mark.parametrize("agreed_at", ["2026-01-15", "2026-11-20"], ids=["before the no", "after the no"])
def test_a_no_of_their_own_stands_whatever_the_list_says(now: datetime, agreed_at: str) -> None:
    now = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
    known = contacts.identify(Identity(phone="+447400100001"), now=now)
    said(known.pk, True, at=now - timedelta(days=20))
    said(known.pk, False, at=now - timedelta(days=10))
    proof = Proof(groups=["marketing"], source="x", wording="y", at=agreed_at)

    row = imported("phone,first\n+447400100001,Ada\n", plan("phone", "first_name", proof=proof), now=now)

    assert numbers(row.foreseen) == numbers(row.done) == {"changed": 1, "opted_out": 1}
    assert not Permission.objects.get().granted
    assert ConsentRecord.objects.count() == 2
    assert Contact.objects.get().first_name == "Ada"


def test_a_suppressed_number_agrees_to_nothing_and_who_is_unknown_stays_out(now: datetime) -> None:
    contacts.identify(Identity(phone="+447400100001"), now=now)
    for number in ("+447400100001", "+447400100002"):
        compliance.suppress(phone=number, scope="all", reason="stop_keyword", source="test", now=now)

    row = imported("phone\n+447400100001\n+447400100002\n", plan("phone", proof=PROOF), now=now)

    assert numbers(row.foreseen) == numbers(row.done) == {"known": 1, "suppressed": 2, "refused": 1}
    assert Contact.objects.count() == 1
    assert not ConsentRecord.objects.exists()
    assert list(RefusedLine.objects.values_list("line", "reason")) == [(3, "suppressed")]


def test_a_column_of_answers_opens_closes_and_leaves_alone(now: datetime) -> None:
    for last in (2, 4):
        known = contacts.identify(Identity(phone=f"+44740010000{last}"), now=now)
        said(known.pk, True, at=now - timedelta(days=20))
    text = "phone,ok\n+447400100001,yes\n+447400100002,Unsubscribed\n+447400100003,\n+447400100004,是\n"

    row = imported(text, plan("phone", "agreed", proof=PROOF), now=now)

    assert numbers(row.done) == {"new": 2, "known": 2, "agreed": 1, "withdrawn": 1}
    granted = {each.contact.phone[-1]: each.granted for each in Permission.objects.select_related("contact")}
    assert granted == {"1": True, "2": False, "4": True}


def test_what_we_know_is_kept_unless_the_list_is_right(now: datetime) -> None:
    text = "phone,first,last\n+447400100001,Augusta,Lovelace\n"
    known = contacts.identify(Identity(phone="+447400100001", first_name="Ada"), now=now)

    imported(text, plan("phone", "first_name", "last_name"), now=now)
    known.refresh_from_db()
    kept = known.name
    imported(text, plan("phone", "first_name", "last_name", overwrite=True), now=now)
    known.refresh_from_db()

    assert (kept, known.name) == ("Ada Lovelace", "Augusta Lovelace")


def test_lines_are_refused_with_their_number_their_column_and_why(now: datetime) -> None:
    text = (
        "Mobile,Mail\n+447400100001,\n07400100002,\n+447400100003,nonsense\n,\n"
        '"+447400100001","a@shop.example"\n4.474E+11,\n"two\nlines",\n,b@shop.example\n'
    )

    row = imported(text, plan("phone", "email"), now=now)

    assert list(row.refused.order_by("line").values_list("line", "column", "reason", "other_line")) == [
        (3, "Mobile", "no_country_chosen", None),
        (4, "Mail", "email", None),
        (6, "", "repeated", 2),
        (7, "Mobile", "shortened", None),
        (8, "Mobile", "phone_no_number", None),
    ]
    assert row.done["reasons"]["repeated"] == 1
    assert numbers(row.done) == {"new": 2, "refused": 5}


def test_the_keys_of_another_system_lead_to_the_person_and_follow_to_a_new_number(now: datetime) -> None:
    known = contacts.identify(Identity(store="import", external_id="A1", email="a@shop.example"), now=now)

    imported("id,phone\nA1,+447400100001\n", plan("external_id", "phone"), now=now)
    known.refresh_from_db()
    first = known.active_phone
    imported("id,phone\nA1,+447400100002\n", plan("external_id", "phone"), now=now)

    assert first == "+447400100001"
    assert Contact.objects.count() == 2
    assert ContactIdentity.objects.get().contact.active_phone == "+447400100002"


def test_a_workbook_says_the_same_as_a_text(now: datetime) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["手机", "姓名", "生日"])
    sheet.append([447400100001, "王小明", datetime(1990, 5, 17)])  # noqa: DTZ001 -- cells know no zone
    sheet.append([])
    sheet.append(["'+44 7400 100002", "李雷", None])
    file = io.BytesIO()
    book.save(file)
    how = Plan(
        columns=[
            Column(place=0, field="phone"),
            Column(place=1, field="full_name"),
            Column(place=2, field="attribute", name="birthday", type="date"),
        ],
        region="GB",
    )

    row = imported(file.getvalue(), how, now=now)

    assert (row.layout["kind"], row.columns, numbers(row.done)) == (
        "xlsx",
        ["手机", "姓名", "生日"],
        {"new": 2},
    )
    assert list(Contact.objects.order_by("pk").values_list("active_phone", "first_name", "attributes")) == [
        ("+447400100001", "王小明", {"birthday": "1990-05-17"}),
        ("+447400100002", "李雷", {}),
    ]
