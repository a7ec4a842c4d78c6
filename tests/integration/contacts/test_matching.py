"""Many descriptions mean the same people together as one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wagtail_drip.contacts import actions, matching, taking_in
from wagtail_drip.contacts.matching import Described
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.contacts.types import Identity

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NUMBERS = ["", "+447400100001", "+447400100002"]
KEYS = ["", "A1", "A2"]
ADDRESSES = ["", "a@shop.example", "b@shop.example"]

described = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(KEYS), st.sampled_from(ADDRESSES)).filter(any)


def identity(number: str, key: str, address: str) -> Identity:
    return Identity(phone=number, store="import" if key else "", external_id=key, email=address)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=st.lists(described, max_size=5), asked=described)
def test_a_description_means_whom_identify_would_take(
    known: list[tuple[str, str, str]], asked: tuple[str, str, str]
) -> None:
    with transaction.atomic():
        for each in known:
            actions.identify(identity(*each), now=NOW)
        number, key, address = asked
        before = set(Contact.objects.values_list("pk", flat=True))

        (found,) = matching.match(
            [Described(phone=number, store="import" if key else "", external_id=key, email=address)]
        )
        taken = actions.identify(identity(*asked), now=NOW)

        if not found.is_ambiguous:  # then identify makes somebody new, and a list is refused the line
            assert found.contact_id == (taken.pk if taken.pk in before else None)
        transaction.set_rollback(True)


def test_what_is_taken_in_is_what_one_by_one_would_have_made() -> None:
    people = [("+447400100001", "A1", "a@shop.example"), ("", "A2", "b@shop.example")]
    told = [
        taking_in.Told(
            described=Described(phone=number, store="import", external_id=key, email=address),
            fields={"email": address, "region": "GB" if number else ""},
        )
        for number, key, address in people
    ]

    with transaction.atomic():
        taking_in.take_in(told, site_id=1, overwrite=False, now=NOW)
    together = shape()
    ContactIdentity.objects.all().delete()
    Contact.objects.all().delete()
    for each in people:
        actions.identify(identity(*each), now=NOW)

    assert together == shape()


def shape() -> list[tuple[object, ...]]:
    rows = ContactIdentity.objects.order_by("value").values_list(
        "value", "contact__active_phone", "contact__phone", "contact__email", "contact__region"
    )
    return list(rows)
