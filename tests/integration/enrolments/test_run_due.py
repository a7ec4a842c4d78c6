"""The advance: what it writes, what it costs, and that no row can stop its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd, stand_at_the_start, with_first_step
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.enrolments import passes
from wagtail_drip.enrolments.effects import UpdateContact
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.models import Enrolment, EnrolmentTally, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.steps import base
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind, Wait
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import EventDraft
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.flow import Step
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello {{ contact.first_name }}"})
TWO_HOURS = ("wait_duration", {"amount": 2, "unit": "hours"})


@pytest.fixture
def now() -> datetime:
    return clock.now()


def enrolled(sequence: Sequence, **known: Any) -> Enrolment:
    return stand_at_the_start(sequence, [reachable_contact(**known)])[0]


def happen(contact_id: int, name: str, at: datetime, **properties: Any) -> None:
    """Record an event that nobody matches, so that only the advance can notice it."""
    row = Enrolment.objects.filter(contact_id=contact_id).first()
    assert row is not None
    draft = EventDraft(
        name=name,
        key=f"{name}:{contact_id}:{at.isoformat()}",
        store="test",
        site_id=row.site_id,
        contact_id=contact_id,
        source="backfill",
        occurred_at=at,
        recorded_at=at,
        properties=properties,
    )
    events.record_event(draft)


def test_one_advance_texts_visits_counts_and_waits(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO, TWO_HOURS], goal="order_paid")
    row = enrolled(sequence)

    done = run_due(now=clock.now())

    row.refresh_from_db()
    message = Message.objects.get()
    visits = list(StepVisit.objects.order_by("visit"))
    assert done == 1
    assert (row.state, row.visit, row.step_id) == ("waiting", 2, visits[1].step_id)
    assert row.due_at == row.entered_step_at + timedelta(hours=2)  # type: ignore[operator] # it has begun
    assert (message.key, message.step_id, message.state) == (
        f"enr:{row.pk}:1",
        visits[0].step_id,
        "scheduled",
    )
    assert message.guards == [
        {"kind": "event", "event": "order_paid", "conditions": [], "since": row.since.isoformat()}
    ]
    assert [(v.kind, v.left_at is None, v.message_key) for v in visits] == [
        ("send_message", False, message.key),
        ("wait_duration", True, ""),
    ]
    assert [(t.measure, t.step_id, t.n) for t in EnrolmentTally.objects.order_by("pk")] == [
        ("visited", step_id, 1) for step_id in sorted(v.step_id for v in visits)
    ]


def test_the_end_frees_the_place_and_closes_the_visit_that_waited(now: datetime) -> None:
    row = enrolled(live_sequence(steps=[TWO_HOURS]))
    run_due(now=clock.now())
    later = clock.now() + timedelta(hours=2)

    run_due(now=later)

    row.refresh_from_db()
    assert (row.state, row.running, row.due_at, row.ended_at, row.step_id) == (
        "completed",
        None,
        None,
        later,
        "",
    )
    assert StepVisit.objects.get().left_at == later
    assert run_due(now=later) == 0


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(now: datetime) -> None:
    steps = [
        ("branch", {"test": "done", "event": "link_clicked", "yes": [HELLO], "no": [HELLO]}),
        ("update_contact", {"field": "attribute", "attribute": "seen", "value": "yes"}),
        TWO_HOURS,
    ]
    sequence = live_sequence(steps=steps, goal="order_paid")
    costs = []
    for size in (3, 5, 60):  # the first reads what a process reads once: the flow
        stand_at_the_start(sequence, crowd(size))
        with CaptureQueriesContext(connection) as queries:
            assert run_due(now=clock.now()) == size
        # SQLite takes 999 values in a statement, so that long inserts come in several.
        costs.append([query["sql"][:150] for query in queries if not query["sql"].startswith("INSERT")])

    assert len(costs[1]) == len(costs[2]), "\n".join(costs[2])
    assert len(costs[2]) < 40


def test_a_goal_that_nobody_matched_ends_it_before_the_next_text_and_takes_back_the_last(
    now: datetime,
) -> None:
    row = enrolled(live_sequence(steps=[HELLO, TWO_HOURS, HELLO], goal="order_placed"))
    run_due(now=clock.now())
    later = clock.now() + timedelta(hours=2)
    happen(row.contact_id, "order_placed", later - timedelta(minutes=1))

    run_due(now=later)

    row.refresh_from_db()
    assert (row.state, row.exit_reason, row.running) == ("exited", "goal_met", None)
    assert [(m.state, m.reason) for m in Message.objects.all()] == [("cancelled", "goal_already_met")]
    last = StepVisit.objects.get(visit=2)
    assert last.left_at == later
    assert [(d["rule"]["name"], d["outcome"]) for d in last.decisions][1:] == [("goal_met", "yes")]
    assert last.decisions[0]["rule"]["name"] == "wait_duration"


def test_in_a_paused_sequence_nobody_moves(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO])
    row = enrolled(sequence)
    sequences.pause(sequence.pk, now=clock.now())

    assert run_due(now=clock.now()) == 0

    row.refresh_from_db()
    assert (row.state, Message.objects.count()) == ("active", 0)


def test_the_erased_leave_and_the_merged_are_texted_as_who_they_are_now(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO])
    erased, merged, twin = (reachable_contact() for _ in range(3))
    survivor, own = reachable_contact(first_name="Sole"), reachable_contact()
    rows = stand_at_the_start(sequence, [erased, merged, twin, own])
    Contact.objects.filter(pk=erased.pk).update(erased_at=now)
    Contact.objects.filter(pk=merged.pk).update(merged_into=survivor)
    Contact.objects.filter(pk=twin.pk).update(merged_into=own)

    run_due(now=clock.now())

    outcomes = dict(Enrolment.objects.values_list("contact_id", "exit_reason"))
    assert outcomes == {erased.pk: "erased", merged.pk: "", twin.pk: "merged", own.pk: ""}
    assert {m.contact_id for m in Message.objects.all()} == {survivor.pk, own.pk}
    assert len(rows) == 4


class Explodes(StepKind):
    """Raises for people called Boom."""

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        if facts.contact["first_name"] == "Boom":
            raise ZeroDivisionError("The step's own mistake.")
        return GoOn()


class WritesNonsense(StepKind):
    """Asks, for people called Boom, for an effect that cannot be written."""

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        if facts.contact["first_name"] == "Boom":
            return GoOn(effects=(UpdateContact(field="shoe_size", value="44"),))
        return GoOn()


class WaitsForReply(StepKind):
    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(events=frozenset({"message_replied"}))

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        return GoOn() if facts.events else Wait(event="message_replied")


@pytest.fixture
def _own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_registered", {})
    base.register("explodes", Explodes)
    base.register("writes_nonsense", WritesNonsense)
    base.register("waits_for_reply", WaitsForReply)


@pytest.mark.usefixtures("_own_kinds")
@pytest.mark.parametrize(
    ("kind", "cause"), [("explodes", "ZeroDivisionError"), ("writes_nonsense", "UnknownField")]
)
def test_one_bad_row_fails_with_its_trace_and_the_others_go_on(kind: str, cause: str, now: datetime) -> None:
    sequence = live_sequence(steps=[("goal", {}), HELLO][::-1])
    with_first_step(sequence, kind)
    names = ["Ada", "Bob", "Boom", "Cy", "Dan"]
    people = [reachable_contact(first_name=name) for name in names]
    stand_at_the_start(sequence, people)

    assert run_due(now=clock.now()) == 5

    states = {row.contact.first_name: row.state for row in Enrolment.objects.select_related("contact")}
    assert states == {
        "Ada": "completed",
        "Bob": "completed",
        "Boom": "failed",
        "Cy": "completed",
        "Dan": "completed",
    }
    failed = Enrolment.objects.get(state="failed")
    assert (failed.exit_reason, failed.running, failed.due_at) == ("error", None, None)
    assert cause in failed.error


@pytest.mark.usefixtures("_own_kinds")
def test_who_begins_to_wait_for_an_event_looks_once_more_in_a_later_snapshot(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO])
    with_first_step(sequence, "waits_for_reply")
    row = enrolled(sequence)
    moment = clock.now()

    run_due(now=moment)
    row.refresh_from_db()
    first = (row.state, row.waits_for, row.due_at)
    run_due(now=moment)
    row.refresh_from_db()

    assert first == ("waiting", "message_replied", moment)
    assert (row.state, row.waits_for, row.due_at, row.visit) == ("waiting", "message_replied", None, 1)


def test_a_pass_that_did_not_end_makes_the_next_half_as_big_until_the_row_is_alone(now: datetime) -> None:
    stand_at_the_start(live_sequence(steps=[HELLO]), crowd(20))
    present = clock.lease_now()
    Lease.objects.create(name="advance:x", until=present, started_at=present, size=16)

    sizes = [run_due(now=clock.now(), slot="advance:x") for _ in range(2)]

    notes = Lease.objects.get(name="advance:x")
    assert sizes == [8, 12]
    assert notes.size == 16
    assert notes.ended_at is not None


def test_a_row_that_killed_five_workers_alone_fails_and_its_neighbour_goes_on(now: datetime) -> None:
    killer, neighbour = stand_at_the_start(live_sequence(steps=[HELLO]), crowd(2))
    present = clock.lease_now()
    Lease.objects.create(name="advance:x", until=present, started_at=present, size=1)
    Enrolment.objects.filter(pk=killer.pk).update(due_at=killer.due_at - timedelta(minutes=1))  # type: ignore[operator]
    rows = Enrolment.objects.filter(pk__in=[killer.pk, neighbour.pk]).order_by("due_at", "pk")
    for _ in range(5):  # five workers began with it and did not live to say more
        passes.fail_if_it_kills(rows, now=now)

    run_due(now=clock.now(), slot="advance:x")

    killer.refresh_from_db()
    neighbour.refresh_from_db()
    assert (killer.state, killer.exit_reason) == ("failed", "error")
    assert killer.error == "5 workers ended while they advanced this enrolment alone."
    assert (neighbour.state, neighbour.error) == ("completed", "")
