"""The condition means what Django's ``__in`` means, with one parameter."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.among import Among

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(now) -> list[Contact]:
    return [
        Contact.objects.create(phone=f"+44740000000{digit}", first_name=name, created_at=now, changed_at=now)
        for digit, name in enumerate(["Ada", 'O"B', "茶", "", "null", "a,b\\{}"])
    ]


@pytest.mark.parametrize("wanted", [[], [0], [0, 2], [0, 1, 2, 3], [4], [0, 3, 4], [5]])
def test_it_finds_what_in_finds(people, wanted):
    ids = [people[place].pk for place in wanted]
    names = [people[place].first_name for place in wanted]

    assert list(Contact.objects.filter(Among("pk", ids)).order_by("pk").values_list("pk", flat=True)) == ids
    assert set(Contact.objects.filter(Among("first_name", names))) == {people[place] for place in wanted}
    assert Contact.objects.exclude(Among("pk", ids)).count() == 6 - len(ids)


def test_it_narrows_an_update(people):
    changed = Contact.objects.filter(Among("pk", [people[1].pk, people[2].pk])).update(last_name="Lin")

    assert changed == 2
    assert set(Contact.objects.filter(last_name="Lin")) == {people[1], people[2]}


def test_two_with_other_values_are_not_the_same():
    assert Among("pk", [1]) == Among("pk", [1])
    assert Among("pk", [1]) != Among("pk", [2])


@pytest.mark.skipif(connection.vendor == "mysql", reason="MariaDB is given each value")
def test_its_sql_does_not_grow_with_the_values(people):
    with CaptureQueriesContext(connection):
        one, _ = Contact.objects.filter(Among("pk", [1])).query.sql_with_params()
        many, _ = Contact.objects.filter(Among("pk", range(1, 5001))).query.sql_with_params()

    assert one == many
