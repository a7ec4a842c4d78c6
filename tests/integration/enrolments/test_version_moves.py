"""People inside move to a new version as its publisher chose."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from tests.integration.enrolments.publishing import (
    BYE,
    HELLO,
    NEWS,
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
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.enrolments.version_moves import LOOK_AGAIN
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.choices import Choice, Chosen, NoSuchChoice
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test.sequences import live_sequence

__all__ = ["now", "sequence"]

pytestmark = pytest.mark.django_db


def test_who_stays_is_led_to_the_end_by_the_old_version(sequence: Sequence, now: datetime) -> None:
    (row,) = stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    publish(sequence, raw[:2], now, at_1=Chosen(choice=Choice.STAY))

    assert until_done(now) == 1
    until_done(now + LOOK_AGAIN)

    assert rows("version_id", "step_id", "due_at") == [(row.version_id, row.step_id, row.due_at)]
    for days in (3, 6):
        run_due(now=now + timedelta(days=days))
    assert rows("state", "version_id") == [("completed", row.version_id)]
    assert Message.objects.exclude(state="cancelled").count() == 3


def test_who_stays_stays_at_the_next_publish_too_unless_chosen_anew(
    sequence: Sequence, now: datetime
) -> None:
    (row,) = stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    second = publish(sequence, raw[:4], now, at_1=Chosen(choice=Choice.STAY))
    until_done(now)

    third = publish(sequence, raw[:3], now)
    assert until_done(now) == 1
    assert rows("version_id") == [row.version_id]

    sequence.steps = sequence.steps.stream_block.to_python(raw[:2])
    chosen = {(row.version_id, row.step_id): Chosen(choice=Choice.KEEP)}
    fourth = sequences.publish(sequence, revision_id=None, now=now, choices=chosen)
    until_done(now)
    assert fourth is not None
    assert (second.number, third.number, rows("version_id")) == (2, 3, [fourth.pk])


@pytest.mark.parametrize("later", [1, 9])
def test_who_keeps_their_wait_keeps_its_length_through_any_number_of_publishes(
    sequence: Sequence, now: datetime, later: int
) -> None:
    (row,) = stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    publish(sequence, wait_for(raw, 1, 5), now)
    until_done(now)
    publish(sequence, wait_for(raw, 1, later), now)
    until_done(now)
    due = now + timedelta(days=2)
    # Something wakes them before their time.
    Enrolment.objects.update(due_at=due - timedelta(hours=30))

    run_due(now=due - timedelta(hours=29))
    assert rows("step_id", "due_at", "memory") == [
        (raw[1]["id"], row.due_at, {"kept": {"amount": 2, "unit": "days"}})
    ]
    run_due(now=due + timedelta(minutes=1))

    assert rows("step_id", "memory") == [(raw[3]["id"], {})]


def test_who_comes_later_waits_as_the_new_version_says(sequence: Sequence, now: datetime) -> None:
    stand_at_the_start(sequence, crowd(1))
    publish(sequence, wait_for(steps_of(sequence), 1, 5), now)
    until_done(now)

    run_due(now=now + timedelta(seconds=1))

    (due,) = rows("due_at")
    assert due.date() == (now + timedelta(days=5, seconds=1)).date()
    assert rows("memory") == [{}]


def test_who_is_sent_on_begins_the_step_and_closes_the_one_before(sequence: Sequence, now: datetime) -> None:
    stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    publish(sequence, raw, now)  # the same again: no version
    publish(sequence, wait_for(raw, 1, 5), now, at_1=Chosen(choice=Choice.MOVE, to=raw[4]["id"]))

    until_done(now)
    run_due(now=now)

    assert rows("state", "version__number") == [("completed", 2)]
    assert list(Message.objects.order_by("pk").values_list("step_id", flat=True)) == [
        raw[0]["id"],
        raw[4]["id"],
    ]
    assert not StepVisit.objects.filter(left_at=None).exists()


def test_who_is_sent_back_gets_nothing_twice(sequence: Sequence, now: datetime) -> None:
    stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    publish(sequence, wait_for(raw, 1, 5), now, at_1=Chosen(choice=Choice.MOVE, to=raw[0]["id"]))

    until_done(now)
    for day in range(0, 20, 2):
        run_due(now=now + timedelta(days=day, seconds=5))

    assert rows("state") == ["completed"]
    texts = list(Message.objects.order_by("pk").values_list("step_id", flat=True))
    assert texts == [raw[0]["id"], raw[2]["id"], raw[4]["id"]]


def test_texts_that_stand_further_down_now_are_not_got_twice(sequence: Sequence, now: datetime) -> None:
    stand_at_the_wait(sequence, now)
    raw = steps_of(sequence)
    publish(sequence, [raw[1], raw[0], *raw[2:]], now)

    until_done(now)
    for day in range(0, 20, 2):
        run_due(now=now + timedelta(days=day, seconds=5))

    assert rows("state") == ["completed"]
    texts = list(Message.objects.order_by("pk").values_list("step_id", flat=True))
    assert texts == [raw[0]["id"], raw[2]["id"], raw[4]["id"]]


@pytest.mark.parametrize(("days", "ends"), [(5, 5), (1, 2)])
def test_a_wait_is_counted_anew_from_when_it_began(
    sequence: Sequence, now: datetime, days: int, ends: int
) -> None:
    (row,) = stand_at_the_wait(sequence, now)
    later = now + timedelta(days=1, hours=12)
    publish(sequence, wait_for(steps_of(sequence), 1, days), later, at_1=Chosen(choice=Choice.RECOMPUTE))

    until_done(later)
    run_due(now=later)

    assert row.entered_step_at is not None
    if days == 5:
        assert rows("step_id", "due_at", "visit") == [
            (row.step_id, row.entered_step_at + timedelta(days=5), row.visit)
        ]
    else:
        # A day was over already: the text went, and the next wait began.
        assert rows("due_at", "visit") == [(later + timedelta(days=ends), row.visit + 2)]


def test_who_is_to_leave_is_out_with_the_texts_taken_back(sequence: Sequence, now: datetime) -> None:
    stand_at_the_wait(sequence, now, size=5)
    publish(sequence, steps_of(sequence)[:4], now, at_1=Chosen(choice=Choice.LEAVE))

    assert until_done(now) == 5

    assert set(rows("state", "exit_reason", "running")) == {("exited", "version_migrated", None)}
    assert set(Message.objects.values_list("state", "reason")) == {("cancelled", "version_migrated")}


def test_only_who_moved_loses_the_texts_of_removed_steps(sequence: Sequence, now: datetime) -> None:
    first = stand_at_the_wait(sequence, now, size=2)
    Enrolment.objects.filter(pk=first[1].pk).update(step_id=steps_of(sequence)[3]["id"])
    publish(sequence, steps_of(sequence)[1:], now, at_1=Chosen(choice=Choice.STAY))

    until_done(now)

    states = dict(Message.objects.values_list("enrolment_id", "state"))
    assert states == {first[0].pk: "scheduled", first[1].pk: "cancelled"}


def test_a_plan_that_was_overtaken_is_dropped(sequence: Sequence, now: datetime) -> None:
    stand_at_the_wait(sequence, now, size=4)
    raw = steps_of(sequence)
    second = publish(sequence, raw[:4], now, at_1=Chosen(choice=Choice.LEAVE))
    park_due(now=now, limit=2)
    third = publish(sequence, raw[:3], now)

    until_done(now)

    second.refresh_from_db()
    assert second.moves_due_at is None
    assert sorted(rows("state", "version_id")) == sorted(
        [("exited", second.pk - 1)] * 2 + [("waiting", third.pk)] * 2
    )


def test_who_is_paused_moves_and_stands_still_until_it_goes_on(sequence: Sequence, now: datetime) -> None:
    (row,) = stand_at_the_wait(sequence, now)
    sequences.pause(sequence.pk, now=now)
    until_done(now)
    raw = steps_of(sequence)
    publish(sequence, [raw[0], *raw[2:]], now)
    until_done(now)

    assert rows("state", "due_at", "parked_due_at", "step_id") == [("paused", None, now, raw[2]["id"])]
    assert run_due(now=now) == 0
    sequences.resume(sequence.pk, now=now)
    until_done(now)
    run_due(now=now)

    assert rows("state", "visit") == [("waiting", row.visit + 2)]
    assert Message.objects.count() == 2


def test_a_choice_of_a_step_that_there_is_not_is_refused(sequence: Sequence, now: datetime) -> None:
    with pytest.raises(NoSuchChoice, match="cannot go on at 'nowhere'"):
        publish(sequence, steps_of(sequence)[:4], now, at_1=Chosen(choice=Choice.MOVE, to="nowhere"))

    assert SequenceVersion.objects.count() == 1


@pytest.mark.parametrize("undone", [False, True])
def test_a_chunk_costs_as_many_queries_whatever_its_size(
    sequence: Sequence, now: datetime, undone: bool
) -> None:
    counts = []
    for size in (2, 40):
        stand_at_the_wait(sequence, now, size=size)
        raw = steps_of(sequence)
        publish(sequence, [raw[1], raw[0], *raw[3:]], now)
        if undone:
            until_done(now, limit=1000)
            sequences.undo_moves(sequence.pk, now=now)
        with CaptureQueriesContext(connection) as captured:
            assert park_due(now=now, limit=1000) >= size
        counts.append(len(captured))
        SequenceVersion.objects.update(moves_due_at=None)
        Enrolment.objects.update(running=None, state="completed", due_at=None)
        sequence = live_sequence(steps=[HELLO, TWO_DAYS, NEWS, TWO_DAYS, BYE])
    assert counts[1] == counts[0]
