"""People who were moved to a new version are put back, but for who has gone on since."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.integration.enrolments.publishing import (
    BYE,
    HELLO,
    TWO_DAYS,
    now,
    publish,
    rows,
    sequence,
    stand_at_the_wait,
    steps_of,
    until_done,
    wait_for,
)
from wagtail_drip.enrolments import undoing
from wagtail_drip.enrolments.models import Enrolment, EnrolmentTally, StepVisit, VersionMove
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.choices import Choice, Chosen
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

__all__ = ["now", "sequence"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(
    "chosen",
    [
        Chosen(choice=Choice.KEEP),
        Chosen(choice=Choice.STAY),
        Chosen(choice=Choice.RECOMPUTE),
        Chosen(choice=Choice.LEAVE),
        Chosen(choice=Choice.MOVE, to="the last text"),
    ],
    ids=lambda chosen: chosen.choice.value,
)
def test_undoing_puts_back_who_has_not_moved_since(
    sequence: Sequence, now: datetime, chosen: Chosen, paused: bool
) -> None:
    stand_at_the_wait(sequence, now, size=3)
    if paused:
        sequences.pause(sequence.pk, now=now)
        until_done(now)
    fields = [
        field.attname
        for field in Enrolment._meta.concrete_fields
        if chosen.choice != Choice.RECOMPUTE or field.attname not in ("due_at", "parked_due_at")
    ]
    before = rows(*fields)
    visits = list(StepVisit.objects.order_by("pk").values())
    raw = steps_of(sequence)
    if chosen.to:
        chosen = Chosen(choice=chosen.choice, to=raw[4]["id"])
    version = publish(sequence, wait_for(raw, 1, 5), now, at_1=chosen)
    until_done(now)
    changes = 0 if chosen.choice == Choice.STAY else 3
    assert undoing.can_be_undone(version).count() == changes

    assert sequences.undo_moves(sequence.pk, now=now)
    assert not sequences.undo_moves(sequence.pk, now=now)
    until_done(now)

    after = rows(*fields)
    if chosen.choice == Choice.MOVE:
        due = fields.index("parked_due_at" if paused else "due_at")
        after = [(*row[:due], before[n][due], *row[due + 1 :]) for n, row in enumerate(after)]
    assert after == before
    assert list(StepVisit.objects.order_by("pk").values()) == visits
    assert set(VersionMove.objects.values_list("undone_at", "not_undone")) == {(now, "")}
    version.refresh_from_db()
    assert version.moves_due_at is None
    exited = sum(EnrolmentTally.objects.filter(measure="exited").values_list("n", flat=True))
    assert exited == 0


def test_who_has_moved_since_stays_where_they_are(sequence: Sequence, now: datetime) -> None:
    stand_at_the_wait(sequence, now, size=2)
    raw = steps_of(sequence)
    version = publish(sequence, wait_for(raw, 1, 5), now, at_1=Chosen(choice=Choice.MOVE, to=raw[4]["id"]))
    until_done(now)
    run_due(now=now, limit=1)
    assert undoing.can_be_undone(version).count() == 1

    sequences.undo_moves(sequence.pk, now=now)
    until_done(now)

    assert sorted(rows("state", "version__number")) == [("completed", 2), ("waiting", 1)]
    assert sorted(VersionMove.objects.values_list("not_undone", flat=True)) == ["", "moved_on"]


def test_who_has_only_begun_to_wait_elsewhere_comes_back(sequence: Sequence, now: datetime) -> None:
    (row,) = stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    version = publish(sequence, raw[:4], now, at_1=Chosen(choice=Choice.MOVE, to=raw[3]["id"]))
    until_done(now)
    run_due(now=now + timedelta(seconds=2))
    assert undoing.can_be_undone(version).count() == 1

    sequences.undo_moves(sequence.pk, now=now)
    until_done(now)

    assert rows("step_id", "due_at", "version_id", "visit") == [
        (row.step_id, row.due_at, row.version_id, row.visit + 1)
    ]
    assert list(StepVisit.objects.filter(left_at=None).values_list("visit", flat=True)) == [row.visit]
    for days in (3, 6):
        run_due(now=now + timedelta(days=days))
    assert rows("state") == ["completed"]
    assert Message.objects.count() == 3
    assert not StepVisit.objects.filter(left_at=None).exists()


def test_who_left_and_has_entered_again_is_not_brought_back(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO, TWO_DAYS, BYE], reentry="always")
    (row,) = stand_at_the_wait(sequence, now)
    publish(sequence, steps_of(sequence)[:2], now, at_1=Chosen(choice=Choice.LEAVE))
    until_done(now)
    again = sequences_enrol(row, now)
    assert again is not None

    sequences.undo_moves(sequence.pk, now=now)
    until_done(now)

    assert VersionMove.objects.get(enrolment=row).not_undone == "runs_again"
    assert sorted(rows("state")) == ["active", "exited"]


def sequences_enrol(row: Enrolment, now: datetime) -> Enrolment | None:
    from wagtail_drip.enrolments import actions

    admission = actions.enrol(
        contact_ids=[row.contact_id], sequence_id=row.sequence_id, site_id=row.site_id, now=now, key="again"
    )
    return admission.entered[0] if admission and admission.entered else None


def test_after_undoing_the_same_steps_can_be_published_again(sequence: Sequence, now: datetime) -> None:
    stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    publish(sequence, raw[:4], now, at_1=Chosen(choice=Choice.LEAVE))
    until_done(now)
    sequences.undo_moves(sequence.pk, now=now)
    until_done(now)

    version = publish(sequence, raw[:4], now)
    until_done(now)

    assert version.number == 3
    assert rows("state", "version_id") == [("waiting", version.pk)]
