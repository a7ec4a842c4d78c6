"""Lists on screen: uploaded, named, checked, started, and never by who may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.integration.admin.test_sequence_switches import staff
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.privacy import importing
from wagtail_drip.privacy.import_models import ContactImport, RefusedLine

pytestmark = pytest.mark.django_db

INDEX = "/admin/text-messages/imports/"
TEXT = "手机,姓名,Shoe size\n07400 100001,王小明,44\nnonsense,=李雷,\n"


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path)
    yield
    importing._mine.let_go()


@pytest.fixture
def owner() -> Client:
    client = Client()
    user = User.objects.create_superuser("olga", "olga@shop.example", "pass")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def upload(client: Client, text: str = TEXT, *, site_id: int, encoding: str = "gb18030") -> ContactImport:
    file = SimpleUploadedFile("customers.csv", text.encode(encoding))
    response = client.post(INDEX, {"file": file, "site": site_id})
    row = ContactImport.objects.get()
    assert response.status_code == 302
    assert response["Location"] == reverse("wagtail_drip_imports:columns", args=[row.pk])
    return row


ANSWERS = {
    "column-0-field": "phone",
    "column-1-field": "full_name",
    "column-2-field": "attribute:number",
    "column-2-name": "",
    "region": "GB",
    "store": "import",
    "tags": "list",
    "overwrite": "",
    "groups": ["marketing"],
    "source": "till",
    "wording": "Text me offers.",
    "at": "2026-01-15",
}


def work() -> None:
    while importing.import_due(now=clock.now()):
        pass


def test_an_owner_takes_a_list_in_step_by_step(owner: Client, site_id: int) -> None:
    row = upload(owner, site_id=site_id)
    page = reverse("wagtail_drip_imports:import", args=[row.pk])
    columns = reverse("wagtail_drip_imports:columns", args=[row.pk])

    named = owner.get(columns).content.decode()
    checked = owner.post(columns, ANSWERS)
    work()
    foreseen = owner.get(page).content.decode()
    untouched = Contact.objects.count()
    for _ in range(2):  # a second press changes nothing
        owner.post(reverse("wagtail_drip_imports:start", args=[row.pk]))
    running = owner.get(page, {"part": 1}).content.decode()
    work()
    done = owner.get(page).content.decode()

    assert "王小明" in named
    assert '<option value="phone" selected>' in named
    assert '<option value="DE">Germany</option>' in named
    assert checked["Location"] == page
    assert 'data-figure="new">1<' in foreseen
    assert untouched == 0
    assert "data-at-work" in running
    assert "<html" not in running
    assert "data-at-work" not in done
    person = Contact.objects.get()
    assert (person.active_phone, person.attributes) == ("+447400100001", {"shoe_size": 44})
    assert ModelLogEntry.objects.filter(action="wagtail_drip.import_contacts").count() == 1


def test_every_refused_line_can_be_had_with_why_and_what_to_do(owner: Client, site_id: int) -> None:
    row = upload(owner, site_id=site_id)
    owner.post(reverse("wagtail_drip_imports:columns", args=[row.pk]), ANSWERS)
    work()

    answer: Any = owner.get(
        reverse("wagtail_drip_imports:refused", args=[row.pk]), headers={"accept-language": "zh-hans"}
    )

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("3,手机,")


def test_consent_without_proof_is_refused_and_names_what_lacks(owner: Client, site_id: int) -> None:
    row = upload(owner, site_id=site_id)

    answer = owner.post(
        reverse("wagtail_drip_imports:columns", args=[row.pk]), {**ANSWERS, "wording": " ", "at": ""}
    )

    row.refresh_from_db()
    assert (answer.status_code, row.state) == (200, "mapping")
    assert answer.content.decode().count("This is part of the proof: fill it in.") == 2


def test_a_wrong_guess_of_the_encoding_is_put_right(owner: Client, site_id: int) -> None:
    row = upload(owner, "Téléphone;Nom\n+447400100001;José\n", site_id=site_id, encoding="cp1252")
    columns = reverse("wagtail_drip_imports:columns", args=[row.pk])

    owner.post(columns, {"action": "read", "encoding": "gb18030", "delimiter": ","})
    wrong = owner.get(columns).content.decode()
    owner.post(columns, {"action": "read", "encoding": "cp1252", "delimiter": ";"})
    right = owner.get(columns).content.decode()

    assert "José" not in wrong
    assert "José" in right


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "The submitted file is empty.", id="nothing"),
        pytest.param(b"phone\n", "There is only a header in this file.", id="a header"),
        pytest.param(b"\xd0\xcf\x11\xe0" + b"0" * 99, "This is an old or a locked workbook.", id="an XLS"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", "This is no list.", id="a picture"),
    ],
)
def test_what_is_no_list_is_refused_with_a_remedy(
    owner: Client, site_id: int, data: bytes, sentence: str
) -> None:
    answer = owner.post(INDEX, {"file": SimpleUploadedFile("x.csv", data), "site": site_id})

    assert sentence in answer.content.decode()
    assert not ContactImport.objects.exists()


def test_who_may_see_contacts_may_not_import_them(owner: Client, site_id: int) -> None:
    row = upload(owner, site_id=site_id)
    clerk = staff("view_contact", "export_contact")

    answers = [
        clerk.get(INDEX),
        clerk.get(reverse("wagtail_drip_imports:columns", args=[row.pk])),
        clerk.post(reverse("wagtail_drip_imports:stop", args=[row.pk])),
        clerk.get(reverse("wagtail_drip_imports:refused", args=[row.pk])),
    ]

    row.refresh_from_db()
    assert {answer.status_code for answer in answers} <= {302, 403}
    assert row.state == "mapping"


def test_the_page_asks_as_little_whatever_was_refused(owner: Client, site_id: int) -> None:
    row = upload(owner, site_id=site_id)
    owner.post(reverse("wagtail_drip_imports:columns", args=[row.pk]), ANSWERS)
    work()
    owner.get(reverse("wagtail_drip_imports:import", args=[row.pk]))  # what is asked once a process is asked
    asked = []
    for count in (1, 50):
        RefusedLine.objects.bulk_create(
            RefusedLine(contact_import=row, line=1000 * count + number, reason="email")
            for number in range(count)
        )
        with CaptureQueriesContext(connection) as queries:
            owner.get(reverse("wagtail_drip_imports:import", args=[row.pk]))
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_an_owner_says_that_numbers_are_never_texted_and_takes_the_list_back(
    owner: Client, site_id: int
) -> None:
    row = upload(owner, site_id=site_id)
    page = reverse("wagtail_drip_imports:import", args=[row.pk])
    take_back = reverse("wagtail_drip_imports:take_back", args=[row.pk])
    # What the hidden part of the form would have said is not asked for.
    given = {**ANSWERS, "meant": "never_text", "source": "", "wording": "", "at": ""}
    owner.post(reverse("wagtail_drip_imports:columns", args=[row.pk]), given)
    work()

    foreseen = owner.get(page).content.decode()
    owner.post(reverse("wagtail_drip_imports:start", args=[row.pk]))
    work()
    done = owner.get(page).content.decode()
    closed = Suppression.objects.filter(lifted_at=None).count()
    asked = owner.get(take_back).content.decode()
    answers = [owner.post(take_back, follow=True).content.decode() for _ in range(2)]

    assert 'data-figure="closed">1<' in foreseen
    assert "Never text these numbers" in foreseen
    assert "Nobody on this list is given a permission" not in foreseen
    assert take_back in done
    assert (closed, Suppression.objects.filter(lifted_at=None).count()) == (1, 0)
    assert "customers.csv" in asked
    assert "1 number may be texted again" in answers[0]
    assert take_back not in answers[0]
    assert "Nothing was done" in answers[1]
    assert not Contact.objects.exists()
    assert ModelLogEntry.objects.filter(action="wagtail_drip.take_list_back").count() == 1


def test_a_list_that_is_half_taken_back_says_how_many_so_far(owner: Client, site_id: int) -> None:
    row = upload(owner, site_id=site_id)
    page = reverse("wagtail_drip_imports:import", args=[row.pk])
    take_back = reverse("wagtail_drip_imports:take_back", args=[row.pk])
    owner.post(reverse("wagtail_drip_imports:columns", args=[row.pk]), {**ANSWERS, "meant": "never_text"})
    work()
    owner.post(reverse("wagtail_drip_imports:start", args=[row.pk]))
    work()
    untouched = [owner.get(address).content.decode() for address in (page, take_back)]
    row.refresh_from_db()
    # As a chunk leaves it that was the last before the server was stopped.
    ContactImport.objects.filter(pk=row.pk).update(done={**row.done, "opening": 200})

    half = owner.get(page).content.decode()
    asked = owner.get(take_back).content.decode()
    seen = staff("import_contact").get(page).content.decode()
    after = owner.post(take_back, follow=True).content.decode()

    assert "data-opening" not in untouched[0]
    assert "taken back already" not in untouched[1]
    assert "200 numbers may be texted again so far" in half
    assert "press “Take this list back” again: it goes on from there" in half
    assert "200 numbers of it were taken back already; this goes on with the rest." in asked
    assert "200 numbers may be texted again so far" in seen
    assert "press “Take this list back”" not in seen
    assert "data-opening" not in after
    assert "201 numbers may be texted again" in after


def test_who_may_not_change_consent_takes_no_list_back(owner: Client, site_id: int) -> None:
    row = upload(owner, site_id=site_id)
    given = {**ANSWERS, "meant": "never_text"}
    owner.post(reverse("wagtail_drip_imports:columns", args=[row.pk]), given)
    work()
    owner.post(reverse("wagtail_drip_imports:start", args=[row.pk]))
    work()
    take_back = reverse("wagtail_drip_imports:take_back", args=[row.pk])
    importer = staff("import_contact")

    page = importer.get(reverse("wagtail_drip_imports:import", args=[row.pk])).content.decode()
    refused = [importer.get(take_back), importer.post(take_back)]

    assert take_back not in page
    assert {answer.status_code for answer in refused} == {302}
    assert Suppression.objects.filter(lifted_at=None).count() == 1
