"""People inside follow what becomes of their sequence."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.enrolments.version_moves import LOOK_AGAIN
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello"})
BYE = ("send_message", {"text": "Bye"})
A_DAY = ("wait_duration", {"amount": 1, "unit": "days"})


@pytest.fixture
def now() -> datetime:
    return clock.now()


def until_done(now: datetime, limit: int = 2) -> int:
    """Follow in small chunks, as a big sequence is, and return how many rows moved."""
    total = 0
    while done := park_due(now=now, limit=limit):
        total += done
    return total


def standing(sequence: Sequence, size: int, now: datetime) -> list[Enrolment]:
    rows = stand_at_the_start(sequence, crowd(size))
    run_due(now=now + timedelta(seconds=1))
    return rows


def test_pausing_parks_everybody_and_resuming_puts_them_back_where_they_were(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO, A_DAY, BYE])
    rows = standing(sequence, 5, now)
    before = dict(Enrolment.objects.values_list("pk", "due_at"))
    sequences.pause(sequence.pk, now=now)

    assert until_done(now) == 10  # five people and their five texts

    assert set(Enrolment.objects.values_list("state", "due_at")) == {("paused", None)}
    assert set(Message.objects.values_list("state", "due_at")) == {("scheduled", None)}
    assert SequenceRuntime.objects.get().parking_due_at is None
    sequences.resume(sequence.pk, now=now)
    assert until_done(now) == 10
    assert dict(Enrolment.objects.values_list("pk", "due_at")) == before
    assert set(Enrolment.objects.values_list("state", "parked_due_at")) == {("waiting", None)}
    assert Message.objects.filter(due_at=None).count() == 0
    assert len(rows) == 5


def test_who_had_not_begun_is_active_again_after_a_pause(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO])
    (row,) = stand_at_the_start(sequence, crowd(1))
    sequences.pause(sequence.pk, now=now)
    until_done(now)
    sequences.resume(sequence.pk, now=now)

    until_done(now)

    row.refresh_from_db()
    assert (row.state, row.due_at is not None) == ("active", True)


def test_ending_takes_everybody_out_and_their_texts_back(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO, A_DAY, BYE])
    standing(sequence, 5, now)
    sequences.end(sequence.pk, now=now)

    until_done(now)

    assert set(Enrolment.objects.values_list("state", "exit_reason", "running")) == {
        ("exited", "removed_by_staff", None)
    }
    assert set(Message.objects.values_list("state", "reason")) == {("cancelled", "removed_by_staff")}
    assert SequenceRuntime.objects.get().parking_due_at is None


def test_ending_takes_back_texts_of_runs_that_were_over_already(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO])
    standing(sequence, 5, now)
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"completed"}
    sequences.end(sequence.pk, now=now)

    assert until_done(now) == 5

    assert set(Message.objects.values_list("state", "reason", "due_at")) == {
        ("cancelled", "removed_by_staff", None)
    }
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"completed"}
    assert SequenceRuntime.objects.get().parking_due_at is None


def republish_without(sequence: Sequence, *positions: int) -> SequenceVersion:
    kept = [child for n, child in enumerate(sequence.steps.get_prep_value()) if n not in positions]
    sequence.steps = sequence.steps.stream_block.to_python(kept)
    publish(sequence)
    return SequenceVersion.objects.filter(sequence=sequence).latest("number")


def test_who_stands_at_a_step_that_is_left_keeps_their_wait(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO, A_DAY, BYE])
    (row,) = standing(sequence, 1, now)
    row.refresh_from_db()
    version = republish_without(sequence, 0)

    until_done(clock.now())

    after = Enrolment.objects.get()
    assert (after.version_id, after.step_id, after.due_at, after.state) == (
        version.pk,
        row.step_id,
        row.due_at,
        "waiting",
    )
    # The first text belongs to a step that is gone.
    assert set(Message.objects.values_list("state", "reason")) == {("cancelled", "step_removed")}
    # Somebody may have been entering by the version before: it looks once more, and then no more.
    until_done(clock.now() + LOOK_AGAIN)
    assert SequenceVersion.objects.get(pk=version.pk).moves_due_at is None


def test_who_stands_at_a_step_that_is_gone_goes_on_at_the_next_that_is_left(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO, A_DAY, BYE])
    standing(sequence, 3, now)
    version = republish_without(sequence, 1)
    moment = clock.now()

    until_done(moment)
    run_due(now=moment)

    assert set(Enrolment.objects.values_list("version_id", "state")) == {(version.pk, "completed")}
    assert StepVisit.objects.filter(left_at=None).count() == 0
    assert sorted(StepVisit.objects.values_list("visit", flat=True)) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert Message.objects.count() == 6


def test_where_nothing_is_left_they_leave(now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO, A_DAY])
    standing(sequence, 2, now)
    republish_without(sequence, 1)

    until_done(clock.now())

    assert set(Enrolment.objects.values_list("state", "exit_reason")) == {("exited", "step_removed")}
