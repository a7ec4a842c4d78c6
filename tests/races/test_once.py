"""Two people who start, stop or let go the same thing at the same moment, and workers beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.integration.enrolments.crowd import crowd
from wagtail_drip.core import keys
from wagtail_drip.enrolments import once
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_rules import FirstPart
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
HELLO = ("send_message", {"text": "Hello"})
NOW = datetime(2027, 5, 3, 12, 20, tzinfo=UTC)
PEOPLE = 4


@pytest.fixture
def sequence() -> Sequence:
    made = live_sequence(trigger=None, trigger_kind="once", steps=[HELLO], is_started=False)
    SequenceRuntime.objects.update(entering_since=NOW - timedelta(days=1))
    return made


def start_together(elsewhere: Run, sequence: Sequence) -> list[bool]:
    """Let several people press the button at the same moment; return whose press started it."""
    version, together = SequenceRuntime.objects.get().version_id, Barrier(PEOPLE)

    def press(name: str) -> bool:
        together.wait(10)
        found = once.start(
            sequence.pk, version_id=version or 0, first=FirstPart(), people=30, by=name, now=NOW
        )
        return found is not None

    pressed = [elsewhere(press, f"person {number}") for number in range(PEOPLE)]
    return [each.result(timeout=60) for each in pressed]


@pytest.mark.parametrize("is_known", [False, True], ids=["before a worker looked", "after a worker looked"])
def test_of_many_who_start_at_once_one_does_and_everybody_gets_it_once(
    elsewhere: Run, sequence: Sequence, is_known: bool
) -> None:
    people = crowd(30)
    if is_known:
        check_due(now=NOW)

    started = start_together(elsewhere, sequence)
    workers = [elsewhere(lambda: [check_due(now=NOW, limit=7) for _ in range(40)]) for _ in range(3)]
    for each in workers:
        each.result(timeout=120)

    assert TriggerCheck.objects.get().due_at is None
    assert sorted(started) == [False] * (PEOPLE - 1) + [True]
    assert OnceRun.objects.get().state == "done"
    counted = Counter(Enrolment.objects.values_list("contact_id", flat=True))
    assert counted == dict.fromkeys((person.pk for person in people), 1)


def test_without_the_constraint_each_would_have_started_it(
    elsewhere: Run, sequence: Sequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: nothing tells one press from another."""
    monkeypatch.setattr(once, "key_of", lambda timed: keys.new_token())

    assert start_together(elsewhere, sequence) == [True] * PEOPLE


def first_are_in(sequence: Sequence, **limits: Any) -> OnceRun:
    crowd(600)
    version = SequenceRuntime.objects.get().version_id
    run = once.start(
        sequence.pk, version_id=version or 0, first=FirstPart(people=50), people=600, by="ada", now=NOW
    )
    assert run is not None
    while check_due(now=NOW):
        pass
    return run


def test_of_a_stop_and_a_go_on_at_once_the_stop_lasts(elsewhere: Run, sequence: Sequence) -> None:
    run = first_are_in(sequence)
    together = Barrier(3)

    def work(what: Callable[..., Any], **options: Any) -> Any:
        together.wait(10)
        return what(**options)

    presses = [
        elsewhere(work, once.stop, sequence_id=sequence.pk, by="bob", now=NOW),
        elsewhere(work, once.go_on, sequence_id=sequence.pk, run_id=run.pk, by="eve", now=NOW),
        elsewhere(work, check_due, now=NOW + timedelta(minutes=2)),
    ]
    for each in presses:
        each.result(timeout=60)
    before = Enrolment.objects.count()
    for minutes in range(3, 200, 20):
        check_due(now=NOW + timedelta(minutes=minutes))

    assert OnceRun.objects.get().state == "stopped"
    assert Enrolment.objects.count() == before


def test_several_workers_decide_once_whether_the_rest_goes(elsewhere: Run, sequence: Sequence) -> None:
    run = first_are_in(sequence)
    first = Enrolment.objects.values_list("contact_id", "site_id", "pk")
    Message.objects.bulk_create(
        Message(
            key=f"enr:{pk}:1",
            reference=keys.new_token(),
            contact_id=contact_id,
            site_id=site_id,
            gateway="memory",
            purpose="promotional",
            sequence_id=sequence.pk,
            state="failed",
            created_at=NOW,
        )
        for contact_id, site_id, pk in first[:10]
    )
    Message.objects.bulk_create(
        Message(
            key=f"enr:{pk}:1",
            reference=keys.new_token(),
            contact_id=contact_id,
            site_id=site_id,
            gateway="memory",
            purpose="promotional",
            sequence_id=sequence.pk,
            state="sent",
            created_at=NOW,
        )
        for contact_id, site_id, pk in first[10:]
    )
    together = Barrier(PEOPLE)

    def look() -> None:
        together.wait(10)
        # The wait is over as well: who does not see the failures would let the rest go.
        check_due(now=NOW + timedelta(hours=1))

    for each in [elsewhere(look) for _ in range(PEOPLE)]:
        each.result(timeout=60)
    run.refresh_from_db()

    assert (run.state, run.held_for, run.held_n) == ("held", "failed", 10)
    assert Enrolment.objects.count() == 50
