"""A text waits in the outbox while the date moves that it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.test_awaiting import happen
from tests.integration.enrolments.test_wait_until_date import BOOKED_FOR, NOW, enter, settle, tell
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments import moved_dates
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment, EnrolmentTally, StepVisit
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

THE_DAY_BEFORE = BOOKED_FOR - timedelta(days=1)
NEW = BOOKED_FOR + timedelta(days=7)
REMINDER = ("send_message", {"text": "See you tomorrow at {{ event.starts_at }}"})
WAIT = {"source": "event", "direction": "before", "amount": 1, "unit": "days"}


def reminders(*before: Any, then: tuple[Any, ...] = (REMINDER,), after: tuple[Any, ...] = ()) -> Sequence:
    wait = ("wait_until_date", {**WAIT, "reached": list(then), "otherwise": []})
    return live_sequence(
        trigger="appointment_booked", purpose="transactional", keyed=True, steps=[*before, wait, *after]
    )


def fates() -> list[tuple[str, str, str]]:
    rows = Message.objects.order_by("pk")
    return [(row.state, row.reason, row.variables["event"]["starts_at"]) for row in rows]


def moved(person: Any, *, at: Any = None, to: Any = NEW, **options: Any) -> None:
    told = at or THE_DAY_BEFORE + timedelta(hours=1)
    tell(person, "appointment_changed", at=told, starts_at=to, **options)
    settle(told)


def ada_is_reminded() -> tuple[Any, Enrolment]:
    """Her reminder was queued the day before, and has not left."""
    ada = reachable_contact()
    row = enter(ada)
    settle(NOW)
    settle(THE_DAY_BEFORE)
    return ada, row


def test_a_reminder_that_waits_is_taken_back_and_comes_before_the_new_date() -> None:
    reminders()
    ada, row = ada_is_reminded()
    row.refresh_from_db()
    assert (row.state, fates()) == ("completed", [("scheduled", "", BOOKED_FOR.isoformat())])

    moved(ada)

    row.refresh_from_db()
    assert fates() == [("cancelled", "date_moved", BOOKED_FOR.isoformat())]
    assert (row.state, row.running, row.ended_at) == ("waiting", 1, None)
    settle(NEW - timedelta(days=1, minutes=1))
    assert len(fates()) == 1
    settle(NEW - timedelta(days=1))
    row.refresh_from_db()
    assert fates()[1:] == [("scheduled", "", NEW.isoformat())]
    assert row.state == "completed"
    counted = EnrolmentTally.objects.filter(measure="completed").values_list("n", flat=True)
    assert sum(counted) == 1
    assert not StepVisit.objects.filter(left_at=None).exists()


def test_one_that_has_left_has_left() -> None:
    reminders()
    ada, row = ada_is_reminded()
    Message.objects.update(state="handed_over", handed_over_at=THE_DAY_BEFORE, due_at=None)

    moved(ada)

    row.refresh_from_db()
    assert (row.state, fates()) == ("completed", [("handed_over", "", BOOKED_FOR.isoformat())])


def test_what_a_worker_has_put_together_cannot_leave_any_more() -> None:
    reminders(then=(("add_tag", {"tag": "reminded"}), REMINDER))
    ada, _row = ada_is_reminded()
    Message.objects.update(state="claimed", lease_token="t", lease_until=NOW, due_at=None)

    moved(ada)

    (text,) = Message.objects.all()
    assert (text.state, text.lease_token, text.lease_until) == ("scheduled", "", None)
    assert text.due_at == THE_DAY_BEFORE + timedelta(hours=1)
    assert fates() == [("scheduled", "", NEW.isoformat())]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param({"then": (("add_tag", {"tag": "reminded"}), REMINDER)}, id="something done before it"),
        pytest.param({"after": (("add_tag", {"tag": "reminded"}),)}, id="something done after it"),
        pytest.param({"then": (), "before": (REMINDER,)}, id="a text before the wait"),
    ],
)
def test_where_going_back_would_do_something_twice_the_text_tells_the_new_date(steps: dict[str, Any]) -> None:
    before = steps.pop("before", ())
    reminders(*before, **steps)
    ada, row = ada_is_reminded()
    visits = StepVisit.objects.count()

    moved(ada)

    row.refresh_from_db()
    assert fates()[0] == ("scheduled", "", NEW.isoformat())
    assert StepVisit.objects.count() == visits


def test_waits_and_branches_on_the_way_do_not_matter() -> None:
    test = {"test": "attribute", "property": "language", "operator": "equals", "value": "fr"}
    branch = ("branch", {**test, "yes": [], "no": [REMINDER]})
    reminders(
        then=(branch,),
        after=(("wait_duration", {"amount": 30, "unit": "days"}),),
    )
    ada, row = ada_is_reminded()
    row.refresh_from_db()
    assert row.state == "waiting"

    moved(ada)

    row.refresh_from_db()
    assert fates() == [("cancelled", "date_moved", BOOKED_FOR.isoformat())]
    assert row.due_at is not None
    assert row.due_at <= THE_DAY_BEFORE + timedelta(days=1, hours=1)
    settle(NEW - timedelta(days=1))
    assert fates()[1:] == [("scheduled", "", NEW.isoformat())]


def test_a_change_of_something_else_only_changes_the_words() -> None:
    reminders()
    ada, row = ada_is_reminded()

    told = THE_DAY_BEFORE + timedelta(hours=1)
    happen(
        ada,
        "appointment_changed",
        at=told,
        appointment_id="A-1",
        starts_at=BOOKED_FOR.isoformat(),
        location="Room 2",
    )
    match_due(now=told)

    row.refresh_from_db()
    assert row.state == "completed"
    assert Message.objects.get().variables["event"]["location"] == "Room 2"


def test_another_appointment_is_another_matter() -> None:
    reminders()
    ada, _row = ada_is_reminded()

    moved(ada, about="A-2")

    assert fates() == [("scheduled", "", BOOKED_FOR.isoformat())]


def test_told_twice_or_in_another_order_the_newest_stands() -> None:
    reminders(then=(("add_tag", {"tag": "reminded"}), REMINDER))
    ada, _row = ada_is_reminded()
    at = THE_DAY_BEFORE + timedelta(hours=1)
    moved(ada, at=at + timedelta(minutes=1))

    # Recorded before it, and matched only now.
    moved(ada, at=at, to=NEW + timedelta(days=30))

    assert fates() == [("scheduled", "", NEW.isoformat())]


def test_a_paused_sequence_waits_anew_when_it_goes_on() -> None:
    made = reminders(after=(("wait_duration", {"amount": 30, "unit": "days"}),))
    ada, row = ada_is_reminded()
    sequences.pause(made.pk, now=THE_DAY_BEFORE)
    while park_due(now=THE_DAY_BEFORE):
        pass

    moved(ada)

    row.refresh_from_db()
    assert (row.state, row.due_at, fates()[0][0]) == ("paused", None, "cancelled")
    later = THE_DAY_BEFORE + timedelta(hours=2)
    sequences.resume(made.pk, now=later)
    while park_due(now=later):
        pass
    settle(later)
    settle(NEW - timedelta(days=1))
    assert fates()[1:] == [("scheduled", "", NEW.isoformat())]


def test_an_ended_sequence_lets_nobody_wait_anew() -> None:
    made = reminders()
    ada, row = ada_is_reminded()
    sequences.end(made.pk, now=THE_DAY_BEFORE, by="ada")

    moved(ada)

    row.refresh_from_db()
    assert (row.state, fates()) == ("completed", [("scheduled", "", NEW.isoformat())])


def test_who_was_merged_is_found(db: None) -> None:
    reminders()
    ada, row = ada_is_reminded()
    other = reachable_contact(phone="+447400999888")
    Contact.objects.filter(pk=ada.pk).update(merged_into=other, active_phone=None)

    moved(other)

    row.refresh_from_db()
    assert fates()[0][:2] == ("cancelled", "date_moved")


def test_it_costs_the_same_number_of_queries_whatever_their_number() -> None:
    reminders()
    costs = []
    for size in (2, 12):
        people = crowd(size)
        for person in people:
            enter(person)
        settle(NOW)
        settle(THE_DAY_BEFORE)
        told = THE_DAY_BEFORE + timedelta(hours=1)
        for person in people:
            happen(person, "appointment_changed", at=told, appointment_id="A-1", starts_at=NEW.isoformat())
        with CaptureQueriesContext(connection) as queries:
            match_due(now=told)
        costs.append(len(queries))

    assert costs[0] == costs[1]
    assert Message.objects.filter(state="cancelled").count() == 14


def test_events_that_tell_no_date_cost_nothing() -> None:
    ada = reachable_contact()
    event = happen(ada, "order_placed", at=NOW)
    with CaptureQueriesContext(connection) as queries:
        moved_dates.follow([event] if event else [], now=NOW)
    assert len(queries) == 0
