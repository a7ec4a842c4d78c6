"""The list of contacts: found by whatever is known of them, and handed out without harm and on record."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.integration.admin.test_sequence_switches import staff
from wagtail_drip.admin import safe_cells
from wagtail_drip.admin.contacts import lists
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db

LIST = "/admin/text-messages/contacts/"


@pytest.fixture
def owner() -> Client:
    client = Client()
    user = User.objects.create_superuser("olga", "olga@shop.example", "pass")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def exported(client: Client, **query: Any) -> list[list[str]]:
    answer: Any = client.get(LIST, {"export": "csv", **query})
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "query", ["+447400 100001", "07400 100001", "0044 7400-100001", "(07400) 100", "Ada", "ada@shop"]
)
def test_somebody_is_found_by_name_address_or_number_as_it_is_dialled(
    owner: Client, site_id: int, query: str
) -> None:
    reachable_contact(first_name="Ada", email="ada@shop.example", phone="+447400100001")
    reachable_contact(first_name="Grace", email="grace@shop.example", phone="+447400200002")

    found = owner.get(LIST, {"q": query}).content.decode()

    assert "Ada" in found
    assert "Grace" not in found


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("＝1", "'＝1"),
        ("+447400100001", "+447400100001"),
        ("-5.5", "-5.5"),
        ("Ada = 1", "Ada = 1"),
        ("", ""),
        (3, 3),
    ],
)
def test_no_cell_is_a_formula(text: Any, cell: Any) -> None:
    assert safe_cells.safe(text) == cell


def test_a_file_holds_what_the_list_shows_and_the_log_who_took_it(owner: Client, site_id: int) -> None:
    ada = reachable_contact(first_name="=HYPERLINK(1)", phone="+447400100001")
    reachable_contact(first_name="Grace", phone="+447400200002", agreed_to=())
    change_tags(add=[(ada.pk, "vip"), (ada.pk, "club")], now=clock.now())

    rows = exported(owner, tag="vip")

    assert [row[0] for row in rows] == ["First name", "'=HYPERLINK(1)"]
    assert rows[1][2:5] == ["+447400100001", "", "GB"]
    assert rows[1][7:9] == ["club, vip", "Agreed"]
    entry = ModelLogEntry.objects.get(action="wagtail_drip.export_contacts")
    assert entry.data == {"number": 1, "format": "csv", "filters": ["tag"]}
    assert entry.user is not None
    assert entry.user.get_username() == "olga"


def test_a_workbook_runs_nothing_either(owner: Client, site_id: int) -> None:
    reachable_contact(first_name="=1+1", last_name="a\x0bb", phone="+447400100001")

    answer: Any = owner.get(LIST, {"export": "xlsx"})

    sheet: Any = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    cell = sheet.cell(2, 1)
    assert (cell.value, cell.data_type, sheet.cell(2, 2).value) == ("=1+1", "s", "ab")


def test_a_file_takes_two_queries_a_chunk_and_no_more_for_its_length(
    owner: Client, site_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 1000)
    now = clock.now()
    exported(owner)  # what a process reads once
    asked = []
    for count in (3, 40):
        Contact.objects.bulk_create(
            Contact(first_name=f"{count}-{number}", created_at=now, changed_at=now) for number in range(count)
        )
        with CaptureQueriesContext(connection) as queries:
            rows = exported(owner)
        asked.append((len(queries), len(rows)))

    assert asked[0][0] == asked[1][0]
    assert [number for _, number in asked] == [4, 44]


def test_whoever_may_see_contacts_may_not_take_them_away(site_id: int) -> None:
    reachable_contact(first_name="Ada")
    clerk = staff("view_contact")

    answer = clerk.get(LIST, {"export": "csv"})

    assert answer.status_code in (302, 403)
    assert not ModelLogEntry.objects.filter(action="wagtail_drip.export_contacts").exists()


def bulk(action: str, *ids: Any, **query: str) -> str:
    given = QueryDict(mutable=True)
    given.setlist("id", [str(each) for each in ids])
    listed = QueryDict(mutable=True)
    listed.update(query)
    given["next"] = f"{LIST}?{listed.urlencode()}"
    address = reverse("wagtail_bulk_action", args=["wagtail_drip", "contact", action])
    return f"{address}?{given.urlencode()}"


def crowd() -> list[Contact]:
    now = clock.now()
    Contact.objects.bulk_create(
        Contact(first_name=f"{'Ada' if number % 2 else 'Grace'} {number}", created_at=now, changed_at=now)
        for number in range(6)
    )
    return list(Contact.objects.order_by("pk"))


def test_a_tag_goes_to_everybody_of_the_list_as_it_is_narrowed_and_to_nobody_else(
    owner: Client, site_id: int
) -> None:
    people = crowd()

    asked = owner.get(bulk("add_tag", "all", q="Ada")).content.decode()
    answer = owner.post(bulk("add_tag", "all", q="Ada"), {"tag": " VIP "})

    assert "3 contacts" in asked
    assert answer["Location"] == f"{LIST}?q=Ada"
    tagged = Contact.objects.filter(tags__tag="vip").order_by("pk")
    assert list(tagged) == [each for each in people if each.first_name.startswith("Ada")]
    entry = ModelLogEntry.objects.get(action="wagtail_drip.tag_contacts")
    assert entry.data == {"tag": "vip", "number": 3, "added": True}


def test_a_filter_narrows_it_as_well_and_a_tag_is_taken_from_whom_it_names(
    owner: Client, site_id: int
) -> None:
    people = crowd()
    change_tags(add=[(each.pk, "club") for each in people[:3]] + [(people[5].pk, "vip")], now=clock.now())

    owner.post(bulk("add_tag", "all", tag="club"), {"tag": "vip"})
    owner.post(bulk("remove_tag", people[0].pk, people[1].pk), {"tag": "VIP"})

    assert list(Contact.objects.filter(tags__tag="vip").order_by("pk")) == [people[2], people[5]]


def test_tagging_asks_as_much_for_forty_as_for_four(owner: Client, site_id: int) -> None:
    now, asked = clock.now(), []
    owner.post(bulk("add_tag", "all", q="none"), {"tag": "x"})
    for count in (4, 40):
        Contact.objects.bulk_create(
            Contact(first_name=f"of{count}", created_at=now, changed_at=now) for _ in range(count)
        )
        with CaptureQueriesContext(connection) as queries:
            owner.post(bulk("add_tag", "all", q=f"of{count}"), {"tag": "x"})
        assert Contact.objects.filter(tags__tag="x", first_name=f"of{count}").count() == count
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_who_may_only_see_contacts_has_no_boxes_to_tick_and_tags_nobody(site_id: int) -> None:
    people = crowd()
    clerk = staff("view_contact")

    shown = clerk.get(LIST).content.decode()
    answer = clerk.post(bulk("add_tag", people[0].pk), {"tag": "vip"})

    assert "data-bulk-action-checkbox" not in shown
    assert answer.status_code in (302, 403)
    assert not Contact.objects.filter(tags__tag="vip").exists()


def test_nothing_else_than_the_list_can_be_everybody(owner: Client, site_id: int) -> None:
    crowd()

    answers = [
        owner.post(bulk("add_tag", "all").replace("contacts", "messages"), {"tag": "vip"}),
        owner.post(bulk("add_tag", "all", created_at_from="yesterday"), {"tag": "vip"}),
        owner.post(bulk("add_tag", "1 OR 1"), {"tag": "vip"}),
        owner.post(bulk("add_tag"), {"tag": "vip"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert not Contact.objects.filter(tags__tag="vip").exists()


def downloaded(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_whoever_is_ticked_is_handed_out_as_a_file_and_nobody_else(owner: Client, site_id: int) -> None:
    people = crowd()

    asked = owner.get(bulk("download", people[0].pk, people[3].pk, q="Grace")).content.decode()
    answer = owner.post(bulk("download", people[0].pk, people[3].pk, q="Grace"), {"format": "csv"})

    assert "2 contacts" in asked
    # The third is ticked though the list is narrowed to others by now.
    assert [row["First name"] for row in downloaded(answer)] == ["Grace 0", "Ada 3"]
    entry = ModelLogEntry.objects.get(action="wagtail_drip.export_contacts")
    assert entry.data == {"number": 2, "format": "csv", "filters": ["ticked"]}


def test_everybody_of_the_narrowed_list_is_handed_out(owner: Client, site_id: int) -> None:
    crowd()

    answer = owner.post(bulk("download", "all", q="ADA"), {"format": "csv"})

    assert [row["First name"] for row in downloaded(answer)] == ["Ada 1", "Ada 3", "Ada 5"]
    entry = ModelLogEntry.objects.get(action="wagtail_drip.export_contacts")
    assert entry.data == {"number": 3, "format": "csv", "filters": ["q"]}


def test_each_is_offered_what_they_may_do_to_those_who_are_ticked(site_id: int) -> None:
    people = crowd()
    tagger, taker = staff("view_contact", "change_contact"), staff("view_contact", "export_contact", name="t")

    assert [
        word in tagger.get(LIST).content.decode()
        for word in ("add_tag", "bulk/wagtail_drip/contact/download")
    ] == [True, False]
    assert [
        word in taker.get(LIST).content.decode() for word in ("add_tag", "bulk/wagtail_drip/contact/download")
    ] == [False, True]
    assert tagger.post(bulk("download", people[0].pk), {"format": "csv"}).status_code in (302, 403)
    assert taker.post(bulk("add_tag", people[0].pk), {"tag": "vip"}).status_code in (302, 403)
    assert not ModelLogEntry.objects.filter(action="wagtail_drip.export_contacts").exists()
    assert not Contact.objects.filter(tags__tag="vip").exists()


@pytest.mark.parametrize("query", ["ada", "ADA", "LOVELACE", "ada@SHOP"])
@pytest.mark.parametrize("address", [LIST, "/admin/text-messages/choose-person/results/"])
def test_capitals_make_no_difference_on_any_database(
    owner: Client, site_id: int, address: str, query: str
) -> None:
    reachable_contact(first_name="Ada", last_name="Lovelace", email="ada@shop.example")
    reachable_contact(first_name="Grace", email="grace@shop.example")

    found = owner.get(address, {"q": query}).content.decode()

    assert "Ada Lovelace" in found
    assert "Grace" not in found
