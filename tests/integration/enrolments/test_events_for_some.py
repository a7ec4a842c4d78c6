"""An event lets in only whom the sequence is for, and nobody whom it leaves out, asked for a whole batch at once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Revision

from tests.integration.enrolments.test_date_triggers import look_at
from tests.integration.enrolments.test_leaving_people_out import people, running, tag
from tests.integration.enrolments.test_match_events import HELLO, happen
from wagtail_drip.admin.entry_sentences import ENTRY
from wagtail_drip.admin.segments.uses import uses
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions, date_triggers
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment, FullPeriod
from wagtail_drip.enrolments.why_not import EntryRule
from wagtail_drip.reports import why
from wagtail_drip.segments import refresh
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import problems
from wagtail_drip.sequences.flow import Entry, from_json
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return clock.now()


def sequence(without: str = "staff", **options: Any) -> Sequence:
    return live_sequence(steps=[HELLO], trigger_without_tags=without, **options)


def tagged(name: str) -> Contact:
    contact = reachable_contact()
    tag(contact, name)
    return contact


def test_who_has_the_tag_stays_out_and_each_sequence_has_its_own(now: datetime) -> None:
    one, other, all_ = sequence("Staff, press"), sequence("vip"), sequence("")
    staff, vip, nobody = tagged("staff"), tagged("vip"), reachable_contact()
    for contact in (staff, vip, nobody):
        happen(contact, at=now)

    match_due(now=now)

    assert [people_of(each) for each in (one, other, all_)] == [
        [vip.pk, nobody.pk],
        [staff.pk, nobody.pk],
        [staff.pk, vip.pk, nobody.pk],
    ]


def people_of(of: Sequence) -> list[int]:
    return sorted(Enrolment.objects.filter(sequence_id=of.pk).values_list("contact_id", flat=True))


def test_the_tags_of_whom_a_contact_was_merged_into_count(now: datetime) -> None:
    sequence()
    head, merged = tagged("staff"), reachable_contact()
    Contact.objects.filter(pk=merged.pk).update(merged_into=head)
    happen(merged, at=now)

    match_due(now=now)

    assert people() == []


def test_taking_the_tag_away_later_lets_nobody_in_for_the_past(now: datetime) -> None:
    sequence()
    staff = tagged("staff")
    happen(staff, at=now)
    match_due(now=now)
    change_tags(remove=[(staff.pk, "staff")], now=now)

    match_due(now=now + timedelta(minutes=1))

    assert people() == []


def test_who_is_added_by_hand_enters_all_the_same(now: datetime) -> None:
    of, staff = sequence(), tagged("staff")

    actions.enrol(contact_ids=[staff.pk], sequence_id=of.pk, site_id=running(of).site_id or 1, now=now)

    assert people() == [staff.pk]


def test_neither_the_count_nor_the_look_back_takes_who_is_left_out(now: datetime) -> None:
    staff, nobody = tagged("staff"), reachable_contact()
    for contact in (staff, nobody):
        happen(contact, at=now - timedelta(days=1))
    match_due(now=now)
    of = sequence(also_existing=True, existing_days=3)

    counted = date_triggers.newcomers(running(of), now=now)
    look_at(clock.now())

    assert (counted, people()) == (1, [nobody.pk])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"trigger_audience": "tag", "trigger_tag": "VIP"}, "vip", id="only who has a tag"),
        pytest.param({"trigger_audience": "segment"}, "vip press", id="only who is in a segment"),
        pytest.param({"without": True}, "staff nobody", id="without who is in a segment"),
        pytest.param(
            {"trigger_audience": "segment", "trigger_without_tags": "press"},
            "vip",
            id="in one, without a tag",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["event", "keyword"])
def test_it_is_only_for_some(kind: str, options: dict[str, Any], expected: str, now: datetime) -> None:
    names = ("staff", "vip", "press")
    known = {name: tagged(name) for name in names} | {"nobody": reachable_contact()}
    chosen = Segment.objects.create(
        name="Friends", match="any", rules=[("tag", {"tag": "vip"}), ("tag", {"tag": "press"})]
    )
    refresh.refresh_due()
    if options.get("trigger_audience") == "segment":
        options = {**options, "trigger_segment": chosen}
    elif "without" in options:
        options = {"trigger_without_segments": [chosen.pk]}
    if kind == "keyword":
        options = {**options, "trigger_kind": "keyword", "trigger_keyword": "coffee"}
    live_sequence(steps=[HELLO], **options)
    for contact in known.values():
        event = "message_replied" if kind == "keyword" else "order_placed"
        happen(contact, event, at=now, properties={"word": "coffee", "text": "coffee"})

    match_due(now=now)

    assert {name for name, contact in known.items() if contact.pk in people()} == set(expected.split())


@pytest.fixture
def uncounted() -> Segment:
    return Segment.objects.create(name="With vip", rules=[("tag", {"tag": "vip"})])


def test_what_happens_before_a_segment_is_counted_waits_for_it(uncounted: Segment) -> None:
    for_vips = live_sequence(steps=[HELLO], trigger_audience="segment", trigger_segment=uncounted)
    for_all, now = sequence(""), clock.now()
    vip, nobody = tagged("vip"), reachable_contact()
    for contact in (vip, nobody):
        happen(contact, at=now)

    match_due(now=now)
    assert (people_of(for_vips), people_of(for_all)) == ([], [vip.pk, nobody.pk])
    assert match_due(now=now) == 0
    waiting = why.explain(nobody, for_vips, now=now).tried[0].refused_by
    assert waiting is not None
    assert ENTRY[EntryRule(waiting.name)](waiting).text == (
        "It waits until the segment that the sequence is for, or leaves out, has been counted."
    )

    refresh.refresh_due()
    assert match_due(now=now + timedelta(minutes=1)) == 2

    assert (people_of(for_vips), people_of(for_all)) == ([vip.pk], [vip.pk, nobody.pk])
    assert match_due(now=now + timedelta(minutes=2)) == 0
    refused = why.explain(nobody, for_vips, now=now).tried[0].refused_by
    assert refused is not None
    assert refused.name == EntryRule.NOT_IN_SEGMENT


def test_what_waits_too_long_lets_nobody_in(uncounted: Segment, now: datetime, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "TRIGGER_MAX_AGE_HOURS": 2}
    live_sequence(steps=[HELLO], trigger_audience="segment", trigger_segment=uncounted)
    happen(tagged("vip"), at=now)
    match_due(now=now)

    match_due(now=now + timedelta(hours=3))

    assert match_due(now=now + timedelta(hours=4)) == 0
    assert people() == []


def test_who_waits_for_a_segment_is_refused_once_by_a_full_sequence(
    uncounted: Segment, now: datetime
) -> None:
    live_sequence(steps=[HELLO], trigger_audience="segment", trigger_segment=uncounted)
    full = sequence("", entry_limit=1, entry_excess="refuse")
    for _ in range(2):
        happen(reachable_contact(), at=now)

    for minutes in range(3):
        match_due(now=now + timedelta(minutes=minutes))

    assert FullPeriod.objects.get(sequence_id=full.pk).n == 1


def test_a_segment_that_an_event_asks_for_is_not_deleted(uncounted: Segment) -> None:
    other = Segment.objects.create(name="Other", rules=[("tag", {"tag": "x"})])
    of = live_sequence(
        steps=[HELLO],
        trigger_audience="segment",
        trigger_segment=uncounted,
        trigger_without_segments=[other.pk],
    )
    # The draft asks for neither any more; the version that runs does.
    Sequence.objects.filter(pk=of.pk).update(trigger_segment=None, trigger_without_segments=[])
    Revision.objects.all().delete()

    assert uses(uncounted) == [of.name]
    assert uses(other) == [of.name]


@pytest.mark.parametrize("kind", ["event", "keyword", "link", "form"])
def test_who_is_left_cannot_be_nobody(kind: str, uncounted: Segment) -> None:
    of = Sequence(
        trigger_kind=kind,
        trigger_event="order_placed",
        trigger_audience="segment",
        trigger_segment=uncounted,
        trigger_without_segments=[uncounted.pk],
    )
    lacking = Sequence(trigger_kind=kind, trigger_event="order_placed", trigger_audience="tag")

    assert "trigger_without_segments" in {problem.field for problem in problems.find(of)}
    assert "trigger_tag" in {problem.field for problem in problems.find(lacking)}


def test_the_look_back_waits_for_the_segment_as_well(uncounted: Segment, now: datetime) -> None:
    vip, nobody = tagged("vip"), reachable_contact()
    for contact in (vip, nobody):
        happen(contact, at=now - timedelta(days=1))
    match_due(now=now)
    live_sequence(
        steps=[HELLO],
        trigger_audience="segment",
        trigger_segment=uncounted,
        also_existing=True,
        existing_days=3,
    )
    look_at(clock.now())
    assert people() == []

    refresh.refresh_due()
    look_at(clock.now() + timedelta(minutes=2))

    assert people() == [vip.pk]


def test_the_list_of_sequences_asks_as_often_however_many_are_for_a_segment(admin_client: Client) -> None:
    def asked(n: int) -> int:
        for number in range(n):
            for_one = Segment.objects.create(name=f"{n}-{number}", rules=[("tag", {"tag": "vip"})])
            live_sequence(steps=[HELLO], trigger_audience="segment", trigger_segment=for_one)
        admin_client.get("/admin/text-messages/sequences/")
        with CaptureQueriesContext(connection) as queries:
            page = admin_client.get("/admin/text-messages/sequences/").content.decode()
        assert f"only for the people in “{n}-0”" in page
        # Wagtail asks of each snippet of a page for its workflow and for what is scheduled.
        return len([each for each in queries if 'FROM "wagtail_drip' in each["sql"].replace("`", '"')])

    assert asked(2) == asked(4)


def test_the_count_before_publishing_says_rather_too_many_than_too_few(
    uncounted: Segment, now: datetime
) -> None:
    for contact in (tagged("vip"), reachable_contact()):
        happen(contact, at=now - timedelta(days=1))
    of = live_sequence(
        steps=[HELLO],
        trigger_audience="segment",
        trigger_segment=uncounted,
        also_existing=True,
        existing_days=3,
    )
    before = date_triggers.newcomers(running(of), now=now)

    refresh.refresh_due()

    assert (before, date_triggers.newcomers(running(of), now=now)) == (2, 1)


def queries(n: int) -> int:
    for _ in range(n):
        happen(tagged("staff"), at=clock.now())
        happen(tagged("vip"), at=clock.now())
    with CaptureQueriesContext(connection) as asked:
        assert match_due(now=clock.now()) == 2 * n
    return len(asked)


@pytest.mark.parametrize("by_segment", [False, True], ids=["by a tag", "by segments"])
def test_it_asks_as_often_for_many_as_for_two(by_segment: bool, uncounted: Segment) -> None:
    if by_segment:
        other = Segment.objects.create(name="Other", rules=[("tag", {"tag": "x"})])
        options = {"trigger_audience": "segment", "trigger_segment": uncounted}
        live_sequence(steps=[HELLO], trigger_without_segments=[other.pk], **options)
        refresh.refresh_due()
    else:
        sequence()
    queries(1)  # The first to enter makes the row that counts them.

    assert queries(2) == queries(20)


def test_a_sequence_for_everybody_asks_for_no_tags_and_segments(now: datetime) -> None:
    sequence("")
    happen(tagged("staff"), at=now)

    with CaptureQueriesContext(connection) as asked:
        match_due(now=now)

    assert not [each["sql"] for each in asked if re.search("contacttag|segment", each["sql"].lower())]


def test_it_is_told_why() -> None:
    of, staff = sequence(), tagged("staff")
    happen(staff, at=clock.now())
    match_due(now=clock.now())

    refused = why.explain(staff, of, now=clock.now()).tried[0].refused_by

    assert refused is not None
    assert refused.name == EntryRule.LEFT_OUT_BY_TAG
    assert ENTRY[EntryRule.LEFT_OUT_BY_TAG](refused).text == (
        "They have the tag “staff”, which the sequence leaves out."
    )


def test_a_tag_that_nobody_has_is_pointed_out() -> None:
    of = Sequence(trigger_kind="event", trigger_event="order_placed", trigger_without_tags="stuff")

    found = [problem.level for problem in problems.find(of) if problem.field == "trigger_without_tags"]

    assert found == ["advice"]


def test_a_version_keeps_it_and_one_without_is_written_as_before() -> None:
    other = Segment.objects.create(name="Other", rules=[("tag", {"tag": "x"})])
    kept = running(sequence("Staff", trigger_without_segments=[other.pk])).flow

    entry = from_json(kept.to_json()).entry
    assert (entry.without_tags, entry.without_segments) == (("staff",), (other.pk,))
    assert not {"tag", "segment", "without_tags", "without_segments"} & set(Entry().to_json())
