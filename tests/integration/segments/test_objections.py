"""Who has objected to conclusions is in no segment that draws them, and nobody is measured by them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from wagtail_drip.contacts.models import Contact
from wagtail_drip.segments import matching
from wagtail_drip.stores import tallies
from wagtail_drip.stores.models import Purchase

pytestmark = pytest.mark.django_db

CHAMPIONS = {"kind": "rfm", "group": "champions", "negate": False}
LATE = {"kind": "rhythm", "factor": 2}
BOUGHT = {"kind": "purchases", "measure": "count", "operator": "at_least", "number": "1", "days": 0}


def group(*rules: dict[str, Any], match: str = "all") -> dict[str, Any]:
    return {"kind": "group", "match": match, "rules": list(rules)}


@pytest.fixture
def buyers(site_id: int, now: datetime) -> list[Contact]:
    """Ten buyers, each of whom bought more and later than the one before."""
    people = [Contact.objects.create(first_name=f"B{n}", created_at=now, changed_at=now) for n in range(10)]
    for n, contact in enumerate(people):
        for order in range(n + 3):
            Purchase.objects.create(
                store="paper",
                order_id=f"{n}-{order}",
                contact=contact,
                site_id=site_id,
                total=Decimal(10 + n),
                placed_at=now - timedelta(days=400 - 30 * n - order),
                recorded_at=now,
            )
    tallies.refresh([contact.pk for contact in people])
    return people


def meant(rules: dict[str, Any], now: datetime) -> list[str]:
    return sorted(contact.first_name for each in matching.people(rules, now=now) for contact in each)


@pytest.mark.parametrize("column", ["objected_at", "restricted_at"])
def test_they_are_in_no_segment_that_concludes_whichever_way_it_is_asked(
    buyers: list[Contact], now: datetime, column: str
) -> None:
    best = buyers[-1]
    assert best.first_name in meant(group(CHAMPIONS), now)
    assert best.first_name in meant(group(LATE), now)
    Contact.objects.filter(pk=best.pk).update(**{column: now})

    asked = [
        group(CHAMPIONS),
        group(LATE),
        group({**CHAMPIONS, "negate": True}),
        group(CHAMPIONS, match="none"),
        group(BOUGHT, group({"kind": "rfm", "group": "lost", "negate": False}, match="none")),
        group(BOUGHT, CHAMPIONS, match="any"),
    ]

    assert [rules for rules in asked if best.first_name in meant(rules, now)] == []


def test_the_others_stand_where_they_would_without_them(buyers: list[Contact], now: datetime) -> None:
    worst = buyers[:5]
    before = meant(group(CHAMPIONS), now)
    Contact.objects.filter(pk__in=[each.pk for each in worst]).update(objected_at=now)

    after = meant(group(CHAMPIONS), now)

    # Among five, the best fifth is one; among ten it was two.
    assert (before, after) == (["B8", "B9"], ["B9"])


def test_facts_are_no_conclusions(buyers: list[Contact], now: datetime) -> None:
    Contact.objects.filter(pk=buyers[-1].pk).update(objected_at=now)

    assert buyers[-1].first_name in meant(group(BOUGHT), now)
