"""What a publish kept of each person is deleted once it cannot be undone; its numbers stay."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from tests.integration.enrolments.publishing import publish, steps_of, until_done, wait_for
from wagtail_drip import tasks
from wagtail_drip.admin.sequences.versions import rows_of
from wagtail_drip.core import clock
from wagtail_drip.enrolments.forgetting import KEPT, forget_moves
from wagtail_drip.enrolments.models import Enrolment, VersionMove
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.choices import Choice, Chosen
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def sequence(now: datetime) -> Sequence:
    """Five wait in it."""
    made = live_sequence(
        steps=[
            ("send_message", {"text": "Hello"}),
            ("wait_duration", {"amount": 90, "unit": "days"}),
            ("send_message", {"text": "Bye"}),
        ]
    )
    stand_at_the_start(made, crowd(5))
    run_due(now=now + timedelta(seconds=1))
    return made


def change(sequence: Sequence, days: int, now: datetime, **chosen: Chosen) -> SequenceVersion:
    version = publish(sequence, wait_for(steps_of(sequence), 1, days), now, **chosen)
    until_done(now)
    until_done(now + timedelta(minutes=3))
    return version


def told(sequence: Sequence) -> list[tuple[int, int, int, int]]:
    return [(row.moved, row.stayed, row.left, row.undone) for row in rows_of(sequence.pk)]


def test_what_may_still_be_undone_is_kept_for_ever(sequence: Sequence, now: datetime) -> None:
    version = change(sequence, 80, now)

    assert forget_moves(now=now + timedelta(days=3650)) == 0

    assert sequences.undo_moves(sequence.pk, now=now)
    until_done(now)
    assert VersionMove.objects.filter(to_version=version, undone_at__isnull=False).count() == 5


def test_what_another_publish_made_final_goes_after_thirty_days_and_its_numbers_stay(
    sequence: Sequence, now: datetime
) -> None:
    change(sequence, 80, now)
    change(sequence, 70, now, at_1=Chosen(choice=Choice.LEAVE))
    before = told(sequence)

    assert forget_moves(now=now + KEPT - MINUTE) == 0
    assert forget_moves(now=now + KEPT + MINUTE) == 5
    assert forget_moves(now=now + KEPT + MINUTE) == 0

    assert told(sequence) == before == [(0, 0, 5, 0), (5, 0, 0, 0), (0, 0, 0, 0)]
    assert VersionMove.objects.values_list("choice", flat=True).distinct().get() == "leave"


def test_what_was_undone_goes_too(sequence: Sequence, now: datetime) -> None:
    change(sequence, 80, now)
    assert sequences.undo_moves(sequence.pk, now=now)
    assert forget_moves(now=now + KEPT + MINUTE) == 0, "it is being undone"
    until_done(now)

    assert forget_moves(now=now + KEPT + MINUTE) == 5

    assert told(sequence)[0] == (0, 0, 0, 5)
    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {1}


def test_it_goes_in_chunks_of_which_one_call_does_some(sequence: Sequence, now: datetime) -> None:
    change(sequence, 80, now)
    change(sequence, 70, now)
    late = now + KEPT + MINUTE

    done = []
    while gone := forget_moves(now=late, size=2, chunks=1):
        done.append(gone)

    assert done == [2, 2, 1]
    assert told(sequence)[1] == (5, 0, 0, 0)


def test_a_chunk_costs_the_same_whatever_its_size(sequence: Sequence, now: datetime) -> None:
    stand_at_the_start(sequence, crowd(40))
    run_due(now=now + timedelta(seconds=2))
    change(sequence, 80, now)
    change(sequence, 70, now)
    costs = []
    for size in (2, 40):
        with CaptureQueriesContext(connection) as queries:
            forget_moves(now=now + KEPT + MINUTE, size=size, chunks=1)
        costs.append(len(queries))

    assert costs[0] == costs[1] < 12


def test_the_watch_of_each_minute_does_it(sequence: Sequence, now: datetime) -> None:
    change(sequence, 80, now - KEPT - timedelta(days=1))
    change(sequence, 70, now)
    assert VersionMove.objects.count() == 10

    tasks.watch()

    assert VersionMove.objects.count() == 5
