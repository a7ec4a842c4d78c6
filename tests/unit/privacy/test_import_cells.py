"""What a column is by its header, and what a cell means or why it is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from wagtail_drip.privacy import import_columns, import_plan, import_reasons
from wagtail_drip.privacy.import_cells import Reader, Refused, keys_of
from wagtail_drip.privacy.import_files import Record
from wagtail_drip.privacy.import_plan import Column, Plan, Proof

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        pytest.param(
            ["Mobile Phone", "E-Mail", "First Name"], ["phone", "email", "first_name"], id="English"
        ),
        pytest.param(
            ["手机号", "姓名", "电子邮箱", "标签"], ["phone", "full_name", "email", "tags"], id="中文"
        ),
        pytest.param(["PHONE", "phone_number"], ["phone", None], id="each field once"),
        pytest.param(["Interests", "邮箱"], ["interests", "email"], id="interests"),
        pytest.param(["兴趣爱好", "ID"], ["interests", "external_id"], id="兴趣"),
        pytest.param(["Shoe size", ""], [None, None], id="what says nothing"),
        pytest.param(["Accepts SMS Marketing", "订阅日期"], ["agreed", "agreed_at"], id="consent"),
    ],
)
def test_a_header_names_its_field(headers: list[str], found: list[str | None]) -> None:
    guessed = import_columns.guess(headers)

    assert [guessed.get(place) for place in range(len(headers))] == found


@pytest.mark.parametrize(
    ("header", "name"),
    [("Shoe size", "shoe_size"), ("Größe", "groe"), ("尺码", ""), ("2nd", ""), ("É", "e")],
)
def test_an_attribute_gets_a_name_where_one_can_be_made(header: str, name: str) -> None:
    assert import_columns.attribute_name(header) == name


def told(field: str, cell: str, *, type: str = "text", region: str = "GB", **options: Any) -> Any:
    columns = [
        Column(place=0, field="external_id"),
        Column(place=1, field=field, name="it" if field == "attribute" else "", type=type),
    ]
    plan = Plan(columns=columns, region=region, **options)
    reader = Reader(plan=plan, zone=ZoneInfo("Asia/Shanghai"), now=NOW)
    return reader.read(Record(line=2, cells=["A1", cell]))


@pytest.mark.parametrize(
    ("field", "cell", "fields"),
    [
        pytest.param("email", " Ada@Shop.example ", {"email": "ada@shop.example"}, id="an address"),
        pytest.param("full_name", "Ada King Lovelace", {"first_name": "Ada King", "last_name": "Lovelace"}, id="a name"),
        pytest.param("full_name", "王小明", {"first_name": "王小明", "last_name": ""}, id="a Chinese name stays whole"),
        pytest.param("language", "zh_CN", {"language": "zh-cn"}, id="a language's code"),
        pytest.param("language", "Deutsch", {"language": "de"}, id="a language's name"),
        pytest.param("language", "中文", {"language": "zh-hans"}, id="Chinese"),
        pytest.param("region", "uk", {"region": "GB"}, id="a country by its custom"),
        pytest.param("zone", "Asia/Shanghai", {"zone": "Asia/Shanghai"}, id="a zone"),
        pytest.param("first_name", "=cmd|' /C calc'!A0", {"first_name": "=cmd|' /C calc'!A0"}, id="a formula is a text"),
        pytest.param("first_name", "A\x00da\n B", {"first_name": "Ada B"}, id="what no name has"),
    ],
)  # fmt: skip
def test_a_cell_is_what_its_column_is(field: str, cell: str, fields: dict[str, str]) -> None:
    found = told(field, cell).fields

    assert {name: found.get(name, "") for name in fields} == fields


@pytest.mark.parametrize(
    ("cell", "region", "number"),
    [
        pytest.param("+44 7400 100001", "", "+447400100001", id="whole"),
        pytest.param("07400 100001", "GB", "+447400100001", id="national"),
        pytest.param("7400100001", "GB", "+447400100001", id="a spreadsheet took the nought"),
        pytest.param("447400100001", "GB", "+447400100001", id="a spreadsheet took the plus"),
        pytest.param("0044 7400 100001", "", "+447400100001", id="dialled from abroad"),
        pytest.param("'07400100001", "GB", "+447400100001", id="an apostrophe"),
        pytest.param("138 0013 8000", "CN", "+8613800138000", id="Chinese"),
    ],
)
def test_a_number_is_read_in_the_list_s_country(cell: str, region: str, number: str) -> None:
    assert told("phone", cell, region=region).described.phone == number


@pytest.mark.parametrize(
    ("field", "kind", "cell", "reason"),
    [
        pytest.param("phone", "text", "4.474E+11", "shortened", id="shortened by a spreadsheet"),
        pytest.param("phone", "text", "hello", "phone_no_number", id="no number"),
        pytest.param("phone", "text", "07", "phone_no_such_number", id="no such number"),
        pytest.param("email", "text", "ada@", "email", id="no address"),
        pytest.param("region", "text", "Atlantis", "region", id="no country"),
        pytest.param("language", "text", "??", "language", id="no language"),
        pytest.param("zone", "text", "Mars/Base", "zone", id="no zone"),
        pytest.param("agreed", "text", "maybe", "yes_no", id="neither yes nor no"),
        pytest.param("agreed_at", "text", "03/04/2026", "date", id="a date that reads two ways"),
        pytest.param("agreed_at", "text", "2027-01-01", "future", id="a date to come"),
        pytest.param("interests", "text", "Coffee", "interest", id="no interest"),
        pytest.param("attribute", "number", "many", "number", id="no number of anything"),
        pytest.param("attribute", "date", "2026-02-30", "date", id="no day"),
        pytest.param("first_name", "text", "x" * 151, "too_long", id="too long a name"),
        pytest.param("attribute", "text", "x" * 2001, "too_long", id="too long an attribute"),
        pytest.param("first_name", "text", "Jos\ufffd", "unreadable", id="the wrong encoding"),
    ],
)
def test_a_cell_that_cannot_be_what_its_column_is_is_refused(
    field: str, kind: str, cell: str, reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        told(field, cell, type=kind)

    assert (refusal.value.reason, refusal.value.place) == (reason, 1)
    why, remedy = import_reasons.reason(reason)
    assert why
    assert remedy


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("number", "1,234.5", 1234.5),
        ("number", "-3", -3),
        ("date", "2026年3月1日", "2026-03-01"),
        ("date", "2026/3/1", "2026-03-01"),
        ("yes_no", "是", True),
        ("yes_no", "No", False),
        ("text", " 44 ", "44"),
    ],
)
def test_an_attribute_has_the_type_it_was_given(kind: str, cell: str, value: Any) -> None:
    assert told("attribute", cell, type=kind).attributes == {"it": value}


def test_a_day_without_a_zone_begins_where_the_site_is() -> None:
    proof = Proof(groups=["marketing"], source="s", wording="w", at="2026-01-15")
    found = told("phone", "07400100001", proof=proof).consents

    assert [each.at for each in found] == [datetime(2026, 1, 14, 16, tzinfo=UTC)]


def test_without_a_number_nobody_agrees_to_texts_but_a_no_is_a_no() -> None:
    proof = Proof(groups=["marketing"], source="s", wording="w", at="2026-01-15")

    assert told("email", "a@shop.example", proof=proof).consents == ()
    assert [each.granted for each in told("agreed", "no", proof=proof).consents] == [False]


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        pytest.param(Plan(columns=[Column(place=0, field="phone")]), {}, id="enough"),
        pytest.param(Plan(columns=[]), {"columns": "nobody_named"}, id="nobody is named"),
        pytest.param(
            Plan(columns=[Column(place=0, field="phone"), Column(place=1, field="phone")]),
            {"columns": "twice"},
            id="a field twice",
        ),
        pytest.param(
            Plan(columns=[Column(place=0, field="phone"), Column(place=1, field="attribute", name="Größe")]),
            {"columns": "attribute_name"},
            id="no name for an attribute",
        ),
        pytest.param(
            Plan(
                columns=[Column(place=0, field="phone")],
                proof=Proof(groups=[], source=" ", wording="", at=""),
            ),
            {"groups": "no_group", "source": "missing", "wording": "missing", "at": "missing"},
            id="consent without proof",
        ),
        pytest.param(
            Plan(
                columns=[Column(place=0, field="phone")],
                proof=Proof(groups=["marketing"], source="s", wording="w", at="2026-11-23"),
            ),
            {"at": "future"},
            id="consent to come",
        ),
    ],
)
def test_a_plan_says_what_it_lacks(plan: Plan, found: dict[str, str]) -> None:
    assert import_plan.problems(plan, today="2026-11-22") == found
    assert import_plan.read(plan.as_json()) == plan
    assert set(found.values()) <= set(import_reasons.PROBLEMS)


def test_two_lines_are_of_one_person_by_number_or_key_and_by_address_only_without_either() -> None:
    phone, address = told("phone", "07400100001"), told("email", "a@shop.example")

    assert len(keys_of(phone.described)) == 2
    assert set(keys_of(phone.described)) & set(keys_of(address.described)) != set()
    assert all(-(2**63) <= key < 2**63 for key in keys_of(phone.described))
