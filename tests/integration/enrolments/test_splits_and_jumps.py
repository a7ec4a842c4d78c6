"""Splits and jumps over real rows, and what publishing refuses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.test_awaiting import enter
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return clock.now()


def step(step_id: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "id": step_id, "value": value}


def text(step_id: str, words: str) -> dict[str, Any]:
    return step(step_id, "send_message", text=words)


def published(*steps: dict[str, Any]) -> Sequence:
    made = Sequence.objects.create(name="Test", trigger_event="order_placed", live=False, steps=list(steps))
    return publish(made)


def way(key: str, name: str, weight: int, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "path", "id": key, "value": {"name": name, "weight": weight, "steps": list(steps)}}


def test_chance_sends_people_different_ways_and_a_new_version_does_not_draw_again(now: datetime) -> None:
    def split(words: str) -> dict[str, Any]:
        return step(
            "split",
            "random_split",
            paths=[way("red", "Red", 1, text("r", words)), way("blue", "Blue", 1, text("b", words))],
        )

    sequence = published(split("Hello"))
    people = [reachable_contact() for _ in range(12)]
    first = {person.pk: enter(person, now=now) for person in people}
    run_due(now=now)
    before = dict(StepVisit.objects.filter(step_id="split").values_list("enrolment__contact_id", "path"))

    sequence.steps = [split("Good day")]
    publish(sequence)
    for row in first.values():
        StepVisit.objects.filter(enrolment=row).delete()
        type(row).objects.filter(pk=row.pk).update(
            step_id="split",
            visit=0,
            state="active",
            running=1,
            ended_at=None,
            due_at=now,
            version=SequenceVersion.objects.latest("number"),
        )
    run_due(now=now)

    after = dict(StepVisit.objects.filter(step_id="split").values_list("enrolment__contact_id", "path"))
    assert after == before
    assert set(before.values()) == {"red", "blue"}


def test_one_goes_back_as_often_as_the_step_says_and_each_pass_texts_once(now: datetime) -> None:
    published(
        text("hello", "Hello"),
        step("pause", "wait_duration", amount=1, unit="hours"),
        step("back", "jump_to", target="hello", times=2),
        text("bye", "Goodbye"),
    )
    row = enter(reachable_contact(), now=now)

    for hours in range(6):
        run_due(now=now + timedelta(hours=hours))

    row.refresh_from_db()
    assert row.state == "completed"
    texts = list(Message.objects.order_by("due_at", "pk").values_list("step_id", flat=True))
    assert texts == ["hello", "hello", "hello", "bye"]
    assert Message.objects.values("key").distinct().count() == 4
    visits = list(StepVisit.objects.filter(enrolment=row, kind="jump_to").order_by("visit"))
    assert [visit.path for visit in visits] == ["jump", "jump", ""]


def test_a_batch_of_any_size_counts_its_passes_in_one_query(now: datetime) -> None:
    published(
        text("hello", "Hello"),
        step("pause", "wait_duration", amount=1, unit="hours"),
        step("back", "jump_to", target="hello", times=9),
    )

    def queries(people: int, moment: datetime) -> int:
        for _ in range(people):
            enter(reachable_contact(), now=moment)
        run_due(now=moment)
        with CaptureQueriesContext(connection) as seen:
            assert run_due(now=moment + timedelta(hours=1)) == people
        StepVisit.objects.all().delete()
        type(enter(reachable_contact(), now=moment)).objects.update(due_at=None)
        return len(seen)

    queries(1, now - timedelta(days=3))
    assert queries(2, now - timedelta(days=2)) == queries(9, now)


@pytest.mark.parametrize(
    ("target", "pause", "words"),
    [
        pytest.param("", True, "Choose the step to go to", id="nowhere"),
        pytest.param("gone", True, "is not there any more", id="to a step that is gone"),
        pytest.param("hello", False, "goes round without ever waiting", id="round without a wait"),
    ],
)
def test_a_jump_that_cannot_be_is_refused_at_its_step(target: str, pause: bool, words: str) -> None:
    between = [step("pause", "wait_duration", amount=1, unit="hours")] if pause else []

    with pytest.raises(ValueError, match=words):
        published(text("hello", "Hello"), *between, step("back", "jump_to", target=target, times=2))


@pytest.mark.parametrize(
    ("ways", "words"),
    [
        pytest.param([way("a", "A", 1, text("t", "Hi"))], "has 2 to 5 paths", id="one path"),
        pytest.param(
            [way("a", "A", 1, text("t", "Hi")), way("b", "B", 0)], "Give “B” a share", id="without a share"
        ),
        pytest.param([way("a", "A", 1), way("b", "B", 1)], "Add at least one step", id="without steps"),
    ],
)
def test_a_split_that_cannot_be_is_refused(ways: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        published(step("split", "random_split", paths=ways))
