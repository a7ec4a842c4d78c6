"""What a site declares of its attributes binds whoever writes, tests or shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client

from wagtail_drip import checks
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import attributes
from wagtail_drip.contacts.models import Contact, ContactDate
from wagtail_drip.content import variables
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments import run_due
from wagtail_drip.privacy.import_cells import Refused, _attribute
from wagtail_drip.privacy.import_plan import Column
from wagtail_drip.segments import matching
from wagtail_drip.segments.who_rules import DetailRule
from wagtail_drip.sequences.blocks import branch_test, branch_words
from wagtail_drip.sequences.blocks.base import Fault
from wagtail_drip.sequences.blocks.update_contact import Block
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

DECLARED = {
    "shoe_size": {"TYPE": "number", "LABEL": "Shoe size"},
    "member_until": {"TYPE": "date"},
    "has_dog": {"TYPE": "yes_no", "LABEL": "Has a dog"},
    "roast": {"TYPE": "choice", "LABEL": "Roast", "CHOICES": {"light": "Light", "dark": "Dark brown"}},
    "motto": {"TYPE": "text"},
}


@pytest.fixture(autouse=True)
def _declared(settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ATTRIBUTES": DECLARED}


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("shoe_size", "42", 42),
        ("shoe_size", 42.5, 42.5),
        ("shoe_size", "forty", None),
        ("shoe_size", True, None),
        ("shoe_size", "NaN", None),
        ("member_until", "2026-12-24", "2026-12-24"),
        ("member_until", date(2026, 12, 24), "2026-12-24"),
        ("member_until", "24.12.", None),
        ("has_dog", "Yes", True),
        ("has_dog", False, False),
        ("has_dog", "perhaps", None),
        ("roast", "DARK", "dark"),
        ("roast", "dark brown", "dark"),
        ("roast", "green", None),
        ("motto", 7, "7"),
        ("undeclared", ["as", "it", "comes"], ["as", "it", "comes"]),
    ],
)
def test_a_value_is_kept_as_its_type_or_refused_by_name(
    now: datetime, name: str, value: Any, kept: Any
) -> None:
    contact = reachable_contact(attributes={"motto": "Before"})

    if kept is None:
        with pytest.raises(attributes.InvalidAttribute, match=r"Shoe size|Member until|Has a dog|Roast"):
            contacts.update_contacts({contact.pk: {"attributes": {name: value}}}, now=now)
        contact.refresh_from_db()
        assert contact.attributes == {"motto": "Before"}
        return
    contacts.update_contacts({contact.pk: {"attributes": {name: value}}}, now=now)
    contact.refresh_from_db()
    assert contact.attributes == {"motto": "Before", name: kept}
    assert type(contact.attributes[name]) is type(kept)


def test_a_declared_date_is_found_by_its_day(now: datetime) -> None:
    contact = reachable_contact(attributes={"member_until": date(2026, 12, 24)})

    assert ContactDate.objects.get(contact=contact, name="member_until").on == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("name", "cell", "expected"),
    [
        ("shoe_size", "1,042", 1042),
        ("member_until", "2026/12/24", "2026-12-24"),
        ("has_dog", "是", True),
        ("roast", "Dark brown", "dark"),
        ("roast", "green", "choice"),
        ("shoe_size", "big", "number"),
        ("has_dog", "perhaps", "yes_no"),
    ],
)
def test_an_import_reads_a_declared_column_by_its_type_whatever_was_mapped(
    name: str, cell: str, expected: Any
) -> None:
    column = Column(place=0, field="attribute", name=name, type="text")
    try:
        found = _attribute(cell, column)
    except Refused as refused:
        found = refused.reason

    assert found == expected


def rule(name: str, operator: str, value: str = "") -> dict[str, str]:
    return {"property": name, "operator": operator, "value": value}


ASKED = pytest.mark.parametrize(
    ("asked", "says"),
    [
        (rule("shoe_size", "contains", "4"), "“Shoe size” cannot be tested so. Choose another test."),
        (rule("shoe_size", "at_least", "big"), "Shoe size: Write a number, with a point before decimals."),
        (rule("contact.roast", "is", "green"), "Roast: Write one of these: light, dark."),
        (rule("has_dog", "at_most", "yes"), "“Has a dog” cannot be tested so. Choose another test."),
        (rule("has_dog", "is", "yes"), ""),
        (rule("roast", "is", "Dark brown"), ""),
        (rule("roast", "is_set"), ""),
        (rule("motto", "contains", "x"), ""),
        (rule("undeclared", "contains", "x"), ""),
    ],
)


@ASKED
def test_a_rule_of_a_segment_says_what_cannot_be_asked(asked: dict[str, str], says: str) -> None:
    assert list(DetailRule().faults(asked)) == ([says] if says else [])


@ASKED
def test_a_branch_says_it_beside_the_field(asked: dict[str, str], says: str) -> None:
    found = list(branch_test.faults({"test": "attribute", **asked}))

    field = "operator" if "cannot be tested so" in says else "value"
    assert found == ([Fault(field=field, message=says)] if says else [])
    # What an event tells is declared by nobody.
    assert list(branch_test.faults({"test": "payload", **asked})) == []


def test_a_branch_asks_by_what_is_kept_and_reads_as_the_site_calls_it() -> None:
    asked = {"test": "attribute", **rule("roast", "is", "Dark brown")}

    assert branch_test.compiled(asked) == {"kind": "attribute", **rule("roast", "is", "dark")}
    assert branch_words.in_words(asked) == "Roast is Dark brown"
    assert branch_test.compiled({"test": "attribute", **rule("likes", "is", "Tea")})["value"] == "Tea"


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        (rule("roast", "is", "Dark brown"), {"Ada"}),
        (rule("has_dog", "is", "yes"), {"Ada"}),
        (rule("shoe_size", "at_least", "40"), {"Ada"}),
        (rule("member_until", "at_most", "2026-12-31"), {"Grace"}),
    ],
)
def test_a_rule_finds_them_by_what_is_kept(now: datetime, asked: dict[str, str], who: set[str]) -> None:
    reachable_contact(first_name="Ada", attributes={"roast": "dark", "has_dog": True, "shoe_size": 42})
    reachable_contact(
        first_name="Grace", attributes={"roast": "light", "shoe_size": 9, "member_until": "2026-01-01"}
    )
    compiled = {"kind": "detail", **DetailRule().compiled(asked, id="r")}

    found = matching.people({"kind": "group", "match": "all", "rules": [compiled]}, now=now)

    assert {person.first_name for part in found for person in part} == who


def test_a_segment_reads_as_the_site_calls_it() -> None:
    assert DetailRule().in_words(rule("roast", "is", "dark")) == "Roast is Dark brown"
    assert DetailRule().in_words(rule("likes", "is", "tea")) == "likes is tea"


def test_a_step_that_sets_it_otherwise_cannot_be_published() -> None:
    def faults(attribute: str, value: str) -> list[str]:
        given = {"field": "attribute", "attribute": attribute, "value": value}
        return [fault.message for fault in Block().faults(given, trigger_event="")]

    assert faults("shoe_size", "big") == ["Shoe size: Write a number, with a point before decimals."]
    assert faults("shoe_size", "42") == []
    assert faults("shoe_size", "") == []
    assert faults("likes", "big") == []


def test_what_was_published_before_the_type_was_declared_sets_nothing_and_stops_nobody(
    settings: Any, site_id: int, now: datetime
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ATTRIBUTES": {}}
    contact = reachable_contact()
    steps = [
        ("update_contact", {"field": "attribute", "attribute": "shoe_size", "value": "big"}),
        ("update_contact", {"field": "attribute", "attribute": "roast", "value": "dark"}),
    ]
    sequence = live_sequence(steps=steps)
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ATTRIBUTES": DECLARED}

    enrolments.enrol(contact_ids=[contact.pk], sequence_id=sequence.pk, site_id=site_id, now=now)
    run_due.run_due(now=now)

    contact.refresh_from_db()
    assert contact.attributes == {"roast": "dark"}


def test_texts_offer_them_with_a_sample() -> None:
    offered = {each.name: (str(each.label), each.sample) for each in variables.known()}

    assert offered["contact.roast"] == ("Roast", "light")
    assert variables.samples()["contact"]["shoe_size"] == "42"


def test_a_contacts_page_calls_them_by_their_label(admin_client: Client) -> None:
    contact = reachable_contact(attributes={"roast": "dark", "has_dog": True})

    page = admin_client.get(f"/admin/text-messages/contacts/{contact.pk}/").content.decode()

    for words in ("<dt>Roast</dt><dd>Dark brown</dd>", "<dt>Has a dog</dt><dd>yes</dd>"):
        assert words in page


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"Shoe": {"TYPE": "number"}}, "a name begins with a letter"),
        ({"shoe": {"TYPE": "integer"}}, "TYPE must be one of text, number, date, yes_no, choice."),
        ({"shoe": {"TYPE": "choice"}}, "a choice needs CHOICES"),
        ({"shoe": {"TYPE": "text", "Label": "x"}}, "Label is no option of an attribute."),
        ([], "it must be a dict of dicts."),
    ],
)
def test_a_declaration_that_cannot_work_is_a_check_error(settings: Any, spec: Any, says: str) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ATTRIBUTES": spec}

    (found,) = checks.declared_attributes()

    assert (found.id, says in found.msg) == ("wagtail_drip.E014", True)
    assert attributes.declared() == {}
    assert Contact.objects.count() == 0
