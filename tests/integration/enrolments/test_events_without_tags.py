"""An event lets in nobody who has a tag that the sequence leaves out, asked for a whole batch at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.test_date_triggers import look_at
from tests.integration.enrolments.test_leaving_people_out import people, running, tag
from tests.integration.enrolments.test_match_events import HELLO, happen
from wagtail_drip.admin.entry_sentences import ENTRY
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions, date_triggers
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.why_not import EntryRule
from wagtail_drip.reports import why
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


def queries(n: int) -> int:
    for _ in range(n):
        happen(tagged("staff"), at=clock.now())
        happen(tagged("vip"), at=clock.now())
    with CaptureQueriesContext(connection) as asked:
        assert match_due(now=clock.now()) == 2 * n
    return len(asked)


def test_it_asks_as_often_for_many_as_for_two() -> None:
    sequence()
    queries(1)  # The first to enter makes the row that counts them.

    assert queries(2) == queries(20)


def test_a_sequence_that_leaves_nobody_out_asks_for_no_tags(now: datetime) -> None:
    sequence("")
    happen(tagged("staff"), at=now)

    with CaptureQueriesContext(connection) as asked:
        match_due(now=now)

    assert not [each["sql"] for each in asked if "contacttag" in each["sql"].lower()]


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
    kept = running(sequence("Staff")).flow

    assert from_json(kept.to_json()).entry.without_tags == ("staff",)
    assert "without_tags" not in Entry().to_json()
