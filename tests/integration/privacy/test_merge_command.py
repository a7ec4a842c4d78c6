"""Merging by the command line: it says what it would do, does it, undoes it, and names what it cannot take."""

from __future__ import annotations

import getpass
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from wagtail.models import ModelLogEntry

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site
from tests.integration.privacy.two import MINUTE, NEW, OLD, Customer, fresh, says, two
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import tags
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import Contact, ContactTag
from wagtail_drip.contacts.types import Identity
from wagtail_drip.core import clock
from wagtail_drip.privacy import erase, merge

__all__ = ["_empty_gateway", "customer", "open_site", "two"]

pytestmark = pytest.mark.django_db


def run(*arguments: Any) -> list[str]:
    out = StringIO()
    call_command("drip_merge_contacts", *map(str, arguments), stdout=out)
    return out.getvalue().splitlines()


def logged(action: str) -> list[tuple[str, Any]]:
    rows = ModelLogEntry.objects.filter(action=f"wagtail_drip.{action}").order_by("object_id")
    return [(row.object_id, row.data) for row in rows]


def test_a_dry_run_says_what_would_become_of_both_and_changes_nothing(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    contacts.update_contacts(
        {merged.pk: {"last_name": "Lovelace", "attributes": {"birthday": "1815-12-10"}}}, now=now
    )
    tags.change_tags(add=[(merged.pk, "vip")], now=now)
    says("STOP", OLD, open_site, now)
    before = list(Contact.objects.order_by("pk").values())

    told = run(merged.pk, stays.pk, "--dry-run")

    assert told[:4] == [
        f"It would be: contact {merged.pk} is one person with contact {stays.pk}, who stays.",
        f"Texted no more: {OLD}",
        "Filled or made stricter: last_name",
        "Attributes taken over: birthday",
    ]
    assert told[4] == "Tags taken over: vip"
    assert told[5].startswith("Closed, for one of them said no: marketing")
    assert told[6] == "The number that stays is closed to texts, for the other one is."
    assert list(Contact.objects.order_by("pk").values()) == before
    assert not ContactMerge.objects.exists()
    assert not ContactTag.objects.filter(contact=stays).exists()
    assert logged("merge_contact") == []


def test_two_become_one_by_their_numbers_and_the_log_says_who_did_it(two: tuple[Contact, Contact]) -> None:
    merged, stays = two

    told = run(OLD, NEW)

    assert told[0] == f"Done: contact {merged.pk} is one person with contact {stays.pk}, who stays."
    assert fresh(merged).merged_into_id == stays.pk
    assert logged("merge_contact") == [(str(stays.pk), {"by": getpass.getuser()})]


@pytest.mark.parametrize("by_number", [False, True], ids=["by its id", "by its number"])
def test_one_becomes_two_again(two: tuple[Contact, Contact], by_number: bool) -> None:
    merged, stays = two
    run(merged.pk, stays.pk)

    told = run(OLD if by_number else merged.pk, NEW, "--undo")

    assert told == [f"Done: contacts {merged.pk} and {stays.pk} are two people again."]
    assert (fresh(merged).merged_into_id, fresh(merged).active_phone) == (None, OLD)
    assert {object_id for object_id, _ in logged("unmerge_contact")} == {str(merged.pk), str(stays.pk)}
    assert {data["by"] for _, data in logged("unmerge_contact")} == {getpass.getuser()}


def test_it_says_so_where_the_number_has_gone_to_somebody_else(two: tuple[Contact, Contact]) -> None:
    merged, stays = two
    run(merged.pk, stays.pk)
    contacts.identify(Identity(phone=OLD), now=clock.now())

    told = run(merged.pk, stays.pk, "--undo")

    assert told[1] == "The number came again meanwhile and belongs to another contact by now."


def test_who_was_merged_before_is_found_through_who_speaks_for_them(
    two: tuple[Contact, Contact], customer: Customer, now: datetime
) -> None:
    merged, stays = two
    third = customer("+447400123458")
    merge.merge(merged.pk, into=stays.pk, now=now)

    told = run(merged.pk, third.pk)

    assert told[0] == f"Done: contact {stays.pk} is one person with contact {third.pk}, who stays."


@pytest.mark.parametrize(
    ("arguments", "says_what"),
    [
        pytest.param(["999999", NEW], "CONTACT: Nobody is known", id="nobody of this id"),
        pytest.param([OLD, "+447400000000"], "INTO: Nobody is known", id="nobody of this number"),
        pytest.param([OLD, "nonsense"], "INTO: Give a contact's id", id="nonsense"),
        pytest.param(["twice@shop.example", NEW], "CONTACT: Several contacts", id="an address of two"),
        pytest.param([OLD, OLD], "CONTACT and INTO are one person already", id="themselves"),
        pytest.param([OLD, "none@shop.example"], "INTO has no number, and CONTACT has one", id="no number"),
        pytest.param([OLD, NEW, "--undo"], "--undo: nobody of this id or number was merged", id="not merged"),
        pytest.param(["a@b", NEW, "--undo"], "CONTACT: give the id of who was merged", id="no id to undo"),
        pytest.param([OLD, NEW, "--undo", "--dry-run"], "not allowed with argument", id="both at once"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_changes(
    two: tuple[Contact, Contact], now: datetime, arguments: list[str], says_what: str
) -> None:
    for email in ("twice@shop.example", "twice@shop.example", "none@shop.example"):
        Contact.objects.create(email=email, created_at=now, changed_at=now)

    with pytest.raises(CommandError) as refusal:
        run(*arguments)

    assert says_what in str(refusal.value)
    assert not Contact.objects.filter(~Q(merged_into=None)).exists()
    assert not ModelLogEntry.objects.exists()


def test_a_merge_that_can_be_undone_no_more_says_why(two: tuple[Contact, Contact], now: datetime) -> None:
    merged, stays = two
    merge.merge(merged.pk, into=stays.pk, now=now)
    run(merged.pk, stays.pk, "--undo")
    merge.merge(merged.pk, into=stays.pk, now=now + MINUTE)
    ContactMerge.objects.update(changes={})

    with pytest.raises(CommandError, match="--undo: This merge is too old to be undone"):
        run(merged.pk, stays.pk, "--undo")


def test_who_was_erased_cannot_be_merged(two: tuple[Contact, Contact], now: datetime) -> None:
    merged, stays = two
    erase.begin(merged.pk, now=now, by="test")

    with pytest.raises(CommandError, match="merged or erased meanwhile"):
        run(merged.pk, stays.pk)
