"""What goes to many people leaves out who has a tag or is in a segment, as it is when it comes to letting them in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.test_date_triggers import entered, live, look_at, utc
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.enrolments import audience, date_triggers
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.segments import refresh
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import problems
from wagtail_drip.sequences import querysets as of_sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.types import Running
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db

SINCE, THEN = utc(2027, 5, 1), utc(2027, 5, 2)


def tag(contact: Contact, name: str) -> None:
    change_tags(add=[(contact.pk, name)], now=clock.now())


def segment(tagged: str, **options: Any) -> Segment:
    rules = [("tag", {"tag": tagged, "negate": ""})]
    return Segment.objects.create(name=f"With {tagged}", rules=rules, **options)


def running(sequence: Sequence) -> Running:
    return of_sequences.live([sequence.pk])[sequence.pk]


def people() -> list[int]:
    return sorted(Enrolment.objects.values_list("contact_id", flat=True))


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        pytest.param({}, "ada bob cleo dora", id="nobody is left out"),
        pytest.param({"trigger_without_tags": " STAFF "}, "bob cleo dora", id="one tag"),
        pytest.param({"trigger_without_tags": "staff, Press"}, "cleo dora", id="several tags"),
        pytest.param({"trigger_without_tags": "staff，press、nobody"}, "cleo dora", id="Chinese commas"),
        pytest.param({"segments": ["vip"]}, "ada bob dora", id="one segment"),
        pytest.param({"segments": ["vip", "new"]}, "ada bob", id="several segments"),
        pytest.param({"segments": ["vip"], "trigger_without_tags": "press"}, "ada dora", id="both"),
    ],
)
@pytest.mark.parametrize("kind", ["once", "schedule"])
def test_whoever_is_left_out_does_not_enter(kind: str, without: dict[str, Any], expected: str) -> None:
    names = {"staff": "ada", "press": "bob", "vip": "cleo", "new": "dora"}
    known = {name: reachable_contact(first_name=name, zone="UTC") for name in names.values()}
    for label, name in names.items():
        tag(known[name], label)
    chosen = [segment(label).pk for label in without.get("segments", [])]
    refresh.refresh_due()
    # 3 May 2027 is a Monday.
    sequence = live(
        since=SINCE,
        trigger_kind=kind,
        trigger_weekdays=[0],
        trigger_without_segments=chosen,
        trigger_without_tags=without.get("trigger_without_tags", ""),
    )
    asked = audience.audience(running(sequence).flow, audience.place_of(running(sequence)))

    counted = asked.count()
    look_at(utc(2027, 5, 2), utc(2027, 5, 4))

    assert people() == sorted(known[name].pk for name in expected.split())
    assert counted == len(expected.split())


def test_what_counts_is_the_moment_of_entry() -> None:
    ada, bob = reachable_contact(), reachable_contact()
    tag(ada, "staff")
    live(since=SINCE, trigger_kind="once", trigger_moment=THEN, trigger_without_tags="staff")
    look_at(THEN - timedelta(minutes=1))
    before = people()

    change_tags(add=[(bob.pk, "staff")], remove=[(ada.pk, "staff")], now=clock.now())
    look_at(THEN)

    assert before == []
    assert people() == [ada.pk]


def test_an_audience_and_who_is_left_out_are_one_minus_the_other() -> None:
    ada, bob, owen = reachable_contact(), reachable_contact(), reachable_contact(agreed_to=())
    for person in (ada, bob, owen):
        tag(person, "vip")
    tag(bob, "staff")
    sequence = live(
        since=SINCE,
        trigger_kind="once",
        trigger_audience="tag",
        trigger_tag="vip",
        trigger_without_tags="staff",
    )

    flow = running(sequence).flow
    counted = audience.audience(flow, audience.place_of(running(sequence))).count()
    look_at(THEN)

    assert counted == 1
    assert [pk for pk, _ in entered()] == [ada.pk]


@pytest.mark.parametrize("role", ["left out", "meant"])
def test_nobody_goes_before_the_segment_is_counted(role: str) -> None:
    ada, bob = reachable_contact(), reachable_contact()
    tag(ada, "vip")
    vips = segment("vip")
    options: dict[str, Any] = (
        {"trigger_without_segments": [vips.pk]}
        if role == "left out"
        else {"trigger_audience": "segment", "trigger_segment": vips}
    )
    live(since=SINCE, trigger_kind="once", **options)

    look_at(THEN)
    before = people(), TriggerCheck.objects.get().due_at
    refresh.refresh_due()
    look_at(THEN, THEN + timedelta(minutes=1))

    assert before == ([], THEN + timedelta(minutes=1))
    assert people() == [bob.pk if role == "left out" else ada.pk]
    assert TriggerCheck.objects.get().due_at is None


def test_rules_that_change_half_way_are_waited_for() -> None:
    everybody = [reachable_contact() for _ in range(4)]
    tag(everybody[3], "vip")
    left_out = segment("nobody")
    refresh.refresh_due()
    live(since=SINCE, trigger_kind="once", trigger_without_segments=[left_out.pk])
    date_triggers.check_due(now=THEN, limit=2)
    halfway = people()

    left_out.rules = [("tag", {"tag": "vip", "negate": ""})]
    left_out.save()
    look_at(THEN, limit=2)
    waiting = people()
    refresh.refresh_due()
    look_at(THEN + timedelta(minutes=1), limit=2)

    assert halfway == waiting == [each.pk for each in everybody[:2]]
    assert people() == [each.pk for each in everybody[:3]]


def test_a_trigger_that_leaves_nobody_out_is_the_same_as_before_there_were_such() -> None:
    timed = running(live(since=SINCE, trigger_kind="once")).flow.timed

    assert timed is not None
    assert timed.to_json().keys().isdisjoint({"without_tags", "without_segments"})


def test_the_questions_asked_do_not_grow_with_the_people() -> None:
    vips = segment("vip")
    refresh.refresh_due()
    live(since=SINCE, trigger_kind="once", trigger_without_segments=[vips.pk], trigger_without_tags="staff")

    def count(people: int) -> int:
        crowd(people)
        Enrolment.objects.all().delete()
        TriggerCheck.objects.all().delete()
        OnceRun.objects.update(state="rest")
        with CaptureQueriesContext(connection) as queries:
            look_at(THEN)
        assert Enrolment.objects.count() >= people
        return len(queries)

    count(2)

    assert count(5) == count(60)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(
            {"trigger_without_segments": [987654]},
            [("trigger_without_segments", "error")],
            id="a segment that is gone",
        ),
        pytest.param(
            {"trigger_audience": "tag", "trigger_tag": "VIP", "trigger_without_tags": "vip"},
            [("trigger_without_tags", "error")],
            id="the tag that it is for",
        ),
        pytest.param(
            {"trigger_without_tags": "vpi"}, [("trigger_without_tags", "advice")], id="a tag nobody has"
        ),
        pytest.param({"trigger_without_tags": "vip"}, [], id="a tag that somebody has"),
        pytest.param(
            {"trigger_kind": "manual", "trigger_without_segments": [987654]}, [], id="another start"
        ),
    ],
)
def test_what_cannot_be_left_out_is_named(options: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    tag(reachable_contact(), "vip")
    sequence = live(since=SINCE, trigger_kind="once")
    for name, value in options.items():
        setattr(sequence, name, value)

    found = [(each.field, each.level) for each in problems.find(sequence)]

    assert [each for each in found if each[0].startswith("trigger_")] == expected


def test_the_segment_it_is_for_cannot_be_left_out() -> None:
    vips = segment("vip")
    with pytest.raises(ValueError, match="leaves out the same segment"):
        live(
            since=SINCE,
            trigger_kind="once",
            trigger_audience="segment",
            trigger_segment=vips,
            trigger_without_segments=[vips.pk],
        )
