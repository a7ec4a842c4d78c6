"""What goes out once waits for a person to start it, and ends when somebody stops it or it is for others."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.starting import (
    HELLO,
    HOUR,
    NOW,
    inside,
    look,
    start,
    state,
    written,
)
from wagtail_drip.enrolments import audience, once, upgrade
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences import querysets as of_sequences
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db


def test_nobody_enters_before_somebody_starts_it() -> None:
    people = crowd(3)
    sequence = written()

    look(NOW, NOW + timedelta(days=9))
    before = inside()
    run = start(sequence, at=NOW + timedelta(days=9))
    look(NOW + timedelta(days=9))

    assert before == set()
    assert run is not None
    assert (run.started_by, run.people, run.first) == ("ada", 3, 0)
    assert inside() == {person.pk for person in people}
    assert state(sequence) == "done"


def test_it_may_be_started_before_any_worker_has_looked_and_keeps_its_date() -> None:
    crowd(3)
    sequence = written(trigger_moment=NOW + 2 * HOUR)
    start(sequence)

    look(NOW, NOW + HOUR)
    before = inside()
    look(NOW + 2 * HOUR)

    assert before == set()
    assert len(inside()) == 3


def test_starting_twice_starts_once() -> None:
    crowd(3)
    sequence = written()
    first = start(sequence)

    second = start(sequence, at=NOW + HOUR)
    look(NOW + HOUR)
    third = start(sequence, at=NOW + 2 * HOUR)
    look(NOW + 2 * HOUR)

    assert first is not None
    assert second is third is None
    assert OnceRun.objects.get().started_at == NOW
    assert Enrolment.objects.count() == 3


def test_other_words_for_the_same_people_are_started_already_and_other_people_are_not() -> None:
    crowd(2)
    sequence = written()
    start(sequence)
    look(NOW)
    sequence.steps = [("send_message", {"text": "Hello again"})]
    publish(sequence, is_started=False)
    same = start(sequence, at=NOW + HOUR)
    newcomer = crowd(1)[0]
    look(NOW + HOUR)
    before = inside()
    sequence.trigger_moment = NOW + 2 * HOUR
    publish(sequence, is_started=False)
    look(NOW + 3 * HOUR)
    waiting = inside()
    other = start(sequence, at=NOW + 3 * HOUR)
    look(NOW + 3 * HOUR)

    assert same is None
    assert newcomer.pk not in before
    assert waiting == before
    assert other is not None
    assert inside() == before | {newcomer.pk}
    assert Enrolment.objects.count() == 3


def test_another_version_than_was_looked_at_is_not_started() -> None:
    crowd(2)
    sequence = written()

    assert start(sequence, version_id=0) is None
    sequences.pause(sequence.pk, now=NOW)
    assert start(sequence) is None
    assert OnceRun.objects.count() == 0


def test_what_is_underway_ends_when_it_is_published_for_other_people() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)
    sequence.trigger_audience, sequence.trigger_tag = "tag", "vip"
    publish(sequence, is_started=False)

    look(NOW + HOUR, NOW + 2 * HOUR)

    assert Enrolment.objects.count() == 4
    assert state(sequence) == "stopped"


def test_stopping_ends_it_and_it_can_be_started_again_for_those_it_had_not_reached() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)
    had_it = inside()

    stopped = once.stop(sequence.pk, by="bob", now=NOW + HOUR)
    again = once.stop(sequence.pk, by="bob", now=NOW + HOUR)
    look(NOW + HOUR)
    while upgrade.park_due(now=NOW + HOUR):
        pass
    publish(sequence, is_started=False)
    look(NOW + 2 * HOUR)
    after_stopping = inside()
    start(sequence, at=NOW + 3 * HOUR)
    look(NOW + 3 * HOUR)

    assert (stopped, again) == (True, False)
    assert len(had_it) == 4
    assert after_stopping == had_it
    assert len(inside()) == 9
    assert Enrolment.objects.count() == 9


def test_ending_it_elsewhere_stops_it_too() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)

    sequences.end(sequence.pk, now=NOW + HOUR)
    while upgrade.park_due(now=NOW + HOUR):
        pass

    assert state(sequence) == "stopped"


def test_a_pause_keeps_its_place() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)

    sequences.pause(sequence.pk, now=NOW)
    look(NOW + HOUR)
    paused = len(inside())
    sequences.resume(sequence.pk, now=NOW + 2 * HOUR)
    look(NOW + 2 * HOUR)

    assert paused == 4
    assert len(inside()) == 9


def test_whom_it_is_for_is_more_than_whom_it_reaches() -> None:
    agreed, never = reachable_contact(), reachable_contact(agreed_to=())
    sequence = written()
    running = of_sequences.live([sequence.pk])[sequence.pk]

    meant = set(audience.meant(running.flow).values_list("pk", flat=True))
    reached = set(audience.audience(running.flow, audience.place_of(running)).values_list("pk", flat=True))

    assert meant == {agreed.pk, never.pk}
    assert reached == {agreed.pk}


@pytest.mark.parametrize(
    ("has_gone", "expected"), [(True, "done"), (False, "rest")], ids=["it went", "it is to go"]
)
def test_what_was_published_before_there_were_starts_is_started(has_gone: bool, expected: str) -> None:
    crowd(2)
    sequence = written(trigger_moment=NOW + HOUR)
    check_due(now=NOW)
    TriggerCheck.objects.update(due_at=None if has_gone else NOW + HOUR)
    live_sequence(trigger="order_placed", steps=[HELLO])
    migration = import_module("wagtail_drip.migrations.0037_started_already")

    for _again in range(2):
        migration.start(apps, None)
    started = state(sequence)
    look(NOW + 2 * HOUR)

    assert (started, OnceRun.objects.count()) == (expected, 1)
    assert len(inside()) == (0 if has_gone else 2)


def test_of_what_is_under_way_is_counted_who_has_entered() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)
    OnceRun.objects.update(entered=0)

    import_module("wagtail_drip.migrations.0039_how_many_entered").count(apps, None)

    assert OnceRun.objects.get().entered == 4
