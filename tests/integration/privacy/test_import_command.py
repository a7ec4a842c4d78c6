"""Lists taken in from the command line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase

from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.core import keys
from wagtail_drip.privacy import importing
from wagtail_drip.privacy.import_models import ContactImport

pytestmark = pytest.mark.django_db

TEXT = "Mobile,Name,Size\n07400 100001,Ada Lovelace,44\nnonsense,Grace,\n"
PROOF = ["--agreed-to", "marketing", "--source", "till", "--wording", "Text me.", "--agreed-at", "2026-01-15"]
MAPPED = ["--map", "phone=Mobile", "full_name=Name", "attribute:size:number=Size", "--region", "gb"]


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    yield
    importing._mine.let_go()


@pytest.fixture
def people(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_text(TEXT)
    return str(path)


def run(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with TestCase.captureOnCommitCallbacks(execute=True):
        call_command("drip_import_contacts", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(people: str, site_id: int) -> None:
    out, err = run(people, *MAPPED, *PROOF, "--dry-run")

    assert out.startswith("It would be: 1 new, 0 changed, 0 known, 1 agreed,")
    assert err == (
        "Line 3, Mobile: This is not a phone number. Enter digits, beginning with + and the country code.\n"
    )
    assert (Contact.objects.count(), ConsentRecord.objects.count()) == (0, 0)
    row = ContactImport.objects.get()
    assert (row.state, row.file.name) == ("stopped", "")


def test_people_come_in_with_what_they_agreed_to(people: str, site_id: int) -> None:
    out, _ = run(people, *MAPPED, *PROOF, "--tag", "List")

    assert out.startswith("Done: 1 new,")
    person = Contact.objects.get()
    assert (person.active_phone, person.name, person.attributes) == (
        "+447400100001",
        "Ada Lovelace",
        {"size": 44},
    )
    assert [each.tag for each in person.tags.all()] == ["list"]
    assert ConsentRecord.objects.get().method == "import"
    assert ContactImport.objects.get().state == "done"


def test_headers_are_read_where_nothing_is_mapped(people: str, site_id: int) -> None:
    run(people, "--region", "GB")

    assert Contact.objects.get().name == "Ada Lovelace"
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--map", "phone=Telephone"], "There is no column Telephone.", id="no such column"),
        pytest.param(["--map", "fax=Mobile"], "fax=Mobile is not FIELD=HEADER;", id="no such field"),
        pytest.param(["--map", "first_name=Name"], "Say which column is the phone number", id="nobody named"),
        pytest.param(["--agreed-to", "marketing"], "wording: This is part of the proof", id="no proof"),
        pytest.param(["--site", "elsewhere.example"], "There is no such site.", id="no such site"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    people: str, site_id: int, arguments: list[str], says: str
) -> None:
    with pytest.raises(CommandError) as refusal:
        run(people, "--region", "GB", *arguments)

    assert says in str(refusal.value)
    assert not Contact.objects.exists()
    assert not ContactImport.objects.exclude(state="stopped").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path, site_id: int) -> None:
    with pytest.raises(CommandError, match=r"nobody\.csv cannot be opened"):
        run(str(tmp_path / "nobody.csv"))


def test_a_list_of_numbers_that_are_never_texted_takes_nobody_in(people: str, site_id: int) -> None:
    out, err = run(people, "--never-text", "--region", "gb")

    assert out == "Done: 1 closed, 0 closed before, 0 contacts, 1 refused.\n"
    assert err.startswith("Line 3, Mobile: ")
    assert Contact.objects.count() == 0
    assert Suppression.objects.get().number_hash == keys.number_hash("+447400100001")


def test_a_list_of_such_numbers_needs_a_column_of_numbers(people: str, site_id: int) -> None:
    with pytest.raises(CommandError, match="which column is the phone number"):
        run(people, "--never-text", "--map", "full_name=Name")


def test_a_list_of_numbers_that_changed_hands_needs_a_date(people: str, site_id: int) -> None:
    out, _ = run(people, "--changed-hands", "2026-01-31", "--region", "gb")

    assert out == "Done: 0 let go, 0 still theirs, 1 unknown, 1 refused.\n"
    with pytest.raises(CommandError, match="2026-31-01 is no date"):
        run(people, "--changed-hands", "2026-31-01")
    with pytest.raises(CommandError, match="Choose --never-text or --changed-hands"):
        run(people, "--changed-hands", "2026-01-31", "--never-text")
