"""Waiting for an event: nothing that happens before, while or after somebody begins to wait is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Event
from wagtail_drip.events.types import EventDraft
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

IN_TIME = ("send_message", {"text": "Thank you"})
TOO_LATE = ("send_message", {"text": "Still there?"})


@pytest.fixture
def now() -> datetime:
    return clock.now()


def waiting_sequence(kind: str = "wait_for_event", **options: Any) -> Sequence:
    wait = {
        "amount": 2,
        "unit": "hours",
        **({"event": "order_paid"} if kind == "wait_for_event" else {}),
        **options,
        "happened": [IN_TIME],
        "timed_out": [TOO_LATE],
    }
    return live_sequence(steps=[(kind, wait)])


def happen(contact: Contact, name: str, *, at: datetime, **properties: Any) -> Event:
    return events.record_event(
        EventDraft(
            name=name,
            key=f"{name}:{contact.pk}:{at.isoformat()}",
            store="test",
            site_id=Site.objects.get(is_default_site=True).pk,
            contact_id=contact.pk,
            source="signal",
            occurred_at=at,
            recorded_at=at,
            properties=properties,
        )
    )


def enter(contact: Contact, *, now: datetime) -> Enrolment:
    happen(contact, "order_placed", at=now - timedelta(seconds=1))
    match_due(now=now)
    return Enrolment.objects.get(contact=contact)


def taken(row: Enrolment) -> list[tuple[str, str]]:
    return list(StepVisit.objects.filter(enrolment=row).order_by("visit").values_list("kind", "path"))


HAPPENED = [("wait_for_event", "happened"), ("send_message", "")]
TIMED_OUT = [("wait_for_event", "timed_out"), ("send_message", "")]


def test_who_begins_to_wait_is_looked_at_once_more_and_then_left_alone(now: datetime) -> None:
    waiting_sequence()
    row = enter(reachable_contact(), now=now)

    run_due(now=now)

    row.refresh_from_db()
    assert (row.waits_for, row.waits_since, row.due_at) == ("order_paid", now, now)
    later = now + timedelta(seconds=1)
    assert run_due(now=later) == 1
    row.refresh_from_db()
    assert row.due_at == now + timedelta(hours=2)
    assert run_due(now=later) == 0
    assert StepVisit.objects.filter(enrolment=row).count() == 1


def test_an_event_before_the_wait_began_lets_nobody_wait(now: datetime) -> None:
    waiting_sequence()
    ada = reachable_contact()
    row = enter(ada, now=now)
    happen(ada, "order_paid", at=now)
    match_due(now=now)

    run_due(now=now + timedelta(seconds=1))

    assert taken(row) == HAPPENED


def test_an_event_that_found_nobody_waiting_yet_is_found_by_the_second_look(now: datetime) -> None:
    waiting_sequence(since="here")
    ada = reachable_contact()
    row = enter(ada, now=now)
    run_due(now=now)
    # Matched in a transaction that could not see the wait: nobody was woken.
    happen(ada, "order_paid", at=now + timedelta(milliseconds=5))
    Event.objects.filter(name="order_paid").update(match_due_at=None)

    run_due(now=now + timedelta(seconds=1))

    assert taken(row) == HAPPENED


def test_an_event_wakes_who_waits_for_it(now: datetime) -> None:
    waiting_sequence()
    ada = reachable_contact()
    row = enter(ada, now=now)
    run_due(now=now)
    run_due(now=now)
    later = now + timedelta(hours=1)
    assert run_due(now=later) == 0

    happen(ada, "order_paid", at=later)
    match_due(now=later)

    assert run_due(now=later) == 1
    assert taken(row) == HAPPENED
    assert [m.step_id for m in Message.objects.all()] == [StepVisit.objects.get(kind="send_message").step_id]


def test_another_event_or_one_that_does_not_pass_leaves_the_end_of_the_wait_alone(now: datetime) -> None:
    waiting_sequence(conditions=[("condition", {"property": "total", "operator": "at_least", "value": "50"})])
    ada = reachable_contact()
    row = enter(ada, now=now)
    run_due(now=now)
    run_due(now=now)
    later = now + timedelta(hours=1)
    happen(ada, "order_paid", at=later, total="20.00")
    happen(ada, "cart_updated", at=later)
    match_due(now=later)

    run_due(now=later)

    row.refresh_from_db()
    assert (row.state, row.due_at) == ("waiting", now + timedelta(hours=2))


def test_the_end_of_the_wait_takes_the_other_path(now: datetime) -> None:
    waiting_sequence()
    row = enter(reachable_contact(), now=now)
    run_due(now=now)
    run_due(now=now)

    run_due(now=now + timedelta(hours=2))

    assert taken(row) == TIMED_OUT


def test_both_at_once_are_told_apart_by_when_it_was_recorded(now: datetime) -> None:
    waiting_sequence()
    ada, bob = reachable_contact(), reachable_contact()
    early, late = enter(ada, now=now), enter(bob, now=now)
    run_due(now=now)
    run_due(now=now)
    happen(ada, "order_paid", at=now + timedelta(hours=2))
    happen(bob, "order_paid", at=now + timedelta(hours=2, seconds=1))
    long_after = now + timedelta(days=1)
    match_due(now=long_after)

    run_due(now=long_after)

    assert (taken(early), taken(late)) == (HAPPENED, TIMED_OUT)


def test_a_reply_sends_down_its_path(now: datetime) -> None:
    waiting_sequence("wait_for_reply", how="is", words="yes, ok")
    ada = reachable_contact()
    row = enter(ada, now=now)
    run_due(now=now)
    run_due(now=now)
    for minutes, words in ((1, "What is this?"), (2, "OK!")):
        happen(ada, "message_replied", at=now + timedelta(minutes=minutes), text=words)

    match_due(now=now + timedelta(minutes=2))
    run_due(now=now + timedelta(minutes=2))

    assert taken(row) == [("wait_for_reply", "happened"), ("send_message", "")]


def test_a_batch_of_any_size_is_woken_and_moved_with_as_many_queries(now: datetime) -> None:
    waiting_sequence()

    def queries(people: int, moment: datetime) -> int:
        rows = [reachable_contact() for _ in range(people)]
        for person in rows:
            enter(person, now=moment)
        run_due(now=moment)
        run_due(now=moment)
        for person in rows:
            happen(person, "order_paid", at=moment + timedelta(minutes=1))
        match_due(now=moment + timedelta(minutes=1))
        with CaptureQueriesContext(connection) as seen:
            assert run_due(now=moment + timedelta(minutes=1)) == people
        return len(seen)

    queries(1, now - timedelta(hours=1))  # reads the flow and the texts, which are then remembered
    assert queries(2, now) == queries(9, now + timedelta(hours=1))
