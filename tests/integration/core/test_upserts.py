"""Rows that are new or written over: by the key told, and only what is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.core.models import Lease
from wagtail_drip.core.upserts import upsert

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def written() -> list[tuple[str, str, datetime]]:
    # Migrating leaves a lease of its own.
    ours = Lease.objects.filter(name__in=["known", "new", "renamed"])
    return list(ours.order_by("name").values_list("name", "token", "until"))


def test_new_rows_are_inserted_and_known_ones_are_written_over_where_told() -> None:
    kept = Lease.objects.create(name="known", token="before", until=NOW)

    upsert(
        [Lease(name="known", token="after", until=LATER), Lease(name="new", token="first", until=LATER)],
        unique=["name"],
        update=["until"],
    )

    assert written() == [("known", "before", LATER), ("new", "first", LATER)]
    assert Lease.objects.get(name="known").pk == kept.pk


def test_rows_are_known_by_their_primary_key_as_well() -> None:
    kept = Lease.objects.create(name="known", token="before", until=NOW)

    upsert([Lease(pk=kept.pk, name="renamed", token="after", until=LATER)], unique=["id"], update=["token"])

    assert written() == [("known", "after", NOW)]


def test_nothing_to_write_asks_nothing_of_the_database() -> None:
    with CaptureQueriesContext(connection) as queries:
        upsert([], unique=["name"], update=["until"])

    assert len(queries) == 0


def test_more_rows_than_a_statement_takes_are_all_written() -> None:
    Lease.objects.create(name="0000", token="before", until=NOW)

    upsert(
        [Lease(name=f"{n:04}", token="after", until=NOW) for n in range(1201)],
        unique=["name"],
        update=["token"],
    )

    assert Lease.objects.filter(token="after").count() == 1201
