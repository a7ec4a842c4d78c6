"""Lists taken in: what is foreseen comes, nobody who said no is opened, and a worker that dies loses nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection, taking_in
from wagtail_drip.contacts.models import (
    ConsentRecord,
    Contact,
    ContactDate,
    ContactIdentity,
    ContactTag,
    Permission,
)
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.privacy import import_actions, importing
from wagtail_drip.privacy.import_models import ContactImport, ImportedKey, RefusedLine
from wagtail_drip.privacy.import_plan import Column, Plan, Proof

pytestmark = pytest.mark.django_db

PROOF = Proof(groups=["marketing"], source="till form 3", wording="Text me offers.", at="2026-01-15")


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path)
    yield
    importing._mine.let_go()


def uploaded(text: str | bytes, *, now: datetime, name: str = "people.csv") -> ContactImport:
    data = text.encode() if isinstance(text, str) else text
    site = Site.objects.get(is_default_site=True)
    return import_actions.upload(io.BytesIO(data), name=name, site_id=site.pk, now=now)


def plan(*fields: str, **options: Any) -> Plan:
    """Return a plan for columns in this order; an attribute is written ``attribute:name:type``."""
    columns = []
    for place, each in enumerate(fields):
        field, name, kind = (*each.split(":"), "", "text")[:3] if ":" in each else (each, "", "text")
        columns.append(Column(place=place, field=field, name=name, type=kind or "text"))
    return Plan(columns=columns, **options)


def worked(row: ContactImport, *, now: datetime, limit: int | None = None) -> ContactImport:
    while importing.import_due(now=now, limit=limit):
        pass
    row.refresh_from_db()
    return row


def imported(text: str | bytes, how: Plan, *, now: datetime, limit: int | None = None) -> ContactImport:
    row = uploaded(text, now=now)
    assert import_actions.check(row, how, now=now)
    worked(row, now=now, limit=limit)
    assert row.state == "checked", (row.state, row.error)
    assert import_actions.start(row, now=now)
    return worked(row, now=now, limit=limit)


def numbers(counts: dict[str, Any]) -> dict[str, Any]:
    return {name: number for name, number in counts.items() if number and name != "reasons"}


def said(contact_id: int, granted: bool, *, at: datetime) -> None:
    consent = Consent(
        group=PurposeGroup.MARKETING, granted=granted, source="test", method=ConsentMethod.WEB_FORM, at=at
    )
    site = Site.objects.get(is_default_site=True)
    contacts.record_consent(contact_id=contact_id, site_id=site.pk, consent=consent, now=at)


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


def test_whatever_a_chunk_s_size_the_outcome_is_the_same(now: datetime) -> None:
    lines = [f"+4474001{number:05d},{number}" for number in range(30)] + ["+447400100003,again", "07,x"]
    for limit in (1, 7, 1000):
        Contact.objects.all().delete()
        row = imported("phone,first\n" + "\n".join(lines), plan("phone", "first_name"), now=now, limit=limit)
        assert (numbers(row.done), Contact.objects.count()) == ({"new": 30, "refused": 2}, 30), limit


def test_a_chunk_takes_as_many_queries_for_forty_as_for_four(now: datetime) -> None:
    how = plan("phone", "first_name", "external_id", "tags", "attribute:size", "email",
               overwrite=True, proof=PROOF)  # fmt: skip
    taken = []
    for count in (4, 40):
        for number in range(0, count, 2):
            contacts.identify(
                Identity(phone=f"+447400{count:03d}{number:03d}", first_name="Old", store="import",
                         external_id=f"{count}-{number}"), now=now)  # fmt: skip
        lines = [
            f"+447400{count:03d}{number:03d},N{number},{count}-{number},vip,{number},a{number}@shop.example"
            for number in range(count)
        ]
        row = uploaded("a,b,c,d,e,f\n" + "\n".join(lines), now=now)
        import_actions.check(row, how, now=now)
        with CaptureQueriesContext(
            connection,
        ) as checking:
            worked(row, now=now, limit=100)
        import_actions.start(row, now=now)
        with CaptureQueriesContext(connection) as running:
            worked(row, now=now, limit=100)
        assert numbers(row.done) == {"new": count // 2, "changed": count // 2, "agreed": count}
        taken.append((len(checking), len(running)))

    assert taken[0] == taken[1]


def test_a_worker_that_dies_in_a_chunk_loses_that_chunk_only(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = uploaded("phone\n" + "\n".join(f"+4474001{number:05d}" for number in range(10)), now=now)
    import_actions.check(row, plan("phone", proof=PROOF), now=now)
    worked(row, now=now)
    import_actions.start(row, now=now)
    importing.import_due(now=now, limit=4)
    note = import_actions.note_chunk

    def die(*args: Any, **kwargs: Any) -> None:
        note(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(import_actions, "note_chunk", die)
    with pytest.raises(KeyboardInterrupt):
        importing.import_due(now=now, limit=4)
    monkeypatch.setattr(import_actions, "note_chunk", note)
    row.refresh_from_db()
    left = (row.position, Contact.objects.count(), numbers(row.done))
    importing._mine.let_go()
    importing._mine.token = "another worker"
    waits = importing.import_due(now=now, limit=4)
    row = worked(row, now=now + timedelta(seconds=20), limit=4)

    assert left == (4, 4, {"new": 4, "agreed": 4})
    assert waits == 0
    assert (row.state, numbers(row.done)) == ("done", {"new": 10, "agreed": 10})
    assert (Contact.objects.count(), ConsentRecord.objects.count()) == (10, 10)


def test_a_list_that_kills_whoever_opens_it_is_given_up(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    import_actions.check(row, plan("phone"), now=now)

    def die(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "_Open", die)
    for attempt in range(import_actions.TRIES):
        with pytest.raises(KeyboardInterrupt):
            importing.import_due(now=now + timedelta(hours=attempt))
    row = worked(row, now=now + timedelta(days=1))

    assert (row.state, row.error) == ("failed", "broken")


def test_of_two_who_start_one_list_only_one_does(now: datetime) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    import_actions.check(row, plan("phone"), now=now)
    worked(row, now=now)

    assert [import_actions.start(row, now=now), import_actions.start(row, now=now)] == [True, False]


def test_a_paused_list_stands_still_goes_on_and_can_be_stopped(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    row = uploaded("phone\n" + "\n".join(f"+4474001{number:05d}" for number in range(6)), now=now)
    import_actions.check(row, plan("phone"), now=now)
    worked(row, now=now)
    import_actions.start(row, now=now)
    importing.import_due(now=now, limit=2)

    paused = import_actions.pause(row)
    idle = importing.import_due(now=now, limit=2)
    resumed = import_actions.resume(row, now=now)
    importing.import_due(now=now, limit=2)
    with django_capture_on_commit_callbacks(execute=True):
        stopped = import_actions.stop(row, now=now)
    row = worked(row, now=now)

    assert (paused, idle, resumed, stopped) == (True, 0, True, True)
    assert (row.state, Contact.objects.count(), row.file.name) == ("stopped", 4, "")


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


def test_a_file_that_has_gone_ends_the_import_and_says_so(now: datetime) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    row.file.storage.delete(row.file.name)

    import_actions.check(row, plan("phone"), now=now)
    row = worked(row, now=now)

    assert (row.state, row.error) == ("failed", "gone")


def test_lists_that_nobody_goes_on_with_are_taken_away(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    name = row.file.name

    import_actions.sweep(now=now + timedelta(days=13))
    kept = default_storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        import_actions.sweep(now=now + timedelta(days=15))
    row.refresh_from_db()

    assert (kept, default_storage.exists(name), row.state) == (True, False, "stopped")


def test_who_is_merged_in_the_middle_of_a_chunk_is_looked_up_again(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = contacts.identify(Identity(store="import", external_id="A1"), now=now)
    head = contacts.identify(Identity(phone="+447400100009"), now=now)
    row = uploaded("id,first\nA1,Ada\n", now=now)
    import_actions.check(row, plan("external_id", "first_name"), now=now)
    worked(row, now=now)
    import_actions.start(row, now=now)
    lock, merged = taking_in._locked, []

    def merge_then_lock(found: Any) -> Any:
        if not merged:
            merged.append(Contact.objects.filter(pk=known.pk).update(merged_into=head))
        return lock(found)

    monkeypatch.setattr(taking_in, "_locked", merge_then_lock)
    row = worked(row, now=now)

    # The merge was rolled back with its chunk, and the chunk was done anew.
    assert merged == [1]
    assert (row.state, numbers(row.done)) == ("done", {"changed": 1})
    assert Contact.objects.get(first_name="Ada").pk == known.pk
