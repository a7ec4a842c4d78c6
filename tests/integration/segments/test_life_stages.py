"""Everybody's stage is kept up to date by passes: a change is an event, and what was is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from wagtail.models import Site

from wagtail_drip import tasks
from wagtail_drip.admin import branch_sentences
from wagtail_drip.api import emit
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.events.models import Event
from wagtail_drip.segments import life_stage_actions, life_stage_refresh, matching, querysets
from wagtail_drip.segments.life_stage_models import LifeStage, LifeStageRules
from wagtail_drip.segments.life_stages import Limits
from wagtail_drip.segments.models import Segment
from wagtail_drip.stores import tallies
from wagtail_drip.stores.models import Purchase
from wagtail_drip.test import outbox
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence
from wagtail_drip.test.time_travel import advance, advance_to_noon

pytestmark = pytest.mark.django_db

NUMBERS = count()
LATER = timedelta(minutes=16)


@pytest.fixture(autouse=True)
def nothing_sent_yet() -> None:
    outbox.outbox.clear()


def ordered(contact: Contact, *days_ago: float, now: datetime | None = None) -> None:
    now = now or clock.now()
    site_id = Site.objects.get(is_default_site=True).pk
    for days in days_ago:
        Purchase.objects.create(
            store="paper",
            order_id=f"stage-{next(NUMBERS)}",
            contact=contact,
            site_id=site_id,
            currency="GBP",
            total=Decimal(10),
            placed_at=now - timedelta(days=days),
            recorded_at=now,
        )
    with transaction.atomic():
        tallies.refresh([contact.pk])


def somebody(*days_ago: float, **fields: Any) -> Contact:
    now = clock.now()
    contact = Contact.objects.create(created_at=now, changed_at=now, **fields)
    if days_ago:
        ordered(contact, *days_ago)
    return contact


def changes() -> list[tuple[int | None, dict[str, Any]]]:
    rows = Event.objects.filter(name="stage_changed").order_by("pk")
    return list(rows.values_list("contact_id", "properties"))


def test_everybody_has_a_stage_after_the_first_pass_and_nobody_s_changed() -> None:
    lead, new, lost = somebody(), somebody(1), somebody(400)

    moved = life_stage_refresh.refresh_due()

    assert moved == 3
    assert querysets.stages_of([lead.pk, new.pk, lost.pk]) == {
        lead.pk: "lead",
        new.pk: "new",
        lost.pk: "lost",
    }
    assert changes() == []


def test_a_first_order_makes_a_lead_new_by_an_event() -> None:
    ada = somebody()
    life_stage_refresh.refresh_due()

    ordered(ada, 0)
    moved = life_stage_refresh.refresh_due(now=clock.now() + LATER)

    assert moved == 1
    assert changes() == [(ada.pk, {"stage": "new", "from": "lead"})]


def test_who_is_met_later_has_a_first_stage_and_no_change() -> None:
    life_stage_refresh.refresh_due()
    bo = somebody(1)

    life_stage_refresh.refresh_due(now=clock.now() + LATER)

    assert querysets.stages_of([bo.pk]) == {bo.pk: "new"}
    assert changes() == []


def test_a_stage_of_the_past_can_be_asked() -> None:
    ada, start = somebody(1), clock.now()
    life_stage_refresh.refresh_due(now=start)
    life_stage_refresh.refresh_due(now=start + timedelta(days=40))
    life_stage_refresh.refresh_due(now=start + timedelta(days=100))

    def then(days: float) -> str | None:
        return querysets.stages_of([ada.pk], as_of=start + timedelta(days=days)).get(ada.pk)

    assert [then(days) for days in (-1, 0, 39.9, 40, 99.9, 100, 500)] == [
        None,
        "new",
        "new",
        "active",
        "active",
        "at_risk",
        "at_risk",
    ]
    history = querysets.stage_history(ada.pk, limit=2)
    assert [(row.stage, row.until is None) for row in history] == [("at_risk", True), ("active", False)]


def test_other_limits_move_people_and_start_nothing() -> None:
    ada, start = somebody(40), clock.now()
    life_stage_refresh.refresh_due(now=start)
    life_stage_actions.change_limits(Limits(at_risk_days=35), now=start)

    moved = life_stage_refresh.refresh_due(now=start + timedelta(seconds=1))

    assert moved == 1
    assert querysets.stages_of([ada.pk]) == {ada.pk: "at_risk"}
    assert changes() == []


def test_limits_changed_during_a_pass_are_due_after_it() -> None:
    rules, now = life_stage_actions.rules(now=clock.now()), clock.now()
    life_stage_actions.change_limits(Limits(lost_days=500), now=now)

    life_stage_actions.refreshed(changes=rules.changes, now=now, due_at=now + timedelta(hours=1))

    row = LifeStageRules.objects.get()
    assert (row.is_filled, row.refresh_due_at, row.lost_days) == (False, now, 500)


def test_who_was_merged_or_erased_is_in_no_stage() -> None:
    ada, bo, survivor = somebody(1), somebody(1), somebody(1)
    life_stage_refresh.refresh_due()
    Contact.objects.filter(pk=ada.pk).update(merged_into=survivor)
    Contact.objects.filter(pk=bo.pk).update(erased_at=clock.now())

    life_stage_refresh.refresh_due(now=clock.now() + LATER)

    assert querysets.stages_of([ada.pk, bo.pk, survivor.pk]) == {survivor.pk: "new"}
    assert changes() == []


def test_of_who_was_erased_during_a_pass_nothing_is_kept() -> None:
    ada = somebody(1)
    life_stage_refresh.refresh_due()
    Contact.objects.filter(pk=ada.pk).update(erased_at=clock.now())

    life_stage_actions.move({ada.pk: "lost"}, site_id=Site.objects.get().pk, now=clock.now() + LATER)

    assert not LifeStage.objects.exists()
    assert changes() == []


@pytest.mark.parametrize("column", ["objected_at", "restricted_at"])
def test_who_is_not_to_be_profiled_is_in_no_stage_and_not_out_of_one(column: str) -> None:
    ada, bo = somebody(1), somebody(1)
    life_stage_refresh.refresh_due()
    Contact.objects.filter(pk=ada.pk).update(**{column: clock.now()})

    life_stage_refresh.refresh_due(now=clock.now() + LATER)

    assert querysets.stages_of([ada.pk, bo.pk]) == {bo.pk: "new"}
    rules = {"match": "all", "rules": [{"kind": "stage", "stage": "lost", "negate": True}]}
    found = [
        pk for each in matching.people(rules, now=clock.now()) for pk in each.values_list("pk", flat=True)
    ]
    assert found == [bo.pk]


def test_stages_that_cannot_be_told_stop_no_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = somebody(1, first_name="Ada")
    segment = Segment.objects.create(
        name="Ada", rules=[("detail", {"property": "first_name", "value": "Ada"})]
    )

    def poisoned(**_: object) -> str:
        raise ValueError("poisoned")

    monkeypatch.setattr(life_stage_refresh, "stage_of", poisoned)
    tasks.one_pass()

    assert not LifeStage.objects.exists()
    assert querysets.segments_of([ada.pk], [segment.pk]) == {ada.pk: frozenset({segment.pk})}


def test_nobody_is_looked_at_again_before_it_is_time() -> None:
    now = clock.now()
    life_stage_refresh.refresh_due(now=now)
    ada = somebody(1)

    assert life_stage_refresh.refresh_due(now=now + timedelta(minutes=14)) == 0
    assert querysets.stages_of([ada.pk]) == {}
    assert life_stage_refresh.refresh_due(now=now + LATER) == 1


def test_the_number_of_queries_is_by_chunks_and_not_by_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life_stage_refresh, "CHUNK", 20)

    def asked(now: datetime) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            life_stage_refresh.refresh_due(now=now)
        return len(queries)

    start = clock.now()
    for _ in range(2):
        somebody(1)
    life_stage_refresh.refresh_due(now=start)
    few = asked(start + timedelta(days=40))
    for _ in range(18):
        somebody(1)
    life_stage_refresh.refresh_due(now=start + timedelta(days=41))
    Purchase.objects.update(placed_at=start - timedelta(days=1))
    many = asked(start + timedelta(days=100))
    assert many == few
    assert len(changes()) == 2 + 20
    # Where nobody moves, each chunk costs a read of people, a read of stages, and the lease with the clock.
    still = asked(start + timedelta(days=101))
    somebody(1)
    life_stage_refresh.refresh_due(now=start + timedelta(days=102))
    assert asked(start + timedelta(days=102, hours=1)) == still + 4


def test_a_change_of_stage_starts_a_sequence() -> None:
    outbox.open_site()
    advance_to_noon()
    live_sequence(
        trigger=("stage_changed", [("stage", "is", "new")]),
        steps=[("send_message", {"text": "Welcome, reply STOP to opt out."})],
    )
    ada, bo = reachable_contact(), reachable_contact()
    advance(minutes=20)
    assert outbox.outbox == []

    ordered(ada, 0)
    ordered(bo, 100)
    advance(minutes=20)

    assert len(outbox.outbox) == 1


def test_a_segment_asks_for_a_stage() -> None:
    lead, new = somebody(), somebody(1)
    life_stage_refresh.refresh_due()

    def found(**rule: Any) -> set[int]:
        rules = {"match": "all", "rules": [{"kind": "stage", **rule}]}
        return {
            pk for each in matching.people(rules, now=clock.now()) for pk in each.values_list("pk", flat=True)
        }

    assert found(stage="new") == {new.pk}
    assert found(stage="new", negate=True) == {lead.pk}
    assert found(stage="lost") == set()


def slowly(days_ago: list[int], limits: Limits, now: int) -> str:
    """Return the stage by one order at a time, in days."""
    if not days_ago:
        return "lead"
    at = sorted(now - days for days in days_ago)
    gaps = [later - before for before, later in pairwise(at)]
    usual = sum(gaps) / len(gaps) if len(gaps) >= 2 else None
    waited = now - at[-1]
    if waited >= max(limits.lost_days, 4 * usual if usual is not None else 0):
        return "lost"
    if waited >= max(limits.dormant_days, 3 * usual if usual is not None else 0):
        return "dormant"
    if waited >= (limits.at_risk_days if usual is None else max(14, 2 * usual)):
        return "at_risk"
    if len(at) >= limits.loyal_orders:
        return "loyal"
    return "new" if now - at[0] < limits.new_days else "active"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=some.lists(some.lists(some.integers(0, 800), max_size=6), min_size=1, max_size=5),
    limits=some.builds(
        Limits,
        new_days=some.integers(1, 60),
        loyal_orders=some.integers(2, 5),
        at_risk_days=some.integers(20, 100),
        dormant_days=some.integers(101, 200),
        lost_days=some.integers(201, 500),
    ),
)
def test_a_pass_says_what_a_slow_walk_through_the_orders_says(
    people: list[list[int]], limits: Limits
) -> None:
    with transaction.atomic():
        now = clock.now()
        expected = {somebody(*days).pk: slowly(days, limits, 100_000) for days in people}
        # A moment later than the orders' days, for the clock went on while they were written.
        life_stage_actions.change_limits(limits, now=now)
        life_stage_refresh.refresh_due(now=clock.now() + timedelta(seconds=1))

        assert querysets.stages_of(list(expected)) == expected
        assert LifeStage.objects.filter(current=1).count() == Contact.objects.count()
        transaction.set_rollback(True)


@pytest.mark.parametrize("test", ["in_stage", "not_in_stage"])
def test_a_branch_asks_for_a_stage(test: str) -> None:
    outbox.open_site()
    advance_to_noon()
    ada, bo = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bo")
    ordered(ada, 1)
    life_stage_refresh.refresh_due(now=clock.now() + LATER)
    branch = {
        "test": test,
        "stage": "new",
        "yes": [("send_message", {"text": "Yes {{ contact.first_name }}. STOP ends."})],
        "no": [("send_message", {"text": "No {{ contact.first_name }}. STOP ends."})],
    }
    live_sequence(trigger="customer_registered", steps=[("branch", branch)])
    for person in (ada, bo):
        emit("customer_registered", key=f"r{person.pk}", contact={"phone": person.phone})
    advance(hours=24)

    is_new, is_not = ("Yes", "No") if test == "in_stage" else ("No", "Yes")
    assert sorted(outbox.texts()) == sorted([f"{is_new} Ada. STOP ends.", f"{is_not} Bo. STOP ends."])


def test_a_branch_that_asks_for_a_stage_says_so_and_must_name_one() -> None:
    branch = {"test": "in_stage", "stage": "", "yes": [], "no": []}
    with pytest.raises(ValueError, match="Choose the stage"):
        live_sequence(steps=[("branch", branch), ("send_message", {"text": "Hello. STOP ends."})])

    decided = {"rule": {"name": "stage", "stage": "new"}, "value": "loyal", "outcome": "no"}
    assert branch_sentences.RULES["stage"](decided) == (
        "They were in the stage “Loyal”. So this test did not hold."
    )
