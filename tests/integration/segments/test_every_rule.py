"""Each rule, alone and in groups, means whom a slow walk through everybody in Python says it means."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from wagtail.models import Site

from tests.integration.segments import oracle
from tests.integration.segments.oracle import Person
from wagtail_drip.contacts.dated import write_dates
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactTag, Permission
from wagtail_drip.core import actions as core
from wagtail_drip.events.actions import record_events
from wagtail_drip.events.types import EventDraft
from wagtail_drip.messaging.models import SendLedger
from wagtail_drip.segments import matching
from wagtail_drip.segments.life_stage_models import LifeStage
from wagtail_drip.segments.models import Segment, SegmentMembership
from wagtail_drip.stores import tallies
from wagtail_drip.stores.interest_models import InferredInterest, Interest, StatedInterest
from wagtail_drip.stores.models import Purchase, PurchaseLine

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)  # the clocks changed in this night
EVENTS = ["order_placed", "link_clicked", "message_replied"]
DATES = [
    "1990-03-29",
    "2026-03-29",
    "2026-04-05",
    "2026-02-28",
    "2024-02-29",
    "--03-30",
    "--12-31",
    "soon",
    "",
]
TEXTS = ["", "Ada", "ada", "Berlin", "10", "9.5", "2026-03-01", "true", "yes"]

days_ago = some.sampled_from([0.01, 1, 2.99, 3, 3.01, 29, 31, 400]).map(lambda d: NOW - timedelta(days=d))
window = some.sampled_from([0, 1, 3, 30])
negate = some.booleans()
compared_by = some.sampled_from(["at_least", "at_most"])
operators = some.sampled_from(["is", "is_not", "contains", "at_least", "at_most", "is_set", "is_not_set"])
values = some.sampled_from([text for text in TEXTS if text])
anything = some.one_of(
    some.sampled_from(TEXTS), some.integers(-3, 20), some.booleans(), some.none(), some.just(9.5)
)
topics = some.sampled_from(["", "offers"])
conditions = some.lists(
    some.fixed_dictionaries(
        {"property": some.sampled_from(["total", "city"]), "operator": operators, "value": values}
    ),
    max_size=2,
)

people = some.builds(
    Person,
    columns=some.fixed_dictionaries(
        {"first_name": some.sampled_from(["", "Ada", "Bo"]), "language": some.sampled_from(["", "de", "zh"])}
    ),
    attributes=some.builds(
        lambda others, dates: {**others, **dates},
        some.dictionaries(some.sampled_from(["points", "city"]), anything),
        some.dictionaries(some.just("birthday"), some.sampled_from(DATES), max_size=1),
    ),
    tags=some.sets(some.sampled_from(["vip", "new"])),
    agreed=some.dictionaries(some.tuples(some.just("marketing"), topics), some.booleans()),
    events=some.lists(
        some.tuples(
            some.sampled_from(EVENTS),
            days_ago,
            some.dictionaries(some.sampled_from(["total", "city"]), anything),
        ),
        max_size=4,
    ),
    purchases=some.lists(
        some.fixed_dictionaries(
            {
                "status": some.sampled_from(["placed", "paid", "cancelled"]),
                "at": days_ago,
                "currency": some.sampled_from(["EUR", "GBP"]),
                "coupon": some.sampled_from(["", "SPRING"]),
                "total": some.sampled_from([Decimal("5"), Decimal("12.50")]),
                "refunded": some.sampled_from([Decimal("0"), Decimal("2.50")]),
                "names": some.lists(some.sampled_from(["Coffee beans", "Tea"]), max_size=2),
            }
        ),
        max_size=5,
    ),
    sent=some.lists(days_ago, max_size=3),
    segments=some.sets(some.just(1)),
    stage=some.sampled_from(["", "new", "loyal"]),
    said=some.sets(some.sampled_from([1, 2])),
    shown=some.dictionaries(some.sampled_from([1, 2]), some.sampled_from([-3, 0, 0.1, 40])),
)

each_kind = [
    some.fixed_dictionaries(
        {
            "kind": some.just("detail"),
            "property": some.sampled_from(["first_name", "language", "points", "city"]),
            "operator": operators,
            "value": values,
        }
    ),
    some.fixed_dictionaries(
        {"kind": some.just("tag"), "tag": some.sampled_from(["vip", "new"]), "negate": negate}
    ),
    some.fixed_dictionaries(
        {"kind": some.just("consent"), "group": some.just("marketing"), "topic": topics, "negate": negate},
        optional={"site": some.just(987_654)},
    ),
    some.fixed_dictionaries(
        {
            "kind": some.just("date"),
            "date": some.just("birthday"),
            "when": some.sampled_from(["next", "last"]),
            "days": some.sampled_from([0, 1, 7, 29, 364, 365, 400]),
            "yearly": some.booleans(),
            "negate": negate,
        }
    ),
    some.fixed_dictionaries(
        {
            "kind": some.just("event"),
            "event": some.sampled_from(EVENTS),
            "times": some.integers(1, 3),
            "days": window,
            "conditions": conditions,
            "negate": negate,
        }
    ),
    some.fixed_dictionaries(
        {
            "kind": some.just("purchases"),
            "measure": some.sampled_from(["count", "total", "days_since"]),
            "operator": compared_by,
            "number": some.sampled_from(["0", "1", "2", "3", "12.50", "29"]),
            "days": window,
            "currency": some.sampled_from(["", "EUR"]),
            "product": some.sampled_from(["", "coffee"]),
            "coupon": some.sampled_from(["", "SPRING"]),
        }
    ),
    some.fixed_dictionaries(
        {
            "kind": some.just("texts"),
            "how": some.sampled_from(["received", "clicked", "replied", "ignored"]),
            "times": some.integers(1, 2),
            "days": window,
            "negate": negate,
        }
    ),
    some.fixed_dictionaries(
        {"kind": some.just("rhythm"), "factor": some.sampled_from([0.5, 1.5, 3.0])},
    ),
    some.fixed_dictionaries(
        {
            "kind": some.just("rfm"),
            "group": some.sampled_from(["champions", "loyal", "new", "at_risk", "lost"]),
            "negate": negate,
        }
    ),
    some.fixed_dictionaries(
        {
            "kind": some.just("share"),
            "percent": some.sampled_from([0, 12.5, 50, 100]),
            "salt": some.sampled_from(["a", "b"]),
        }
    ),
    some.fixed_dictionaries(
        {"kind": some.just("stage"), "stage": some.sampled_from(["new", "loyal"]), "negate": negate}
    ),
    some.fixed_dictionaries(
        {
            "kind": some.just("interest"),
            "interest": some.sampled_from([1, 2, 3]),
            "by": some.sampled_from(["", "stated", "inferred"]),
            "negate": negate,
        }
    ),
    some.fixed_dictionaries({"kind": some.just("segment"), "segment": some.just(1), "negate": negate}),
]
rules = some.one_of(each_kind)
matches = some.sampled_from(["all", "any", "none"])
groups = some.fixed_dictionaries(
    {"kind": some.just("group"), "match": matches, "rules": some.lists(rules, max_size=2)}
)
whole = some.fixed_dictionaries(
    {"match": matches, "rules": some.lists(some.one_of(rules, groups), min_size=1, max_size=3)}
)


def plant(everybody: list[Person], merges: list[bool]) -> None:
    """Store these people; where *merges* says so, each one's rows at somebody who was merged into them."""
    site = Site.objects.get()
    Segment(pk=1, name="Others").save()
    Interest.objects.bulk_create([Interest(pk=1, name="Coffee"), Interest(pk=2, name="Tea")])
    for number, person in enumerate(everybody):
        head = Contact.objects.create(
            **person.columns, attributes=person.attributes, created_at=NOW, changed_at=NOW
        )
        person.pk = head.pk
        write_dates([head])
        row = head
        if merges[number % len(merges)] if merges else False:
            row = Contact.objects.create(merged_into=head, created_at=NOW, changed_at=NOW)
        ContactTag.objects.bulk_create(ContactTag(contact=row, tag=tag, at=NOW) for tag in person.tags)
        for (group, topic), granted in person.agreed.items():
            record = ConsentRecord.objects.create(
                contact=head, site=site, purpose_group=group, topic=topic, granted=granted, source="test",
                method="staff", at=NOW, recorded_at=NOW,
            )  # fmt: skip
            Permission.objects.create(
                contact=head, site=site, group=group, topic=topic, granted=granted, since=NOW, record=record
            )
        record_events(
            [
                EventDraft(
                    name=name, key=f"{number}:{place}", store="test", site_id=site.pk, contact_id=row.pk,
                    source="signal", occurred_at=at, recorded_at=at, properties=properties,
                )
                for place, (name, at, properties) in enumerate(person.events)
            ]
        )  # fmt: skip
        for place, bought in enumerate(person.purchases):
            purchase = Purchase.objects.create(
                store="test", order_id=f"{number}:{place}", contact=row, site=site, status=bought["status"],
                currency=bought["currency"], coupon=bought["coupon"], total=bought["total"],
                refunded=bought["refunded"], placed_at=bought["at"], recorded_at=bought["at"],
            )  # fmt: skip
            PurchaseLine.objects.bulk_create(
                PurchaseLine(purchase=purchase, position=at, product_id="x", name=name, price=1)
                for at, name in enumerate(bought["names"])
            )
        tallies.refresh([row.pk])
        for place, at in enumerate(person.sent):
            SendLedger.objects.create(
                message_id=number * 10 + place + 1,
                contact=row,
                site=site,
                purpose="information",
                handed_over_at=at,
            )
        if person.segments:
            SegmentMembership.objects.create(segment_id=1, contact=head, entered_at=NOW)
        for interest in (1, 2):
            over = {} if interest in person.said else {"current": None, "until": NOW}
            StatedInterest.objects.create(contact=row, interest_id=interest, source="x", since=NOW, **over)
        for interest, days in person.shown.items():
            InferredInterest.objects.create(
                contact=head, interest_id=interest, lasts_until=NOW + timedelta(days=days)
            )
        if person.stage:
            LifeStage.objects.create(contact=head, stage="lead", since=NOW, until=NOW, current=None)
            LifeStage.objects.create(contact=head, stage=person.stage, since=NOW)


def meant(rule: dict[str, Any]) -> set[int]:
    found = [pk for each in matching.people(rule, now=NOW) for pk in each.values_list("pk", flat=True)]
    assert len(set(found)) == len(found)
    return set(found)


# Elsewhere a world takes longer to plant; what may differ there is how a database compares.
often = settings(
    max_examples=60 if connection.vendor == "sqlite" else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", range(len(each_kind)))
@often
@given(
    everybody=some.lists(people, min_size=1, max_size=4),
    merges=some.lists(some.booleans(), max_size=2),
    data=some.data(),
)
def test_whom_one_rule_means(
    db: None, kind: int, everybody: list[Person], merges: list[bool], data: some.DataObject
) -> None:
    asked = {"match": "all", "rules": [data.draw(each_kind[kind])]}
    check(everybody, merges, asked)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "detail", "property": "first_name", "operator": "contains", "value": "aD"},
        {"kind": "detail", "property": "first_name", "operator": "is", "value": "ADA"},
        {"kind": "detail", "property": "city", "operator": "contains", "value": "ERL"},
        {"kind": "detail", "property": "city", "operator": "is", "value": "berlin"},
        {"kind": "detail", "property": "city", "operator": "at_most", "value": "BERLIN"},
        {"kind": "purchases", "measure": "count", "operator": "at_least", "number": "1", "product": "COFFEE"},
        {"kind": "purchases", "measure": "count", "operator": "at_least", "number": "1", "coupon": "spring"},
    ],
)
def test_capitals_make_no_difference(rule: dict[str, Any]) -> None:
    bought = {"status": "paid", "currency": "EUR", "refunded": Decimal(0), "total": Decimal(5)}
    ada = Person(
        columns={"first_name": "Ada"},
        attributes={"city": "Berlin"},
        purchases=[{**bought, "at": NOW, "coupon": "SPRING", "names": ["Coffee beans"]}],
    )
    bo = Person(columns={"first_name": "Bo"}, attributes={"city": "leeds"})
    plant([ada, bo], [])

    assert meant({"match": "all", "rules": [rule]}) == {ada.pk}


def test_agreed_on_one_site_is_not_agreed_on_another() -> None:
    ada = Person(agreed={("marketing", ""): True})
    plant([ada], [])
    rule = {"kind": "consent", "group": "marketing", "topic": ""}
    here = Site.objects.get().pk

    assert meant({"match": "all", "rules": [{**rule, "site": here}]}) == {ada.pk}
    assert meant({"match": "all", "rules": [{**rule, "site": here + 1}]}) == set()


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Auckland", 30), ("America/Los_Angeles", 29)])
def test_today_is_the_day_of_the_default_site(zone: str, day: int) -> None:
    born = {number: Person(attributes={"birthday": f"1990-03-{number}"}) for number in (29, 30)}
    plant(list(born.values()), [])
    core.open_site(Site.objects.get().pk, account="default", now=NOW)
    core.change_site_settings(Site.objects.get().pk, zone=zone)
    rule = {"kind": "date", "date": "birthday", "when": "next", "days": 0, "yearly": True}

    assert meant({"match": "all", "rules": [rule]}) == {born[day].pk}


def test_the_best_the_new_and_the_lost_among_many() -> None:
    dice = random.Random(7)
    bought = {"status": "paid", "currency": "EUR", "coupon": "", "refunded": Decimal(0), "names": []}
    everybody = [
        Person(
            purchases=[
                {
                    **bought,
                    "at": NOW - timedelta(days=dice.uniform(0, 300)),
                    "total": Decimal(dice.randint(1, 90)),
                }
                for _ in range(dice.choice([0, 1, 1, 1, 2, 3, 5]))
            ]
        )
        for _ in range(60)
    ]
    plant(everybody, [])
    oracle.EVERYBODY[:] = everybody

    for rule in (
        *({"kind": "rfm", "group": group} for group in ("champions", "loyal", "new", "at_risk", "lost")),
        *({"kind": "rhythm", "factor": factor} for factor in (1.0, 2.0)),
    ):
        expected = {person.pk for person in everybody if oracle.means(rule, person, NOW)}
        assert expected, rule
        assert meant({"match": "all", "rules": [rule]}) == expected, rule


@often
@given(
    everybody=some.lists(people, min_size=1, max_size=6),
    merges=some.lists(some.booleans(), max_size=2),
    asked=whole,
)
def test_whom_groups_of_rules_mean(
    db: None, everybody: list[Person], merges: list[bool], asked: dict[str, Any]
) -> None:
    check(everybody, merges, asked)


def check(everybody: list[Person], merges: list[bool], asked: dict[str, Any]) -> None:
    with transaction.atomic():
        plant(everybody, merges)
        oracle.EVERYBODY[:] = everybody
        expected = {person.pk for person in everybody if oracle.means(asked, person, NOW)}
        if not any(True for _ in matching.types.leaves(asked)):
            expected = set()
        found = meant(asked)
        transaction.set_rollback(True)
    assert found == expected
