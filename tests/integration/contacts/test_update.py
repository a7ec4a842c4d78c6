"""Fields and attributes of many contacts at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.contacts import actions
from wagtail_drip.contacts.models import Contact

pytestmark = pytest.mark.django_db


def people(now: datetime, count: int) -> list[Contact]:
    return [
        Contact.objects.create(created_at=now, changed_at=now, attributes={"n": number, "old": True})
        for number in range(count)
    ]


def test_fields_are_written_and_attributes_are_laid_over_those_we_have(now: datetime) -> None:
    one, two = people(now, 2)
    later = now + timedelta(days=1)

    actions.update_contacts(
        {
            two.pk: {"first_name": "Mei", "zone": "Asia/Shanghai"},
            one.pk: {"attributes": {"vip": "yes", "old": None}, "language": "zh-hans"},
        },
        now=later,
    )

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.attributes, one.language, one.changed_at) == ({"n": 0, "vip": "yes"}, "zh-hans", later)
    assert (two.first_name, two.zone, two.zone_source) == ("Mei", "Asia/Shanghai", "profile")
    assert two.attributes == {"n": 1, "old": True}


def test_a_merged_contact_s_changes_are_who_speaks_for_it(now: datetime) -> None:
    head, gone = people(now, 2)
    Contact.objects.filter(pk=gone.pk).update(merged_into=head)

    actions.update_contacts({gone.pk: {"first_name": "Mei"}}, now=now)

    assert list(Contact.objects.order_by("pk").values_list("first_name", flat=True)) == ["Mei", ""]


def test_the_erased_stay_blank(now: datetime) -> None:
    (gone,) = people(now, 1)
    Contact.objects.filter(pk=gone.pk).update(erased_at=now)

    actions.update_contacts({gone.pk: {"first_name": "Mei", "attributes": {"a": 1}}}, now=now)

    gone.refresh_from_db()
    assert (gone.first_name, gone.attributes) == ("", {"n": 0, "old": True})


@pytest.mark.parametrize("field", ["phone", "active_phone", "erased_at", "merged_into"])
def test_what_decides_who_is_texted_cannot_be_changed_so(now: datetime, field: str) -> None:
    (one,) = people(now, 1)

    with pytest.raises(actions.UnknownField, match=field):
        actions.update_contacts({one.pk: {field: "+447700900111", "first_name": "Mei"}}, now=now)

    one.refresh_from_db()
    assert (one.phone, one.first_name) == ("", "")


def test_ten_times_the_contacts_take_no_more_queries(now: datetime) -> None:
    taken = []
    for size in (3, 30):
        rows = people(now, size)
        changes = {row.pk: {"language": "de", "attributes": {"step": row.pk}} for row in rows}
        with CaptureQueriesContext(connection) as queries:
            actions.update_contacts(changes, now=now)
        taken.append(len(queries))

    assert taken[0] == taken[1]
