"""From an event to who enters and who is woken."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from wagtail.models import Site

from wagtail_drip import signals
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments import match_events
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment, EnrolmentTally
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Event
from wagtail_drip.events.types import EventDraft
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello"})
A_DAY = ("wait_duration", {"amount": 1, "unit": "days"})


@pytest.fixture
def now() -> datetime:
    return clock.now()


def happen(contact: Contact | None, name: str = "order_placed", *, at: datetime, **options: Any) -> Event:
    draft = EventDraft(
        **{
            "name": name,
            "key": f"{name}:{contact and contact.pk}:{at.isoformat()}:{options.get('properties')}",
            "store": "test",
            "site_id": Site.objects.get(is_default_site=True).pk,
            "contact_id": contact.pk if contact else None,
            "source": "signal",
            "occurred_at": at,
            "recorded_at": at,
            **options,
        }
    )
    return events.record_event(draft)


def test_an_event_lets_in_whom_its_sequences_want(now: datetime) -> None:
    rich = live_sequence(name="Rich", trigger=("order_placed", [("total", "at_least", "50")]), steps=[HELLO])
    every = live_sequence(name="Every", steps=[HELLO])
    live_sequence(name="Other", trigger="order_paid", steps=[HELLO])
    ada, bob = reachable_contact(), reachable_contact()
    trigger = happen(ada, at=now, properties={"total": "80.00"})
    happen(bob, at=now, properties={"total": "20.00"})

    assert match_due(now=now) == 2
    assert match_due(now=now) == 0

    rows = Enrolment.objects.order_by("sequence_id", "contact_id")
    assert [(r.sequence_id, r.contact_id) for r in rows] == [
        (rich.pk, ada.pk),
        (every.pk, ada.pk),
        (every.pk, bob.pk),
    ]
    first = rows[0]
    assert (first.event_id, first.since, first.due_at, first.visit) == (
        trigger.pk,
        trigger.recorded_at,
        now,
        0,
    )
    assert {(t.sequence_id, t.measure, t.n) for t in EnrolmentTally.objects.all()} == {
        (rich.pk, "entered", 1),
        (every.pk, "entered", 2),
    }


def test_an_event_of_yesterday_starts_nothing_but_still_ends_what_it_should(now: datetime) -> None:
    live_sequence(name="Late", trigger="order_paid", steps=[HELLO])
    goal = live_sequence(name="Goal", goal="order_paid", steps=[A_DAY, HELLO])
    ada = reachable_contact()
    long_ago = now - timedelta(days=2)
    happen(ada, at=long_ago)
    match_due(now=long_ago)
    happen(ada, "order_paid", at=now - timedelta(hours=7))

    match_due(now=now)

    assert [(r.sequence_id, r.due_at) for r in Enrolment.objects.all()] == [(goal.pk, now)]


def test_a_sequence_of_one_site_wants_the_events_of_that_site_only(now: datetime) -> None:
    here = Site.objects.get(is_default_site=True)
    there = Site.objects.create(hostname="other.example", port=443, root_page=here.root_page)
    live_sequence(site=there, steps=[HELLO])
    ada = reachable_contact()
    happen(ada, at=now)
    match_due(now=now)
    assert Enrolment.objects.count() == 0

    happen(ada, at=now + timedelta(seconds=1), site_id=there.pk)
    match_due(now=now + timedelta(seconds=1))

    assert [row.site_id for row in Enrolment.objects.all()] == [there.pk]


@pytest.mark.parametrize("state", ["paused", "draining", "ended"])
def test_a_sequence_that_is_not_live_lets_nobody_in(state: str, now: datetime) -> None:
    sequence = live_sequence(steps=[HELLO])
    {"paused": sequences.pause, "draining": sequences.drain, "ended": sequences.end}[state](
        sequence.pk, now=now
    )
    happen(reachable_contact(), at=now)

    match_due(now=now)

    assert Enrolment.objects.count() == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"reentry": "never"}, 1, id="never again"),
        pytest.param({"reentry": "always"}, 3, id="every time"),
        pytest.param({"reentry": "after_days", "reentry_days": 10}, 2, id="after ten days"),
        pytest.param({"reentry": "never", "keyed": True}, 2, id="never again for the same order"),
    ],
)
def test_coming_again(options: dict[str, Any], expected: int, now: datetime) -> None:
    live_sequence(steps=[HELLO], **options)
    ada = reachable_contact()
    for days, order in [(0, "A"), (5, "A"), (11, "B")]:
        at = now + timedelta(days=days)
        happen(ada, at=at, properties={"order_id": order})
        match_due(now=at)
        run_due(now=at)  # to the end, so that nobody is inside

    assert Enrolment.objects.filter(running=None).count() == expected


def test_nobody_is_inside_twice_even_if_two_events_come_in_one_batch(now: datetime) -> None:
    live_sequence(steps=[A_DAY, HELLO], reentry="always")
    ada = reachable_contact()
    happen(ada, at=now, properties={"order_id": "A"})
    happen(ada, at=now, properties={"order_id": "B"})

    match_due(now=now)

    assert Enrolment.objects.count() == 1


def test_two_orders_run_side_by_side_where_runs_are_keyed(now: datetime) -> None:
    live_sequence(steps=[A_DAY, HELLO], keyed=True)
    ada = reachable_contact()
    for order in ("A", "B", "A"):
        happen(ada, at=now, key=f"{order}{now}{Event.objects.count()}", properties={"order_id": order})

    match_due(now=now)

    assert sorted(Enrolment.objects.values_list("dedupe_key", flat=True)) == ["A", "B"]


def test_the_merged_enter_as_who_they_are_now_and_the_erased_do_not(now: datetime) -> None:
    live_sequence(steps=[HELLO])
    merged, survivor, erased = (reachable_contact() for _ in range(3))
    Contact.objects.filter(pk=merged.pk).update(merged_into=survivor)
    Contact.objects.filter(pk=erased.pk).update(erased_at=now)
    happen(merged, at=now)
    happen(erased, at=now)

    match_due(now=now)

    assert [row.contact_id for row in Enrolment.objects.all()] == [survivor.pk]


def test_a_goal_takes_back_the_text_that_waits_and_wakes_the_run(now: datetime) -> None:
    live_sequence(trigger="cart_abandoned", goal="order_placed", steps=[HELLO, A_DAY, HELLO])
    ada = reachable_contact()
    happen(ada, "cart_abandoned", at=now, properties={"cart_id": "7"})
    match_due(now=now)
    run_due(now=now)
    later = now + timedelta(minutes=5)
    happen(ada, at=later, properties={"order_id": "1"})

    match_due(now=later)

    message = Message.objects.get()
    assert (message.state, message.reason) == ("cancelled", "goal_already_met")
    assert Enrolment.objects.get().due_at == later
    run_due(now=later)
    assert Enrolment.objects.get().exit_reason == "goal_met"


def test_an_exit_rule_asks_its_conditions_and_the_trigger_never_ends_its_own_run(now: datetime) -> None:
    live_sequence(exits=[("order_placed", [("total", "at_least", "100")])], steps=[A_DAY, HELLO])
    ada = reachable_contact()
    happen(ada, at=now, properties={"total": "500"})
    match_due(now=now)
    run_due(now=now)
    due_at = Enrolment.objects.get().due_at
    happen(ada, at=now + timedelta(hours=1), properties={"total": "20"})
    match_due(now=now + timedelta(hours=1))
    assert Enrolment.objects.get().due_at == due_at
    happen(ada, at=now + timedelta(hours=2), properties={"total": "120"})

    match_due(now=now + timedelta(hours=2))
    run_due(now=now + timedelta(hours=2))

    assert Enrolment.objects.get().exit_reason == "exit_rule"


def test_a_run_about_a_cart_is_guarded_by_the_cart_and_one_about_its_order_is_not(now: datetime) -> None:
    live_sequence(name="Cart", trigger="cart_abandoned", steps=[HELLO])
    live_sequence(name="Order", steps=[HELLO])
    ada = reachable_contact()
    happen(ada, "cart_abandoned", at=now, store="oscar", properties={"cart_id": 7})
    happen(ada, at=now, properties={"cart_id": 7, "order_id": "1"})
    match_due(now=now)

    run_due(now=now)

    guards = {m.sequence_id: m.guards for m in Message.objects.order_by("sequence_id")}
    assert list(guards.values()) == [
        [{"kind": "cart", "store": "oscar", "cart_id": "7", "since": now.isoformat()}],
        [],
    ]


def test_an_event_that_cannot_be_matched_is_parked_and_its_neighbours_go_on(now: datetime) -> None:
    live_sequence(steps=[HELLO], keyed=True)
    good, bad = reachable_contact(), reachable_contact()
    happen(good, at=now)
    poisoned = happen(bad, at=now)
    Event.objects.filter(pk=poisoned.pk).update(properties=["not", "a", "mapping"])

    tried = []
    for minutes in (0, 0.4, 0.5, 1.5, 3.5, 7.4, 7.5, 999):
        if match_due(now=now + timedelta(minutes=minutes)):
            tried.append(minutes)

    poisoned.refresh_from_db()
    assert [row.contact_id for row in Enrolment.objects.all()] == [good.pk]
    assert tried == [0, 0.5, 1.5, 3.5, 7.5]
    assert (poisoned.match_due_at, poisoned.match_attempts) == (None, match_events.TRIES)
    assert "AttributeError: 'list' object has no attribute 'get'" in poisoned.error


def test_site_code_hears_who_entered_and_who_left_once_it_is_committed(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[str, list[int]]] = []

    def entered(enrolment_ids: list[int], **_: object) -> None:
        heard.append(("entered", enrolment_ids))
        raise ZeroDivisionError  # a receiver's mistake stops nothing

    def exited(enrolment_ids: list[int], **_: object) -> None:
        heard.append(("exited", enrolment_ids))

    live_sequence(steps=[HELLO])
    happen(reachable_contact(), at=now)
    signals.sequence_entered.connect(entered)
    signals.sequence_exited.connect(exited)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            match_due(now=now)
            run_due(now=now)
    finally:
        signals.sequence_entered.disconnect(entered)
        signals.sequence_exited.disconnect(exited)

    (row,) = Enrolment.objects.all()
    assert heard == [("entered", [row.pk]), ("exited", [row.pk])]
    assert row.state == "completed"
