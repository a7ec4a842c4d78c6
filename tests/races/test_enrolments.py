"""Two triggers at once, a new version against an advance, a merge against an advance; each with its mutant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, TimeoutError
from datetime import datetime
from typing import Any

import pytest
from django.db.models import Sum
from wagtail.models import Site

from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims, clock
from wagtail_drip.enrolments import actions, run_due, upgrade
from wagtail_drip.enrolments.advanced import Advanced
from wagtail_drip.enrolments.models import Enrolment, EnrolmentTally, StepVisit
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy.merge import merge
from wagtail_drip.sequences.models import Sequence as DripSequence
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
FIRST = ("send_message", {"text": "One"})
PAUSE = ("wait_duration", {"amount": 1, "unit": "days"})
LAST = ("send_message", {"text": "Two"})


@pytest.fixture
def before_record(monkeypatch: pytest.MonkeyPatch) -> Door:
    """The seam of an advance that has decided everything and written nothing of the enrolments."""
    door, record = Door(), run_due.record

    def knock_then_record(batch: Sequence[Advanced], *, now: datetime) -> None:
        door.knock()
        record(batch, now=now)

    monkeypatch.setattr(run_due, "record", knock_then_record)
    return door


def entered() -> int:
    return EnrolmentTally.objects.filter(measure="entered").aggregate(n=Sum("n"))["n"] or 0


def enter_twice(
    elsewhere: Run,
    monkeypatch: pytest.MonkeyPatch,
    contact: Contact,
    sequence: DripSequence,
    now: datetime,
    *,
    waits: bool,
) -> None:
    """Let one worker stand before its insert while another comes in for the same person."""
    door, insert, comers = Door(), claims.insert_new, []

    def knock_then_insert(rows: Sequence[Any], *, unique: Sequence[str]) -> None:
        if isinstance(rows[0], Enrolment):
            comers.append(rows)
            if len(comers) == 1:
                door.knock()
        insert(rows, unique=unique)

    monkeypatch.setattr(claims, "insert_new", knock_then_insert)

    def come(key: str) -> None:
        actions.enrol(
            contact_ids=[contact.pk],
            sequence_id=sequence.pk,
            site_id=Site.objects.get(is_default_site=True).pk,
            now=now,
            key=key,
        )

    first = elsewhere(come, "a")
    door.await_knock()
    second = elsewhere(come, "b")
    if waits:
        with pytest.raises(TimeoutError):
            second.result(0.3)
    else:
        second.result(PATIENCE_SECONDS)
    door.open()
    first.result(PATIENCE_SECONDS)
    second.result(PATIENCE_SECONDS)


def test_two_triggers_at_once_let_somebody_in_once(
    elsewhere: Run, monkeypatch: pytest.MonkeyPatch, customer: Callable[..., Contact], now: datetime
) -> None:
    sequence = live_sequence(steps=[FIRST])

    enter_twice(elsewhere, monkeypatch, customer(), sequence, now, waits=True)

    assert Enrolment.objects.count() == 1
    assert entered() == 1


@needs_row_locks
def test_an_entry_without_the_lock_counts_somebody_twice(
    elsewhere: Run, monkeypatch: pytest.MonkeyPatch, customer: Callable[..., Contact], now: datetime
) -> None:
    """The mutant: the constraint still holds, but both believe that they let her in."""
    sequence = live_sequence(steps=[FIRST])
    monkeypatch.setattr(actions.claims, "lock_in_order", lambda rows: list(rows.order_by("pk")))

    enter_twice(elsewhere, monkeypatch, customer(), sequence, now, waits=False)

    assert Enrolment.objects.count() == 1
    assert entered() == 2


def changed(sequence: DripSequence) -> None:
    """Publish the sequence without its first text."""
    steps = sequence.steps.get_prep_value()
    sequence.steps = sequence._meta.get_field("steps").to_python(steps[1:])
    publish(sequence)


@needs_row_locks
def test_a_new_version_moves_people_only_after_the_advance_that_holds_them(
    elsewhere: Run, before_record: Door, customer: Callable[..., Contact], site_id: int
) -> None:
    sequence, now = live_sequence(steps=[FIRST, PAUSE, LAST]), clock.now()
    actions.enrol(contact_ids=[customer().pk], sequence_id=sequence.pk, site_id=site_id, now=now)
    advancing = elsewhere(run_due.run_due, now=now)
    before_record.await_knock()

    changed(sequence)
    assert upgrade.park_due(now=clock.now()) == 0
    before_record.open()
    advancing.result(PATIENCE_SECONDS)
    while upgrade.park_due(now=clock.now()) + run_due.run_due(now=clock.now()):
        pass

    (person,) = Enrolment.objects.select_related("version")
    assert person.version.number == 2
    assert person.step_id in {step["id"] for step in person.version.flow["steps"]}
    assert person.due_at is not None
    visits = list(StepVisit.objects.values_list("step_id", flat=True))
    assert len(visits) == len(set(visits)) == 2


@needs_row_locks
def test_a_version_that_moves_who_is_being_advanced_repeats_a_step(
    elsewhere: Run,
    monkeypatch: pytest.MonkeyPatch,
    before_record: Door,
    customer: Callable[..., Contact],
    site_id: int,
) -> None:
    """The mutant: without its claim the move goes by where she stood, and she waits the same day twice."""
    sequence, now = live_sequence(steps=[FIRST, PAUSE, LAST]), clock.now()
    actions.enrol(contact_ids=[customer().pk], sequence_id=sequence.pk, site_id=site_id, now=now)
    advancing = elsewhere(run_due.run_due, now=now)
    before_record.await_knock()
    changed(sequence)
    with monkeypatch.context() as mutant:
        mutant.setattr(claims, "claim", lambda rows, limit: list(rows[:limit]))
        moving = elsewhere(upgrade.park_due)
        with pytest.raises(TimeoutError):
            moving.result(0.5)  # it has read, and waits for the row to write it
        before_record.open()
        advancing.result(PATIENCE_SECONDS)
        moving.result(PATIENCE_SECONDS)
    while upgrade.park_due(now=clock.now()) + run_due.run_due(now=clock.now()):
        pass

    visits = list(StepVisit.objects.values_list("step_id", flat=True))
    assert len(visits) > len(set(visits))


@needs_row_locks
def test_who_is_merged_during_an_advance_is_texted_as_the_survivor_or_not_at_all(
    elsewhere: Run, before_record: Door, customer: Callable[..., Contact], site_id: int, now: datetime
) -> None:
    sequence = live_sequence(steps=[FIRST, PAUSE, LAST])
    contact, survivor = customer(), customer("+447400123457", marketing=False)
    for each in (contact, survivor):
        actions.enrol(contact_ids=[each.pk], sequence_id=sequence.pk, site_id=site_id, now=now)
    advancing = elsewhere(run_due.run_due, now=now)
    before_record.await_knock()

    merging = elsewhere(merge, contact.pk, into=survivor.pk, now=now)
    before_record.open()
    advancing.result(PATIENCE_SECONDS)
    merging.result(PATIENCE_SECONDS)
    while send_due(now=now):
        pass
    Enrolment.objects.filter(running=1).update(due_at=now)
    run_due.run_due(now=now)

    assert memory.outbox == []  # the survivor never agreed
    assert set(Message.objects.values_list("state", flat=True)) == {"skipped", "cancelled"}
    ends = dict(Enrolment.objects.values_list("contact_id", "exit_reason"))
    assert ends[contact.pk] == "merged"
    assert ends[survivor.pk] == ""


def test_every_lock_is_taken_through_one_door() -> None:
    """The mutants above replace it there; a lock taken elsewhere would make them prove nothing."""
    assert actions.claims is claims
    assert upgrade.claims is claims
