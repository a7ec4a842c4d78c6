"""Staff find who is one person with somebody, see what merging does, do it and undo it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.integration.admin.test_bad_numbers import address, staff
from tests.integration.messaging.conftest import customer, open_site, queued
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import ConsentMethod, Identity
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.messaging.models import Message
from wagtail_drip.privacy import merge
from wagtail_drip.test.sequences import live_sequence

__all__ = ["customer", "open_site", "queued"]

pytestmark = pytest.mark.django_db

MAY = ("view_contact", "see_numbers", "merge_contact")
OLD, NEW = "+447400123456", "+447400123457"


@pytest.fixture
def two(customer: Callable[..., Contact], now: datetime) -> tuple[Contact, Contact]:
    old, new = customer(OLD), customer(NEW)
    for contact in (old, new):
        Contact.objects.filter(pk=contact.pk).update(email="ada@shop.example", last_name="Lovelace")
    return old, new


def with_other(contact: Contact, other: Contact) -> str:
    return f"{address('merge', contact)}?with={other.pk}"


def test_who_shares_an_address_is_offered_and_others_are_found(
    two: tuple[Contact, Contact], customer: Callable[..., Contact]
) -> None:
    old, new = two
    stranger = customer("+447400999888")
    Contact.objects.filter(pk=stranger.pk).update(first_name="Grace")
    client = staff(*MAY)

    page = client.get(address("merge", new)).content.decode()
    assert with_other(new, old) in page
    assert "the same e-mail address" in page
    assert with_other(new, stranger) not in page

    for query in ("grac", "07400 999888"):
        found = client.get(address("merge", new), {"q": query}).content.decode()
        assert with_other(new, stranger) in found
    assert "Nobody was found" in client.get(address("merge", new), {"q": "nobody@"}).content.decode()


def test_the_page_says_what_comes_of_it_and_changes_nothing(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    old, new = two
    sequence = live_sequence(name="Welcome", steps=[("wait_duration", {"amount": 1, "unit": "days"})])
    for contact in two:
        enrolments.enrol(contact_ids=[contact.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    contacts.update_contacts({old.pk: {"attributes": {"shoe_size": "38"}}}, now=now)
    contacts.withdraw_marketing(
        contact_ids=[old.pk], site_ids=[open_site], source="page", method=ConsentMethod.PAGE, now=now
    )
    before = list(Contact.objects.order_by("pk").values())

    page = staff(*MAY).get(with_other(new, old)).content.decode()

    for told in (
        "+44 7400 123456 is texted no more",
        "Closed for both, because one of them said no: marketing texts",
        "Both are in “Welcome”",
        "shoe_size",
        "It can be undone for 30 days.",
    ):
        assert told in page
    assert list(Contact.objects.order_by("pk").values()) == before
    assert not ContactMerge.objects.exists()


def test_they_are_merged_shown_as_one_and_two_again(
    two: tuple[Contact, Contact], queued: Callable[..., Message], now: datetime
) -> None:
    old, new = two
    queued(old, source_text="A text to the old number")
    Message.objects.update(body="A text to the old number")
    client = staff(*MAY)

    page = client.post(
        address("merge", new), {"with": old.pk, "stays": new.pk, "sure": "on"}, follow=True
    ).content.decode()

    assert Contact.objects.get(pk=old.pk).merged_into_id == new.pk
    done = ContactMerge.objects.get()
    assert done.by is not None
    for told in (
        "They are one person now.",
        "Another contact was made one",
        OLD[3:6],
        "A text to the old number",
    ):
        assert told in page
    assert client.get(address("inspect", old)).headers["Location"] == address("inspect", new)

    undo = reverse("wagtail_drip_contacts:undo_merge", args=[new.pk, done.pk])
    assert undo in page
    assert "They become two people again" in client.get(undo).content.decode()
    page = client.post(undo, follow=True).content.decode()
    assert "They are two people again." in page
    assert Contact.objects.get(pk=old.pk).active_phone == OLD
    assert "already" in client.get(undo).content.decode()
    assert "already" in client.post(undo, follow=True).content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"stays": "new"}, id="not sure"),
        pytest.param({"sure": "on"}, id="nobody stays"),
        pytest.param({"stays": "stranger", "sure": "on"}, id="a third stays"),
        pytest.param({"stays": "new", "sure": "on", "with": "nonsense"}, id="with nobody"),
    ],
)
def test_what_is_not_filled_in_changes_nothing(
    fields: dict[str, Any], two: tuple[Contact, Contact], customer: Callable[..., Contact]
) -> None:
    old, new = two
    who = {"new": new.pk, "stranger": customer("+447400999888").pk}

    page = staff(*MAY).post(
        address("merge", new), {"with": old.pk, **{k: who.get(v, v) for k, v in fields.items()}}, follow=True
    )

    assert "Nothing was changed" in page.content.decode()
    assert not ContactMerge.objects.exists()


def test_who_alone_has_a_number_stays(customer: Callable[..., Contact], now: datetime) -> None:
    with_number = customer(NEW)
    without = contacts.identify(Identity(email="ada@shop.example"), now=now)
    client = staff(*MAY)

    page = client.get(with_other(without, with_number)).content.decode()
    assert page.count('name="stays"') == 1
    client.post(address("merge", without), {"with": with_number.pk, "stays": without.pk, "sure": "on"})
    assert not ContactMerge.objects.exists()
    client.post(address("merge", without), {"with": with_number.pk, "stays": with_number.pk, "sure": "on"})
    assert Contact.objects.get(pk=without.pk).merged_into_id == with_number.pk


def test_who_may_not_merge_is_refused_and_offered_nothing(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    old, new = two
    client = staff("view_contact", "see_numbers")

    assert (
        client.post(address("merge", new), {"with": old.pk, "stays": new.pk, "sure": "on"}).status_code == 302
    )
    assert not ContactMerge.objects.exists()
    assert address("merge", new) not in client.get(address("inspect", new)).content.decode()
    done = merge.merge(old.pk, into=new.pk, now=now)
    undo = reverse("wagtail_drip_contacts:undo_merge", args=[new.pk, done.pk])
    assert client.post(undo).status_code == 302
    assert undo not in client.get(address("inspect", new)).content.decode()
    assert Contact.objects.get(pk=old.pk).merged_into_id == new.pk
    assert client.get(reverse("wagtail_drip_contacts:doubles")).status_code == 302


def test_who_may_not_see_numbers_merges_without_them(two: tuple[Contact, Contact], now: datetime) -> None:
    old, new = two
    client = staff("view_contact", "merge_contact")

    pages = [
        client.get(where).content.decode()
        for where in (address("merge", new), with_other(new, old), reverse("wagtail_drip_contacts:doubles"))
    ]
    # Digits that are no whole number find nobody by their number.
    pages.append(client.get(address("merge", new), {"q": "123456"}).content.decode())
    merge.merge(old.pk, into=new.pk, now=now)
    pages.append(client.get(address("inspect", new)).content.decode())

    for page in pages:
        assert "7400" not in page
        assert "400 123456" not in page


def test_everybody_who_shares_an_account_or_an_address_is_listed(
    two: tuple[Contact, Contact], customer: Callable[..., Contact], admin_user: Any
) -> None:
    old, new = two
    account = [customer(f"+4474001112{n}0") for n in (1, 2, 3)]
    Contact.objects.filter(pk__in=[each.pk for each in account]).update(user=admin_user)
    Contact.objects.filter(pk__in=[each.pk for each in account[:2]]).update(email="twice@shop.example")
    client = staff(*MAY)
    client.get(reverse("wagtail_drip_contacts:doubles"))

    with CaptureQueriesContext(connection) as few:
        page = client.get(reverse("wagtail_drip_contacts:doubles")).content.decode()

    for pair in ((account[0], account[1]), (account[0], account[2]), (old, new)):
        assert with_other(*pair) in page
    for n in range(12):
        for m in range(2):
            other = customer(f"+44740033{n:02d}{m}0")
            Contact.objects.filter(pk=other.pk).update(email=f"pair{n}@shop.example")
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("wagtail_drip_contacts:doubles"))
    assert len(few) == len(many)


def test_a_page_costs_the_same_however_many_were_merged_into_it(
    two: tuple[Contact, Contact], customer: Callable[..., Contact], now: datetime
) -> None:
    old, new = two
    client = staff(*MAY)
    merge.merge(old.pk, into=new.pk, now=now)
    client.get(address("inspect", new))
    costs = []
    for more in (0, 5):
        for n in range(more):
            merge.merge(customer(f"+44740055{n}660").pk, into=new.pk, now=now + timedelta(minutes=n))
        with CaptureQueriesContext(connection) as asked:
            client.get(address("inspect", new))
        costs.append(len(asked))
    assert costs[0] == costs[1]
