"""Merging by site code: whoever is meant is known already, and what cannot be is said by the argument's name."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from wagtail.models import ModelLogEntry

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site
from tests.integration.privacy.two import NEW, OLD, Customer, fresh, two
from wagtail_drip import api
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.privacy import erase

__all__ = ["_empty_gateway", "customer", "open_site", "two"]

pytestmark = pytest.mark.django_db

Two = tuple[Contact, Contact]


def test_two_become_one_by_whatever_names_them(two: Two) -> None:
    merged, stays = two
    api.identify({"phone": NEW, "user_id": "7"})

    found = api.merge({"phone": "07400 123456", "region": "GB"}, {"user_id": "7"}, by="the till")

    assert found.pk == stays.pk
    assert fresh(merged).merged_into_id == stays.pk
    entry = ModelLogEntry.objects.get(action="wagtail_drip.merge_contact")
    assert (entry.object_id, entry.user_id, entry.data) == (str(stays.pk), None, {"by": "the till"})


def test_a_contact_is_as_good_as_names_and_a_user_stands_in_the_log(two: Two) -> None:
    merged, stays = two
    olga = get_user_model().objects.create_user("olga")

    api.merge(merged, stays, by=olga)

    assert ModelLogEntry.objects.get(action="wagtail_drip.merge_contact").user_id == olga.pk
    assert ContactMerge.objects.get().by_id == olga.pk


def test_the_same_call_twice_is_harmless(two: Two) -> None:
    merged, stays = two

    first = api.merge({"phone": OLD}, {"phone": NEW})
    again = [api.merge(merged, stays), api.merge(stays, merged)]

    assert {each.pk for each in (first, *again)} == {stays.pk}
    assert ContactMerge.objects.count() == 1
    assert ModelLogEntry.objects.filter(action="wagtail_drip.merge_contact").count() == 1


def test_the_number_that_went_still_means_who_speaks_for_it(two: Two, customer: Customer) -> None:
    _merged, stays = two
    third = customer("+447400123458")
    api.merge({"phone": OLD}, {"phone": NEW})

    found = api.merge({"phone": OLD}, third)

    assert found.pk == third.pk
    assert fresh(stays).merged_into_id == third.pk


@pytest.mark.parametrize(
    ("contact", "into", "said"),
    [
        pytest.param({"phone": "+447400000000"}, {"phone": NEW}, "'contact' is nobody whom we know", id="new"),
        pytest.param({"phone": OLD}, {"user_id": "9"}, "'into' is nobody whom we know", id="an unknown key"),
        pytest.param({"phone": OLD}, {}, "'into' is nobody whom we know", id="no name at all"),
        pytest.param({"email": "twice@shop.example"}, {"phone": NEW}, "'contact' is nobody", id="of two"),
        pytest.param({"phone": OLD}, {"phone": "07"}, "'into': 'phone' cannot be read", id="no number"),
        pytest.param({"phone": OLD}, {"fax": "1"}, "'into' has names that we do not know: fax", id="a name"),
        pytest.param({"phone": OLD}, 7, "'into' should be a mapping", id="an id"),
        pytest.param({"phone": OLD}, {"phone": OLD}, "'into': A contact cannot be merged", id="themselves"),
        pytest.param({"phone": OLD}, {"email": "none@shop.example"}, "'into': The contact with", id="numberless"),
    ],
)  # fmt: skip
def test_what_cannot_be_names_its_argument_and_nobody_is_made(
    two: Two, contact: Any, into: Any, said: str
) -> None:
    now = clock.now()
    for email in ("twice@shop.example", "twice@shop.example", "none@shop.example"):
        Contact.objects.create(email=email, created_at=now, changed_at=now)

    with pytest.raises(api.BadInput) as refusal:
        api.merge(contact, into)

    assert str(refusal.value).startswith(said)
    assert Contact.objects.filter(merged_into=None).count() == 5
    assert not ContactMerge.objects.exists()


def test_who_decided_it_is_a_name_or_a_user(two: Two) -> None:
    with pytest.raises(api.BadInput, match="'by'"):
        api.merge(*two, by="")

    assert not ContactMerge.objects.exists()


def test_who_was_erased_is_not_merged(two: Two) -> None:
    merged, stays = two
    erase.begin(merged.pk, now=clock.now(), by="test")

    with pytest.raises(api.BadInput, match="erased meanwhile"):
        api.merge(merged, stays)
