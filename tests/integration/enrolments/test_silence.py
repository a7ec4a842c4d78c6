"""Silence, on a real database: it counts from the last event of its kind, by tallies that count each event once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.test_date_triggers import (
    entered,
    happen,
    live,
    look_at,
    utc,
)
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Event, EventTally
from wagtail_drip.events.types import EventDraft
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db


def test_silence_counts_from_the_last_event_of_its_kind() -> None:
    ada, bob = reachable_contact(), reachable_contact()
    live(
        since=utc(2027, 5, 1),
        trigger_kind="inactive",
        trigger_event="order_placed",
        trigger_days=30,
        reentry="always",
    )
    look_at(utc(2027, 5, 1))
    happen(ada, at=utc(2027, 4, 20))
    last = happen(ada, at=utc(2027, 5, 2, 12))
    happen(ada, at=utc(2027, 5, 20), name="link_clicked")
    happen(bob, at=utc(2027, 3, 1))  # silent before the sequence was there
    TriggerCheck.objects.update(checked_until=utc(2027, 5, 31))

    look_at(utc(2027, 6, 1, 11, 59))
    too_early = entered()
    look_at(utc(2027, 6, 1, 12), utc(2027, 6, 1, 12, 5), utc(2027, 6, 2))

    assert too_early == []
    assert entered() == [(ada.pk, f"inactive:{last.pk}")]
    assert Enrolment.objects.get().since == utc(2027, 6, 1, 12)


def test_who_is_silent_already_enters_if_the_owner_wants_it() -> None:
    ada, long_ago = reachable_contact(), reachable_contact()
    happen(ada, at=utc(2027, 3, 20))
    happen(long_ago, at=utc(2025, 3, 20))
    live(
        since=utc(2027, 5, 1),
        trigger_kind="inactive",
        trigger_event="order_placed",
        trigger_days=30,
        also_existing=True,
        existing_days=60,
    )

    look_at(utc(2027, 5, 1, 1), utc(2027, 5, 1, 2))

    assert [contact_id for contact_id, _ in entered()] == [ada.pk]
    assert TriggerCheck.objects.get().missed_until is None


def test_the_silence_of_a_number_given_up_is_not_the_person_s() -> None:
    ada, old = reachable_contact(), reachable_contact()
    happen(old, at=utc(2027, 5, 2))
    happen(ada, at=utc(2027, 5, 20))
    Contact.objects.filter(pk=old.pk).update(merged_into=ada, active_phone=None)
    live(since=utc(2027, 5, 1), trigger_kind="inactive", trigger_event="order_placed", trigger_days=30)
    look_at(utc(2027, 5, 1))
    TriggerCheck.objects.update(checked_until=utc(2027, 5, 31))

    look_at(utc(2027, 6, 2))

    assert entered() == []


def test_tallies_count_each_event_once_whoever_brings_it() -> None:
    ada, bob = reachable_contact(), reachable_contact()
    at = [utc(2027, 5, day) for day in (3, 1, 2)]
    for moment in at:
        happen(ada, at=moment)
    happen(ada, at=at[0])
    happen(bob, at=at[0], source="backfill", occurred_at=utc(2020, 1, 1))
    happen(bob, at=at[0], name="link_clicked")

    rows = {(t.contact_id, t.name): (t.first_at, t.last_at, t.n) for t in EventTally.objects.all()}

    assert rows == {
        (ada.pk, "order_placed"): (at[1], at[0], 3),
        (bob.pk, "order_placed"): (utc(2020, 1, 1), utc(2020, 1, 1), 1),
        (bob.pk, "link_clicked"): (at[0], at[0], 1),
    }
    assert (
        EventTally.objects.get(contact=ada).last_event_id
        == Event.objects.get(contact=ada, recorded_at=at[0]).pk
    )


def test_tallies_cost_the_same_however_many_events_there_are() -> None:
    def cost(size: int, number: int) -> int:
        people = crowd(size)
        drafts = [
            EventDraft(
                name="order_placed",
                key=f"{number}:{person.pk}",
                store="test",
                site_id=Site.objects.get().pk,
                contact_id=person.pk,
                source="signal",
                occurred_at=utc(2027, 5, 1),
                recorded_at=utc(2027, 5, 1),
            )
            for person in people
        ]
        with CaptureQueriesContext(connection) as queries:
            events.record_events(drafts)
        return len(queries)

    assert cost(2, 1) == cost(60, 2)
