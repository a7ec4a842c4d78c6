"""Deleting archives: out of sight, everybody out, and for 30 days it can be had back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db

STEPS = [("send_message", {"text": "Hello"}), ("wait_duration", {"amount": 1, "unit": "days"})]


@pytest.fixture
def now() -> datetime:
    return clock.now()


def until_done(now: datetime) -> None:
    while park_due(now=now, limit=2):
        pass


def runtime() -> SequenceRuntime:
    return SequenceRuntime.objects.get()


@pytest.mark.parametrize("before", ["live", "paused", "draining", "ended"])
def test_archiving_takes_everybody_out_of_whatever_state(now: datetime, before: str) -> None:
    sequence = live_sequence(steps=STEPS)
    stand_at_the_start(sequence, crowd(3))
    run_due(now=now + timedelta(seconds=1))
    if before == "draining":
        sequence.unpublish()
    elif before != "live":
        {"paused": sequences.pause, "ended": sequences.end}[before](sequence.pk, now=now)
    until_done(now)

    assert sequences.archive(sequence.pk, now=now, by="Ada")
    assert not sequences.archive(sequence.pk, now=now, by="Ada")
    until_done(now)

    assert set(Enrolment.objects.values_list("state", "running")) == {("exited", None)}
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    found = runtime()
    assert (found.state, found.archived_at, found.trigger_event) == ("archived", now, "")
    assert not Sequence.objects.get(pk=sequence.pk).live


def test_nobody_moves_while_it_is_being_archived(now: datetime) -> None:
    sequence = live_sequence(steps=STEPS)
    stand_at_the_start(sequence, crowd(1))
    sequences.archive(sequence.pk, now=now)

    assert run_due(now=now + timedelta(seconds=1)) == 0


def test_it_comes_back_ended_and_runs_when_it_is_published(now: datetime) -> None:
    sequence = live_sequence(steps=STEPS)
    sequences.archive(sequence.pk, now=now)
    until_done(now)

    assert sequences.restore(sequence.pk, now=now + timedelta(days=29))
    assert not sequences.restore(sequence.pk, now=now + timedelta(days=29))

    found = runtime()
    assert (found.state, found.archived_at, found.parking_due_at) == ("ended", None, None)
    publish(Sequence.objects.get(pk=sequence.pk))
    assert runtime().state == "live"


def test_after_thirty_days_what_ran_is_kept_for_good_and_cannot_come_back(now: datetime) -> None:
    sequence = live_sequence(steps=STEPS)
    sequences.archive(sequence.pk, now=now)
    until_done(now)
    assert runtime().parking_due_at == now + sequences.KEPT_IN_ARCHIVE

    later = now + sequences.KEPT_IN_ARCHIVE
    assert not sequences.restore(sequence.pk, now=later)
    until_done(later)

    assert runtime().state == "archived"
    assert runtime().parking_due_at is None


def test_what_never_ran_comes_back_as_the_draft_it_was_or_is_removed(now: datetime) -> None:
    draft = Sequence.objects.create(name="A draft", live=False)
    draft.save_revision()
    assert sequences.archive(draft.pk, now=now)
    until_done(now)
    assert sequences.restore(draft.pk, now=now)
    assert not SequenceRuntime.objects.exists()

    sequences.archive(draft.pk, now=now)
    until_done(now)
    assert Sequence.objects.exists()
    until_done(now + sequences.KEPT_IN_ARCHIVE)

    assert not Sequence.objects.exists()
    assert not SequenceRuntime.objects.exists()


def test_a_schedule_does_not_bring_it_back(now: datetime) -> None:
    sequence = live_sequence(steps=STEPS)
    sequence.go_live_at = timezone.now() + timedelta(days=1)
    sequence.save_revision().publish()
    assert Sequence.objects.get().scheduled_revision is not None

    sequences.archive(sequence.pk, now=now)

    assert Sequence.objects.get().scheduled_revision is None
