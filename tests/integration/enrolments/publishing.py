"""What the tests of moves between versions share: a sequence, a new version of it, and who stands where."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.choices import Chosen
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test.sequences import live_sequence

HELLO = ("send_message", {"text": "Hello"})

NEWS = ("send_message", {"text": "News"})

BYE = ("send_message", {"text": "Bye"})

TWO_DAYS = ("wait_duration", {"amount": 2, "unit": "days"})

Raw = list[dict[str, Any]]


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def sequence() -> Sequence:
    """Hello, two days, news, two days, bye."""
    return live_sequence(steps=[HELLO, TWO_DAYS, NEWS, TWO_DAYS, BYE])


def steps_of(sequence: Sequence) -> Raw:
    return [dict(each) for each in sequence.steps.get_prep_value()]


def publish(sequence: Sequence, raw: Raw, now: datetime, **chosen: Chosen) -> SequenceVersion:
    """Publish these steps, with choices by the place of a step in the version before: ``at_1=Chosen(...)``."""
    before = SequenceVersion.objects.filter(sequence=sequence).latest("number")
    ids = [step["id"] for step in before.flow["steps"]]
    sequence.steps = sequence.steps.stream_block.to_python(raw)
    choices = {(before.pk, ids[int(name.removeprefix("at_"))]): what for name, what in chosen.items()}
    version = sequences.publish(sequence, revision_id=None, now=now, choices=choices)
    assert version is not None
    return version


def wait_for(raw: Raw, place: int, days: int) -> Raw:
    changed = {**raw[place], "value": {**raw[place]["value"], "amount": days}}
    return [*raw[:place], changed, *raw[place + 1 :]]


def until_done(now: datetime, limit: int = 2) -> int:
    total = 0
    while done := park_due(now=now, limit=limit):
        total += done
    return total


def stand_at_the_wait(sequence: Sequence, now: datetime, size: int = 1) -> list[Enrolment]:
    stand_at_the_start(sequence, crowd(size))
    run_due(now=now + timedelta(seconds=1))
    return list(Enrolment.objects.order_by("pk"))


def rows(*fields: str) -> list[Any]:
    found = Enrolment.objects.order_by("pk").values_list(*fields, flat=len(fields) == 1)
    return list(found)
