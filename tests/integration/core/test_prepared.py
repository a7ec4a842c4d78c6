"""A prepared query gives what its query gives, whatever it is given."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from wagtail_drip.compliance.models import SpecialEvent
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.prepared import Prepared, prepared
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db
COLUMNS = ("pk", "first_name", "attributes", "created_at", "erased_at")

only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="elsewhere Django makes the statement each time"
)


@pytest.fixture
def people(now: datetime) -> list[Contact]:
    found = []
    for number, name in enumerate(("Ada", "Béla", "茶")):
        person = reachable_contact(phone=f"+44740000000{number}", first_name=name)
        Contact.objects.filter(pk=person.pk).update(
            created_at=now + timedelta(days=number), attributes={"n": [number, None, "é"]}
        )
        found.append(person)
    return found


def by_ids(ids: Collection[int]) -> QuerySet[Any]:
    return Contact.objects.filter(Among("pk", ids)).order_by("pk").values_list(*COLUMNS)


def by_names(names: Collection[str]) -> QuerySet[Any]:
    return Contact.objects.filter(Among("first_name", names)).order_by("pk").values_list(*COLUMNS)


def by_moment(since: datetime) -> QuerySet[Any]:
    return Contact.objects.filter(created_at__gt=since).order_by("pk").values_list(*COLUMNS)


def by_text(name: str) -> QuerySet[Any]:
    return Contact.objects.filter(first_name=name).values_list(*COLUMNS)


def by_number(pk: int) -> QuerySet[Any]:
    return Contact.objects.filter(pk__gt=pk).order_by("pk").values_list(*COLUMNS)


def if_wanted(merged: bool, ids: Collection[int]) -> QuerySet[Any]:
    rows = Contact.objects.filter(Among("pk", ids)).order_by("pk")
    return (rows.filter(merged_into__isnull=False) if merged else rows).values_list(*COLUMNS)


def test_every_kind_of_value(people: list[Contact], now: datetime) -> None:
    pks = [person.pk for person in people]
    cases: list[tuple[Any, list[tuple[Any, ...]]]] = [
        (by_ids, [(pks,), (set(pks[:1]),), ([],), (pks,)]),
        (by_names, [(["Ada", "茶"],), ({'it\'s {a, b} \\ "q"'},), ((),), (["Béla"],)]),
        (by_moment, [(now,), (now - timedelta(days=1),), (now + timedelta(days=9),)]),
        (by_text, [("Ada",), ("茶",), ("",)]),
        (by_number, [(pks[0],), (0,), (2**40,)]),
        (if_wanted, [(False, pks), (True, pks), (False, pks[:1])]),
    ]
    for query, calls in cases:
        fast = prepared(query)
        for values in calls:
            assert fast(*values) == list(query(*values)), (query, values)


@only_postgresql
def test_the_statement_is_made_once(people: list[Contact]) -> None:
    made = []

    def query(ids: Collection[int]) -> QuerySet[Any]:
        made.append(ids)
        return by_ids(ids)

    fast = prepared(query)
    first = fast([people[0].pk])
    asked = len(made)
    assert fast([people[1].pk]) != first
    assert len(made) == asked


def test_instances_with_what_was_asked_of_them(site_id: int, now: datetime) -> None:
    def query(site_ids: Collection[int], day: date) -> QuerySet[SiteSettings]:
        near = SpecialEvent.objects.filter(site_id=OuterRef("site_id"), ends_on__gte=day)
        return SiteSettings.objects.filter(Among("site_id", site_ids)).annotate(has_event=Exists(near))

    fast = prepared(query)
    core.site_settings(site_id)
    SpecialEvent.objects.create(
        site_id=site_id, name="双11", begins_on=now.date(), ends_on=now.date(), raised_week=5
    )
    for day, has_event in ((now.date(), True), (now.date() + timedelta(days=1), False)):
        (row,) = fast([site_id], day)
        (ordinary,) = query([site_id], day)
        assert row.__dict__.keys() == ordinary.__dict__.keys()
        assert {**row.__dict__, "_state": 0} == {**ordinary.__dict__, "_state": 0}
        assert row.has_event is has_event
        row.save()  # it knows that it is there


@only_postgresql
def test_a_query_that_changes_its_argument_is_refused(now: datetime) -> None:
    @prepared
    def a_day_before(moment: datetime) -> QuerySet[Any]:
        return Contact.objects.filter(created_at__gt=moment - timedelta(days=1)).values_list("pk")

    with pytest.raises(TypeError, match="a_day_before changes an argument"):
        a_day_before(now)


@only_postgresql
def test_a_query_that_ignores_its_argument_is_refused() -> None:
    @prepared
    def everybody(name: str) -> QuerySet[Any]:
        return Contact.objects.values_list("pk")

    with pytest.raises(TypeError, match="everybody has no use for its argument 1"):
        everybody("Ada")


def test_what_has_no_plain_columns_is_read_all_the_same(people: list[Contact]) -> None:
    @prepared
    def names(ids: Collection[int]) -> QuerySet[Any]:
        return Contact.objects.filter(Among("pk", ids)).order_by("pk").values("first_name")

    assert names([people[0].pk]) == [{"first_name": "Ada"}]


EXAMPLES: dict[Any, Any] = {
    Collection[int]: [1, 2],
    Collection[str]: ["order_placed", "b"],
    datetime: datetime(2026, 11, 25, tzinfo=UTC),
    date: date(2026, 11, 25),
}


def all_of_ours() -> list[Prepared]:
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("wagtail_drip.")]
    found = {id(each): each for module in modules for each in vars(module).values()}
    return [each for each in found.values() if isinstance(each, Prepared)]


@only_postgresql
def test_all_of_ours_are_prepared() -> None:
    """Each takes what it says it takes, and its rows can be read as they come; else it would be slow in silence."""
    import wagtail_drip.tasks  # noqa: F401 -- whatever a worker imports

    ours = all_of_ours()
    assert len(ours) > 10
    for each in ours:
        hints = typing.get_type_hints(each.query)
        values = [EXAMPLES[hints[name]] for name in inspect.signature(each.query).parameters]
        each(*values)
        assert None not in each._statements.values(), each.query
