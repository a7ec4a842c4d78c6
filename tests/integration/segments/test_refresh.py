"""Segments are kept up to date by passes: who comes and goes, by which events, and what an edit does not start."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.api import emit
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Event
from wagtail_drip.segments import querysets, refresh
from wagtail_drip.segments.models import Segment, SegmentMembership
from wagtail_drip.test import outbox
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence
from wagtail_drip.test.time_travel import advance, advance_to_noon

pytestmark = pytest.mark.django_db

VIP = [("tag", {"tag": "vip", "negate": ""})]
HELLO = ("send_message", {"text": "Hello {{ contact.first_name }}, reply STOP to opt out."})


@pytest.fixture(autouse=True)
def nothing_sent_yet() -> None:
    outbox.outbox.clear()


def segment(rules: list[Any] = VIP, **fields: Any) -> Segment:
    return Segment.objects.create(name=fields.pop("name", "Regulars"), rules=rules, **fields)


def tagged(*people: Contact, tag: str = "vip") -> None:
    change_tags(add=[(person.pk, tag) for person in people], now=clock.now())


def members(of: Segment) -> set[int]:
    return set(querysets.current(of.pk).values_list("contact_id", flat=True))


def happened(name: str) -> list[int | None]:
    return list(Event.objects.filter(name=name).order_by("pk").values_list("contact_id", flat=True))


def test_those_who_are_meant_at_first_are_in_it_and_nobody_enters() -> None:
    ada, bo = reachable_contact(), reachable_contact()
    tagged(ada)
    regulars = segment()

    refresh.refresh_due()

    assert members(regulars) == {ada.pk}
    assert bo.pk not in members(regulars)
    assert happened("segment_entered") == []
    regulars.refresh_from_db()
    assert (regulars.members, regulars.is_filled) == (1, True)


def test_who_comes_later_enters_and_who_goes_leaves() -> None:
    ada = reachable_contact()
    regulars = segment()
    refresh.refresh_due()

    tagged(ada)
    refresh.refresh_due(now=clock.now() + timedelta(minutes=16))
    assert happened("segment_entered") == [ada.pk]
    assert Event.objects.get(name="segment_entered").properties == {
        "segment_id": regulars.pk,
        "segment": "Regulars",
    }

    change_tags(remove=[(ada.pk, "vip")], now=clock.now())
    refresh.refresh_due(now=clock.now() + timedelta(minutes=40))
    assert happened("segment_left") == [ada.pk]
    assert members(regulars) == set()
    was = SegmentMembership.objects.get()
    assert was.left_at is not None
    assert was.left_at > was.entered_at


def test_it_is_counted_again_only_after_a_while() -> None:
    ada = reachable_contact()
    regulars = segment()
    refresh.refresh_due()
    tagged(ada)

    assert refresh.refresh_due(now=clock.now() + timedelta(minutes=14)) == 0
    assert members(regulars) == set()
    assert refresh.refresh_due(now=clock.now() + timedelta(minutes=16)) == 1


def test_other_rules_bring_and_take_people_without_an_event() -> None:
    ada, bo = reachable_contact(), reachable_contact()
    tagged(ada)
    tagged(bo, tag="new")
    regulars = segment()
    refresh.refresh_due()

    regulars.refresh_from_db()
    regulars.rules = [("tag", {"tag": "new", "negate": ""})]
    regulars.save()
    refresh.refresh_due()

    assert members(regulars) == {bo.pk}
    assert happened("segment_entered") == happened("segment_left") == []


def test_saving_what_did_not_change_counts_nothing_anew() -> None:
    regulars = segment()
    refresh.refresh_due()
    regulars.refresh_from_db()
    due = regulars.refresh_due_at

    regulars.name = "Our regulars"
    regulars.save()

    regulars.refresh_from_db()
    assert regulars.is_filled
    assert regulars.refresh_due_at == due


def test_an_editor_who_saves_writes_nothing_over_that_a_pass_has_counted_meanwhile() -> None:
    ada = reachable_contact()
    tagged(ada)
    segment()
    as_read_before = Segment.objects.get()
    refresh.refresh_due()

    as_read_before.notes = "They like tea."
    as_read_before.save()

    saved = Segment.objects.get()
    assert (saved.notes, saved.members, saved.is_filled) == ("They like tea.", 1, True)


def test_one_that_is_not_kept_up_to_date_stays_as_it_was() -> None:
    ada, bo = reachable_contact(), reachable_contact()
    tagged(ada)
    regulars = segment(is_kept_up_to_date=False)
    refresh.refresh_due()
    tagged(bo)

    refresh.refresh_due(now=clock.now() + timedelta(days=9))

    assert members(regulars) == {ada.pk}


def test_somebody_who_was_merged_is_in_it_as_the_survivor() -> None:
    ada, other = reachable_contact(), reachable_contact()
    tagged(other)
    Contact.objects.filter(pk=other.pk).update(merged_into=ada, active_phone=None)
    regulars = segment()

    refresh.refresh_due()

    assert members(regulars) == {ada.pk}


def test_a_rule_of_an_unknown_kind_is_set_aside_and_stops_no_other() -> None:
    broken, regulars = segment(name="Broken"), segment()
    Segment.objects.filter(pk=broken.pk).update(compiled={"match": "all", "rules": [{"kind": "moon"}]})
    tagged(reachable_contact())

    refresh.refresh_due()

    broken.refresh_from_db()
    assert "UnknownRule" in broken.error
    assert len(members(regulars)) == 1


@pytest.mark.parametrize("size", [2, 40])
def test_the_queries_of_a_refresh_do_not_grow_with_its_people(size: int) -> None:
    regulars = segment()
    refresh.refresh_due()
    tagged(*[reachable_contact() for _ in range(size)])

    with CaptureQueriesContext(connection) as queries:
        refresh.refresh_due(now=clock.now() + timedelta(minutes=16))

    assert len(members(regulars)) == size
    assert len(queries) <= 40


def test_a_past_moment_can_be_asked() -> None:
    ada = reachable_contact()
    tagged(ada)
    regulars = segment()
    refresh.refresh_due()
    entered = SegmentMembership.objects.get().entered_at
    change_tags(remove=[(ada.pk, "vip")], now=clock.now())
    refresh.refresh_due(now=entered + timedelta(days=1))

    def then(at: Any) -> bool:
        return bool(querysets.segments_of([ada.pk], [regulars.pk], as_of=at))

    assert not then(entered - timedelta(seconds=1))
    assert then(entered + timedelta(hours=23))
    assert not then(entered + timedelta(hours=25))


def test_entering_a_segment_starts_a_sequence() -> None:
    outbox.open_site()
    advance_to_noon()
    ada = reachable_contact(first_name="Ada")
    regulars = segment()
    live_sequence(
        trigger=("segment_entered", [("segment_id", "is", str(regulars.pk))]),
        steps=[HELLO],
    )
    advance(minutes=1)
    tagged(ada)

    advance(hours=24)

    assert outbox.texts() == ["Hello Ada, reply STOP to opt out."]


def test_a_branch_asks_for_a_segment() -> None:
    outbox.open_site()
    advance_to_noon()
    ada, bo = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bo")
    tagged(ada)
    regulars = segment()
    refresh.refresh_due()
    branch = {
        "test": "in_segment",
        "segment": str(regulars.pk),
        "yes": [("send_message", {"text": "Regular {{ contact.first_name }}. STOP ends."})],
        "no": [("send_message", {"text": "New {{ contact.first_name }}. STOP ends."})],
    }
    sequence = live_sequence(trigger="customer_registered", steps=[("branch", branch)])
    for person in (ada, bo):
        emit("customer_registered", key=f"r{person.pk}", contact={"phone": person.phone})
    advance(hours=24)

    assert Enrolment.objects.filter(sequence=sequence).count() == 2
    assert sorted(outbox.texts()) == ["New Bo. STOP ends.", "Regular Ada. STOP ends."]


def test_a_text_goes_once_to_a_segment() -> None:
    outbox.open_site()
    advance_to_noon()
    ada, _bo = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bo")
    tagged(ada)
    regulars = segment()
    refresh.refresh_due()
    live_sequence(trigger_kind="once", trigger_audience="segment", trigger_segment=regulars, steps=[HELLO])

    advance(hours=24)

    assert outbox.texts() == ["Hello Ada, reply STOP to opt out."]
