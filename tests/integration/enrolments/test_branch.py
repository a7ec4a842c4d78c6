"""Branches over real rows: every test as an editor writes it, and a number of queries that does not grow."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from tests.integration.enrolments.test_awaiting import enter, happen
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.stores.models import Purchase
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return clock.now()


def text(words: str) -> tuple[str, dict[str, Any]]:
    return "send_message", {"text": words}


def bought(contact: Contact, total: str, *, at: datetime, **options: Any) -> Purchase:
    return Purchase.objects.create(
        **{
            "store": "test",
            "order_id": f"{contact.pk}-{total}-{at.isoformat()}",
            "contact": contact,
            "site": Site.objects.get(is_default_site=True),
            "total": Decimal(total),
            "currency": "EUR",
            "placed_at": at,
            "recorded_at": at,
            **options,
        }
    )


def four_ways() -> Sequence:
    return live_sequence(
        steps=[
            (
                "branch",
                {
                    "name": "Regulars",
                    "test": "purchases",
                    "measure": "count",
                    "compared": "at_least",
                    "number": Decimal(2),
                    "yes": [text("Regular")],
                    "more": [
                        (
                            "path",
                            {
                                "name": "Browsers",
                                "test": "done",
                                "event": "product_viewed",
                                "times": 2,
                                "window": "days",
                                "days": 30,
                                "steps": [text("Browser")],
                            },
                        ),
                        (
                            "path",
                            {
                                "name": "Silent",
                                "test": "not_permitted",
                                "group": "marketing",
                                "steps": [text("Silent")],
                            },
                        ),
                    ],
                    "no": [text("Other")],
                },
            )
        ]
    )


def path_names(row: Enrolment) -> list[str]:
    flow = {node["id"]: node for node in SequenceVersion.objects.get(pk=row.version_id).flow["steps"]}
    visit = StepVisit.objects.get(enrolment=row, kind="branch")
    return [path["label"] for path in flow[visit.step_id]["paths"] if path["key"] == visit.path]


def test_four_kinds_of_people_go_four_ways(now: datetime) -> None:
    four_ways()
    regular, browser, silent, other = (
        reachable_contact(),
        reachable_contact(),
        reachable_contact(agreed_to=(PurposeGroup.TRANSACTIONAL,)),
        reachable_contact(),
    )
    for days in (400, 3):
        bought(regular, "20.00", at=now - timedelta(days=days))
    bought(browser, "20.00", at=now - timedelta(days=3))
    bought(browser, "30.00", at=now - timedelta(days=2), status="cancelled")
    for hours in (30, 60):
        happen(browser, "product_viewed", at=now - timedelta(hours=hours))
    happen(other, "product_viewed", at=now - timedelta(days=31))
    happen(other, "product_viewed", at=now - timedelta(days=1))
    rows = [enter(person, now=now) for person in (regular, browser, silent, other)]

    run_due(now=now)

    assert [path_names(row) for row in rows] == [["Regulars"], ["Browsers"], ["Silent"], ["Otherwise"]]


def test_what_was_bought_and_done_before_two_contacts_became_one_counts(now: datetime) -> None:
    four_ways()
    ada, before = reachable_contact(), reachable_contact()
    bought(before, "20.00", at=now - timedelta(days=9))
    bought(ada, "25.00", at=now - timedelta(days=3))
    Contact.objects.filter(pk=before.pk).update(merged_into=ada, active_phone=None)
    row = enter(ada, now=now)

    run_due(now=now)

    assert path_names(row) == ["Regulars"]


def test_a_batch_of_any_size_asks_as_many_queries(now: datetime) -> None:
    four_ways()

    def queries(people: int, moment: datetime) -> int:
        for _ in range(people):
            person = reachable_contact()
            bought(person, "20.00", at=now)
            happen(person, "product_viewed", at=now)
            enter(person, now=moment)
        with CaptureQueriesContext(connection) as seen:
            assert run_due(now=moment) == people
        return len(seen)

    queries(1, now - timedelta(hours=1))  # reads the flow and the texts, which are then remembered
    assert queries(2, now) == queries(9, now + timedelta(hours=1))


def test_a_branch_with_one_test_compiles_to_what_it_always_did(now: datetime) -> None:
    sequence = live_sequence(
        steps=[("branch", {"test": "done", "event": "order_paid", "yes": [text("Thanks")], "no": []})]
    )

    node = SequenceVersion.objects.get(sequence=sequence).flow["steps"][0]

    assert node["settings"] == {
        "test": {
            "kind": "event",
            "event": "order_paid",
            "conditions": [],
            "negate": False,
            "since": "entry",
        }
    }
    assert [path["key"] for path in node["paths"]] == ["yes", "no"]


def test_a_draft_of_the_time_before_there_were_more_ways_is_read_and_published(now: datetime) -> None:
    old = {
        "type": "branch",
        "id": "fork",
        "value": {
            "test": "attribute",
            "event": "",
            "conditions": [],
            "property": "language",
            "operator": "is",
            "value": "zh",
            "yes": [{"type": "send_message", "id": "a", "value": {"text": "您好"}}],
            "no": [],
        },
    }
    sequence = Sequence.objects.create(name="Old", trigger_event="order_placed", live=False, steps=[old])

    publish(sequence)

    node = SequenceVersion.objects.get().flow["steps"][0]
    assert node["settings"] == {
        "test": {"kind": "attribute", "property": "language", "operator": "is", "value": "zh"}
    }


def test_the_keys_of_the_ways_stay_when_they_are_put_in_another_order(now: datetime) -> None:
    sequence = four_ways()
    before = SequenceVersion.objects.get(sequence=sequence).flow["steps"][0]
    raw = list(sequence.steps.get_prep_value())
    raw[0]["value"]["more"].reverse()
    sequence.steps = raw

    publish(sequence)

    after = SequenceVersion.objects.filter(sequence=sequence).latest("number").flow["steps"][0]
    keys = {path["label"]: path["key"] for path in before["paths"]}
    assert {path["label"]: path["key"] for path in after["paths"]} == keys
    assert [path["label"] for path in after["paths"]] == ["Regulars", "Silent", "Browsers", "Otherwise"]


def test_a_way_that_is_not_filled_in_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="“Second”: Choose what the person must have done"):
        live_sequence(
            steps=[
                (
                    "branch",
                    {
                        "test": "done",
                        "event": "order_paid",
                        "yes": [text("Thanks")],
                        "more": [("path", {"name": "Second", "test": "done", "event": "", "steps": []})],
                    },
                )
            ]
        )
