"""Tallies become days, each counted once."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest

from wagtail_drip.core import claims
from wagtail_drip.enrolments.models import EnrolmentTally
from wagtail_drip.messaging.models import MessageTally
from wagtail_drip.reports import rollup
from wagtail_drip.reports.models import StepDay
from wagtail_drip.reports.rollup import fold_due

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def text(
    n: int = 1, *, state: str = "sent", day: date = MONDAY, sequence_id: int | None = 5, segments: int = 0
) -> None:
    MessageTally.objects.create(
        site_id=1, sequence_id=sequence_id, step_id="hello", state=state, day=day, n=n, segments=segments
    )


def person(n: int = 1, *, measure: str = "visited") -> None:
    EnrolmentTally.objects.create(site_id=1, sequence_id=5, step_id="hello", measure=measure, day=MONDAY, n=n)


def folded() -> dict[tuple[int, str, date], tuple[int, int]]:
    return {(row.sequence_id, row.measure, row.day): (row.n, row.segments) for row in StepDay.objects.all()}


def test_tallies_are_added_up_by_step_measure_and_day_and_are_gone() -> None:
    text(3, segments=4)
    text(2, segments=2)
    text(-1, state="unknown")
    text(1, day=TUESDAY, segments=1)
    text(1, sequence_id=None)
    person(7)
    person(2, measure="entered")

    assert fold_due() == 7

    assert folded() == {
        (5, "message:sent", MONDAY): (5, 6),
        (5, "message:unknown", MONDAY): (-1, 0),
        (5, "message:sent", TUESDAY): (1, 1),
        (0, "message:sent", MONDAY): (1, 0),
        (5, "enrolment:visited", MONDAY): (7, 0),
        (5, "enrolment:entered", MONDAY): (2, 0),
    }
    assert (MessageTally.objects.count(), EnrolmentTally.objects.count()) == (0, 0)


def test_a_later_fold_adds_to_the_same_day() -> None:
    text(3)
    fold_due()
    text(4)
    fold_due()

    assert folded() == {(5, "message:sent", MONDAY): (7, 0)}
    assert fold_due() == 0


def test_what_comes_to_nothing_makes_no_row() -> None:
    text(1)
    text(-1)

    assert fold_due() == 2

    assert folded() == {}


def test_many_partial_folds_add_up_to_the_whole() -> None:
    chance = random.Random(7)
    expected: Counter[str] = Counter()
    for _ in range(300):
        state, n = chance.choice(["sent", "delivered", "failed"]), chance.randint(-2, 5)
        text(n, state=state)
        expected[f"message:{state}"] += n
        if chance.random() < 0.2:
            fold_due(limit=chance.randint(1, 40))

    while fold_due(limit=17):
        pass

    assert {row.measure: row.n for row in StepDay.objects.all()} == dict(expected)


def test_a_fold_that_fails_has_counted_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text(3)
    with monkeypatch.context() as broken:
        broken.setattr(rollup, "_add", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            fold_due()
    assert (MessageTally.objects.count(), folded()) == (1, {})

    fold_due()

    assert folded() == {(5, "message:sent", MONDAY): (3, 0)}


def test_while_another_worker_folds_nothing_is_done() -> None:
    text(3)
    token = claims.take_lease(rollup.LEASE, seconds=60)

    assert fold_due() == 0

    assert token is not None
    assert MessageTally.objects.count() == 1
