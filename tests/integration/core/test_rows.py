"""Rows read the quick way are the rows that Django reads."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F

from wagtail_drip.core import rows as reading
from wagtail_drip.messaging.models import Message
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db
COLUMNS = (
    "id",
    "key",
    "contact_id",
    "sequence_id",
    "priority",
    "variables",
    "guards",
    "track_links",
    "price",
    "due_at",
    "created_at",
)


@pytest.fixture
def messages(site_id, now):
    person = reachable_contact()
    return [
        Message.objects.create(
            key=f"k{number}",
            reference=f"{number:032d}",
            contact=person,
            site_id=site_id,
            gateway="default",
            purpose="promotional",
            priority=number,
            variables={"event": {"name": "Åsa 茶 🎉", "n": [1, None, 2.5, True]}, "big": 2**60},
            price=Decimal("0.012300") if number else None,
            due_at=now + timedelta(microseconds=number) if number else None,
            created_at=now,
        )
        for number in range(3)
    ]


@pytest.mark.parametrize(
    "asked",
    [
        lambda rows: rows.order_by("pk"),
        lambda rows: rows.filter(pk__in=[]),
        lambda rows: rows.filter(due_at__isnull=False).order_by("-due_at")[:1],
        lambda rows: rows.filter(variables__big__gt=1).order_by("pk"),
    ],
    ids=["all", "none by an empty list", "some, sorted and cut", "by what stands in JSON"],
)
def test_the_same_rows(messages, asked):
    rows = asked(Message.objects.values_list(*COLUMNS))

    assert reading.read(rows) == list(rows)


def test_what_is_not_plain_columns_is_left_to_django(messages):
    doubled = Message.objects.annotate(double=F("priority") * 2).order_by("pk").values_list("pk", "double")
    names = Message.objects.order_by("pk").values_list("key", flat=True)
    owned = Message.objects.order_by("pk")

    assert reading.read(doubled) == list(doubled)
    assert reading.read(names) == ["k0", "k1", "k2"]
    assert reading.read(owned) == messages


def test_it_is_one_query_that_others_see(messages, django_assert_num_queries):
    with django_assert_num_queries(1):
        reading.read(Message.objects.values_list("pk", "variables"))


def test_moments_are_in_utc(messages):
    (created_at,) = reading.read(Message.objects.values_list("created_at")[:1])[0]

    assert created_at.utcoffset() == timedelta(0)
    assert connection.vendor != "postgresql" or created_at == messages[0].created_at


@pytest.mark.parametrize(
    "asked",
    [
        lambda rows: rows.order_by("-priority").values_list("pk", flat=True),
        lambda rows: rows.filter(pk__in=[]).values_list("pk", flat=True),
        lambda rows: rows.filter(priority__gt=99).values_list("pk", flat=True),
        lambda rows: rows.exclude(priority=1).values_list("contact_id", flat=True),
    ],
    ids=["backwards", "none by an empty list", "none there", "of another column, some twice"],
)
def test_ids_come_in_order(messages, asked):
    found = reading.rising_ids(asked(Message.objects.all()))

    assert found.typecode == "q"
    assert list(found) == sorted(asked(Message.objects.all()))
