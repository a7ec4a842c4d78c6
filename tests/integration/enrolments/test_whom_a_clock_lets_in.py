"""Whom a clock lets in: everybody who may be texted, only those with a tag, so many an hour, and those of before."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.test_date_triggers import (
    HELLO,
    entered,
    happen,
    live,
    look_at,
    utc,
)
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions, audience, date_triggers
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.events.models import Event
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import querysets as of_sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db


def test_a_week_s_day_comes_for_everybody_who_agreed_at_their_own_time() -> None:
    london, tokyo = reachable_contact(zone="Europe/London"), reachable_contact(zone="Asia/Tokyo")
    by_number = reachable_contact(phone="+819012345678")
    reachable_contact(agreed_to=(PurposeGroup.TRANSACTIONAL,))
    core.change_site_settings(Site.objects.get().pk, zone="Europe/London")
    live(
        since=utc(2027, 5, 1),
        trigger_kind="schedule",
        trigger_weekdays=[0],
        trigger_time=time(10),
        reentry="always",
    )
    look_at(utc(2027, 5, 1))
    TriggerCheck.objects.update(checked_until=utc(2027, 5, 9))

    look_at(utc(2027, 5, 10, 1))
    in_japan = {contact_id for contact_id, _ in entered()}
    look_at(utc(2027, 5, 10, 9), utc(2027, 5, 10, 9, 15), utc(2027, 5, 11, 9))

    assert in_japan == {tokyo.pk, by_number.pk}
    assert {key for _, key in entered()} == {"schedule:2027-05-10"}
    assert sorted(pk for pk, _ in entered()) == sorted([london.pk, tokyo.pk, by_number.pk])


def test_a_text_sent_once_goes_to_everybody_who_can_be_reached_once_and_in_the_slow_lane() -> None:
    agreed = {reachable_contact().pk for _ in range(3)}
    reachable_contact(agreed_to=())
    unreachable = reachable_contact()
    Contact.objects.filter(pk=unreachable.pk).update(active_phone=None)
    sequence = live(since=utc(2027, 5, 1), trigger_kind="once", trigger_moment=utc(2027, 5, 3, 12))

    look_at(utc(2027, 5, 3, 11, 59))
    before = entered()
    look_at(utc(2027, 5, 3, 12), limit=2)
    newcomer = reachable_contact()
    publish(Sequence.objects.get(pk=sequence.pk))
    look_at(utc(2027, 5, 3, 13), utc(2027, 5, 4))
    run_due(now=utc(2027, 5, 4))

    assert before == []
    assert {pk for pk, _ in entered()} == agreed
    assert newcomer.pk not in agreed
    assert set(Message.objects.values_list("lane", "contact_id")) == {(2, pk) for pk in agreed}


def test_moving_a_text_that_went_out_sends_it_to_nobody_twice() -> None:
    reachable_contact()
    sequence = live(since=utc(2027, 5, 1), trigger_kind="once")
    look_at(utc(2027, 5, 3))
    Enrolment.objects.update(running=None, state="completed")
    later = reachable_contact()
    sequence.trigger_moment = utc(2027, 6, 1)
    publish(sequence)

    look_at(utc(2027, 6, 2))

    assert Enrolment.objects.count() == 2
    assert Enrolment.objects.filter(contact=later).count() == 1


@pytest.mark.parametrize("topic", ["", "offers"])
def test_the_audience_is_whom_a_message_would_be_allowed_to(topic: str) -> None:
    from wagtail_drip.contacts import querysets
    from wagtail_drip.contacts.types import Consent, ConsentMethod

    now, site_id = utc(2027, 5, 1), Site.objects.get().pk
    people = [reachable_contact(agreed_to=()) for _ in range(9)]
    for place, person in enumerate(people):
        for answer, about in ((place % 3, ""), (place // 3, "offers")):
            if answer:
                contacts.record_consent(
                    contact_id=person.pk,
                    site_id=site_id,
                    consent=Consent(
                        group=PurposeGroup.MARKETING,
                        granted=answer == 1,
                        source="test",
                        method=ConsentMethod.WEB_FORM,
                        topic=about,
                    ),
                    now=now,
                )
    sequence = live(since=now, trigger_kind="once", topic=topic)
    running = of_sequences.live([sequence.pk]).get(sequence.pk)
    assert running is not None

    found = set(audience.audience(running.flow, audience.place_of(running)).values_list("pk", flat=True))

    held = querysets.permissions([person.pk for person in people], [site_id])
    assert found == {
        person.pk
        for person in people
        if querysets.is_permitted(
            held, contact_id=person.pk, site_id=site_id, purpose="promotional", topic=topic
        )
    }


def test_those_to_whom_it_happened_before_enter_once_in_chunks() -> None:
    now = clock.now()
    people = [reachable_contact() for _ in range(5)]
    for place, person in enumerate(people):
        happen(person, at=now - timedelta(days=place * 10, hours=1), properties={"total": f"{place}0"})
    live_sequence(trigger="order_placed", steps=[HELLO], name="Only future")
    sequence = live_sequence(
        trigger=("order_placed", [("total", "at_most", "20")]),
        steps=[HELLO],
        also_existing=True,
        existing_days=15,
        reentry="always",
    )
    running = of_sequences.live([sequence.pk])[sequence.pk]

    look_at(now, now + timedelta(minutes=1), limit=2)
    again = date_triggers.newcomers(running, now=now)
    publish(sequence)
    Enrolment.objects.update(running=None, state="completed")
    SequenceRuntime.objects.filter(sequence=sequence).update(existing_due_at=now)
    TriggerCheck.objects.all().delete()
    first = date_triggers.newcomers(running, now=now)
    look_at(now + timedelta(minutes=2), limit=2)

    assert set(Enrolment.objects.values_list("contact_id", "sequence_id")) == {
        (people[0].pk, sequence.pk),
        (people[1].pk, sequence.pk),
    }
    assert Enrolment.objects.count() == 2
    assert (again, first) == (0, 2)
    assert SequenceRuntime.objects.get(sequence=sequence).existing_due_at is None
    assert {row.event_id for row in Enrolment.objects.all()} == {
        event.pk for event in Event.objects.filter(contact__in=people[:2])
    }


@pytest.mark.parametrize(("excess", "waiting", "refused"), [("wait", 4, 0), ("refuse", 0, 4)])
def test_an_hour_s_limit_lets_in_so_many(excess: str, waiting: int, refused: int) -> None:
    people = crowd(6)
    sequence = live_sequence(
        trigger=None,
        trigger_kind="manual",
        steps=[HELLO],
        entry_limit=2,
        entry_period="hour",
        entry_excess=excess,
    )
    site_id = Site.objects.get().pk
    now = utc(2027, 5, 3, 12, 20)
    pks = [person.pk for person in people]

    first = actions.enrol(contact_ids=pks[:3], sequence_id=sequence.pk, site_id=site_id, now=now)
    second = actions.enrol(contact_ids=pks[3:], sequence_id=sequence.pk, site_id=site_id, now=now)

    assert first is not None
    assert second is not None
    assert first.waiting + second.waiting == waiting
    assert [*first.refused.values(), *second.refused.values()] == ["full"] * refused
    starts = list(Enrolment.objects.order_by("due_at", "pk").values_list("due_at", flat=True))
    hours = [now, now, *[utc(2027, 5, 3, hour) for hour in (13, 13, 14, 14)]]
    assert starts == hours[: len(starts)]


def test_priority_reaches_the_message() -> None:
    sequence = live_sequence(trigger=None, trigger_kind="manual", steps=[HELLO], priority=1)
    now = clock.now()

    actions.enrol(
        contact_ids=[reachable_contact().pk], sequence_id=sequence.pk, site_id=Site.objects.get().pk, now=now
    )
    run_due(now=now)

    assert [(m.priority, m.lane) for m in Message.objects.all()] == [(1, 1)]


def test_only_those_with_the_tag_get_what_is_for_them() -> None:
    ada, bob = reachable_contact(), reachable_contact()
    nobody = reachable_contact(agreed_to=())
    change_tags(add=[(ada.pk, "VIP"), (nobody.pk, "vip"), (bob.pk, "wholesale")], now=clock.now())
    sequence = live(since=utc(2027, 5, 1), trigger_kind="once", trigger_audience="tag", trigger_tag=" Vip ")
    running = of_sequences.live([sequence.pk])[sequence.pk]

    counted = audience.audience(running.flow, audience.place_of(running)).count()
    look_at(utc(2027, 5, 2))

    assert counted == 1
    # Nobody enters because it is published.
    assert date_triggers.newcomers(running, now=utc(2027, 5, 1)) == 0
    assert [pk for pk, _ in entered()] == [ada.pk]
    with pytest.raises(ValueError, match="Name the tag"):
        live(since=utc(2027, 5, 1), trigger_kind="once", trigger_audience="tag")
