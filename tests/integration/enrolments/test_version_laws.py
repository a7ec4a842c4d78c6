"""Whatever is published, undone, paused and moved on in whatever order: nobody is stuck, nothing comes twice."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports import watchdog
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences import querysets
from wagtail_drip.sequences.choices import Choice, Chosen
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

IDS = {name: f"{n:08d}-0000-4000-8000-000000000000" for n, name in enumerate("abcdwxy")}
WAITS = {"w": 1, "x": 2, "y": 3}

names = st.sampled_from(sorted(IDS))
chosen = st.builds(
    lambda choice, to: Chosen(choice=choice, to=IDS[to] if choice == Choice.MOVE else ""),
    st.sampled_from(list(Choice)),
    names,
)
operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("publish"), st.lists(names, unique=True, min_size=1), st.dictionaries(names, chosen)
        ),
        st.tuples(st.just("advance"), st.integers(1, 3), st.integers(0, 60)),
        st.tuples(st.just("chunk"), st.integers(1, 3)),
        st.tuples(st.sampled_from(["undo", "pause", "resume", "end", "enter", "all"])),
    ),
    max_size=14,
)


def raw_step(name: str) -> dict[str, Any]:
    if name in WAITS:
        value: dict[str, Any] = {"amount": WAITS[name], "unit": "days"}
        return {"id": IDS[name], "type": "wait_duration", "value": value}
    return {"id": IDS[name], "type": "send_message", "value": {"text": f"Text {name}"}}


class Story:
    """One sequence, its people and its clock."""

    def __init__(self) -> None:
        self.now: datetime = clock.now() + timedelta(seconds=1)
        steps = [("send_message", {"text": "Text"}), ("wait_duration", {"amount": 1, "unit": "days"})]
        self.sequence: Sequence = live_sequence(steps=steps)
        self.publish(list("awbxc"), {})
        self.enter()

    def publish(self, order: list[str], wishes: dict[str, Chosen]) -> None:
        ids = {IDS[name] for name in order}
        self.sequence.steps = self.sequence.steps.stream_block.to_python([raw_step(name) for name in order])
        choices = {
            (version_id, IDS[name]): wish
            for version_id in SequenceVersion.objects.values_list("pk", flat=True)
            for name, wish in wishes.items()
            if not wish.to or wish.to in ids
        }
        sequences.publish(self.sequence, revision_id=None, now=self.now, choices=choices)

    def enter(self) -> None:
        stand_at_the_start(self.sequence, crowd(2))

    def advance(self, limit: int, hours: int) -> None:
        self.now += timedelta(hours=hours, seconds=1)
        run_due(now=self.now, limit=limit)

    def chunk(self, limit: int) -> None:
        park_due(now=self.now, limit=limit)

    def all(self) -> None:
        while park_due(now=self.now) + run_due(now=self.now):
            pass

    def undo(self) -> None:
        sequences.undo_moves(self.sequence.pk, now=self.now)

    def pause(self) -> None:
        sequences.pause(self.sequence.pk, now=self.now)

    def resume(self) -> None:
        sequences.resume(self.sequence.pk, now=self.now)

    def end(self) -> None:
        sequences.end(self.sequence.pk, now=self.now)

    def check(self) -> None:
        people = list(Enrolment.objects.all())
        flows = querysets.flows({row.version_id for row in people})
        for row in people:
            if row.state not in RUNNING:
                assert (row.running, row.due_at, row.parked_due_at) == (None, None, None)
                continue
            assert row.running == 1
            assert (row.due_at is None) == (row.state == EnrolmentState.PAUSED)
            assert (row.parked_due_at is None) == (row.state != EnrolmentState.PAUSED)
            assert not row.step_id or row.step_id in flows[row.version_id].steps
        assert not Enrolment.objects.filter(state=EnrolmentState.FAILED).exists()
        texts = Counter(Message.objects.values_list("enrolment_id", "step_id"))
        assert [where for where, count in texts.items() if count > 1] == []
        is_open = Counter(StepVisit.objects.filter(left_at=None).values_list("enrolment_id", flat=True))
        waiting = {row.pk for row in people if row.state in RUNNING and row.entered_step_at is not None}
        assert is_open == Counter(waiting)
        assert watchdog.ask({**watchdog.STUCK, **watchdog.DEEP}, now=self.now) == {}


@settings(
    max_examples=int(os.environ.get("DRIP_LAWS", "30")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations)
def test_nobody_is_stuck_and_nothing_comes_twice(story: list[tuple[Any, ...]]) -> None:
    assert connection.in_atomic_block
    with transaction.atomic():
        told = Story()
        for operation, *arguments in story:
            getattr(told, operation)(*arguments)
            told.check()
        told.resume()
        for _ in range(30):
            told.all()
            told.check()
            told.now += timedelta(days=1)
        assert set(Enrolment.objects.values_list("running", flat=True)) == {None}
        assert not SequenceVersion.objects.filter(moves_due_at__isnull=False).exists()
        transaction.set_rollback(True)
