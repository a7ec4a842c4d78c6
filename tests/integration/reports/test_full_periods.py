"""Who found no room in a sequence is told so: one row for an hour or a day, whoever was refused in it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from tests.integration.reports.test_their_turn import BIRTHDAY, by_the_clock, in_days
from tests.integration.reports.test_why import WELCOME, asked, happens
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions, volumes
from wagtail_drip.enrolments.models import Enrolment, FullPeriod
from wagtail_drip.enrolments.why_not import EntryRule
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("drip_outbox")]

TWO_A_DAY = {"entry_limit": 2, "entry_period": "day", "entry_excess": "refuse"}


def words(client: Client, person: Contact, sequence: Sequence) -> str:
    address = reverse("wagtail_drip_contacts:why", args=[person.pk, sequence.pk])
    page = client.get(address).content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def enter(people: list[Contact], sequence: Sequence) -> None:
    pks = [person.pk for person in people]
    site_id = Site.objects.get().pk
    assert actions.enrol(contact_ids=pks, sequence_id=sequence.pk, site_id=site_id, now=clock.now())


def test_who_came_when_it_was_full_is_told_how_many_it_had_and_how_many_it_refused(
    admin_client: Client,
) -> None:
    sequence = live_sequence(trigger="custom:visit", steps=WELCOME, **TWO_A_DAY)
    early, late, later = reachable_contact(), reachable_contact(), reachable_contact()
    for person in (early, reachable_contact(), late, later):
        happens(person)

    refused = asked(late, sequence).tried[0].refused_by

    assert refused is not None
    assert (refused.name, refused.value, refused.rule["most"]) == (EntryRule.FULL, 2, 2)
    said = words(admin_client, late, sequence)
    today = timezone.localtime(clock.now())
    assert (
        f"On {today:%a %d/%m/%Y} the sequence had already let in its 2 people for the day. "
        "It refused somebody 2 times that day." in said
    )
    assert asked(early, sequence).tried[0].refused_by is None


def test_who_came_the_day_before_is_not_told_that_it_was_full() -> None:
    sequence = live_sequence(trigger="custom:visit", steps=WELCOME, **TWO_A_DAY)
    ada = reachable_contact()
    happens(ada)
    Enrolment.objects.all().delete()
    time_travel.advance(days=1)
    for _ in range(3):
        happens(reachable_contact())
    assert FullPeriod.objects.get().n == 1

    refused = asked(ada, sequence).tried[0].refused_by

    assert refused is not None
    assert refused.name == EntryRule.NOT_THEN


def test_whose_birthday_found_no_room_is_told_so_and_when_the_next_turn_comes(admin_client: Client) -> None:
    people = [reachable_contact(attributes={"birthday": in_days(2)}) for _ in range(3)]
    sequence = by_the_clock(**BIRTHDAY, **TWO_A_DAY)
    time_travel.advance(days=3)
    inside = set(Enrolment.objects.values_list("contact_id", flat=True))
    (left_out,) = [person for person in people if person.pk not in inside]

    said = words(admin_client, left_out, sequence)

    assert (
        "the sequence had already let in its 2 people for the day. It refused somebody 1 time that day."
        in said
    )
    assert "Their turn comes on" in said
    asked_of = asked(next(person for person in people if person.pk in inside), sequence)
    assert asked_of.turn is not None
    assert asked_of.turn.full is None


def test_a_day_is_one_row_however_many_were_refused_in_however_many_calls() -> None:
    sequence = live_sequence(trigger=None, trigger_kind="manual", steps=WELCOME, **TWO_A_DAY)
    people = crowd(12)
    enter(people[:5], sequence)

    with CaptureQueriesContext(connection) as few:
        enter(people[5:6], sequence)
    with CaptureQueriesContext(connection) as many:
        enter(people[6:], sequence)

    row = FullPeriod.objects.get()
    assert (row.most, row.n, row.per) == (2, 10, "day")
    assert len(few) == len(many)


def test_where_there_was_room_nothing_is_written_down() -> None:
    sequence = live_sequence(trigger=None, trigger_kind="manual", steps=WELCOME, **TWO_A_DAY)

    enter(crowd(2), sequence)

    assert not FullPeriod.objects.exists()


def test_what_is_older_than_it_is_kept_goes_when_a_new_period_is_full() -> None:
    sequence = live_sequence(trigger=None, trigger_kind="manual", steps=WELCOME, **TWO_A_DAY)
    other = live_sequence(trigger=None, trigger_kind="manual", steps=WELCOME, **TWO_A_DAY)
    for each in (sequence, other):
        enter(crowd(3), each)
    time_travel.advance(days=volumes.KEPT / timedelta(days=1) + 1)

    enter(crowd(3), sequence)

    days = FullPeriod.objects.filter(sequence=sequence).values_list("period", flat=True)
    assert [timezone.localtime(day).date() for day in days] == [timezone.localtime(clock.now()).date()]
    assert FullPeriod.objects.filter(sequence=other).count() == 1
