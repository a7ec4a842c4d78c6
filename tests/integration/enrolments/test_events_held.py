"""An event that waits for a segment waits for one sequence only: nothing else is held up by it or done twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.test_events_for_some import people_of, tagged
from tests.integration.enrolments.test_leaving_people_out import people, segment
from tests.integration.enrolments.test_match_events import HELLO, happen
from wagtail_drip.admin.entry_sentences import ENTRY
from wagtail_drip.core import clock
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.why_not import EntryRule
from wagtail_drip.events.models import Event
from wagtail_drip.reports import why
from wagtail_drip.segments import refresh
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.stores import liveness
from wagtail_drip.stores.types import Guard
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return clock.now()


def for_segment(chosen: Segment, **options: Any) -> Sequence:
    return live_sequence(steps=[HELLO], trigger_audience="segment", trigger_segment=chosen, **options)


def counted(name: str) -> Segment:
    found = segment(name)
    refresh.refresh_due()
    return found


def end_all(now: datetime) -> None:
    Enrolment.objects.update(running=None, state="completed", ended_at=now, due_at=None)


def test_it_stops_no_texts(now: datetime) -> None:
    vip = tagged("vip")
    happen(vip, at=now)
    guards = [Guard(contact_id=vip.pk, kind="news", event="order_placed", since=now)]
    new = liveness.check(guards, now=now)
    for_segment(segment("vip"))

    match_due(now=now)

    assert Event.objects.get().match_due_at is not None
    assert (new, liveness.check(guards, now=now)) == (["store_behind"], [""])


@pytest.mark.parametrize("other", ["for everybody", "for another segment"])
def test_looking_again_takes_no_place_of_others_and_starts_nothing_new(other: str, now: datetime) -> None:
    vip = tagged("vip")
    limited: dict[str, Any] = {"reentry": "always", "entry_limit": 2, "entry_excess": "refuse"}
    if other == "for everybody":
        first = live_sequence(steps=[HELLO], **limited)
        known = None
    else:
        known = counted("vip")
        first = for_segment(known, **limited)
    crew = Segment.objects.create(name="Crew", rules=[("tag", {"tag": "vip", "negate": ""})])
    held = for_segment(crew)
    happen(vip, at=now)
    match_due(now=now)
    at_once = [people_of(held), people_of(first)]
    end_all(now)
    late = live_sequence(steps=[HELLO]) if known is None else for_segment(known)

    for minute in range(1, 4):
        match_due(now=now + minute * MINUTE)
        end_all(now)
    refresh.refresh_due()
    match_due(now=now + HOUR)
    then = [people_of(held), people_of(late)]
    happen(vip, at=now + HOUR)
    match_due(now=now + HOUR)

    assert at_once == [[], [vip.pk]]
    assert then == [[vip.pk], []]
    assert people_of(first) == [vip.pk, vip.pk]


def test_one_that_failed_before_wakes_nobody_twice(now: datetime) -> None:
    vip = tagged("vip")
    live_sequence(trigger="order_paid", goal="order_placed", steps=[HELLO])
    for_segment(segment("vip"))
    happen(vip, "order_paid", at=now - HOUR)
    match_due(now=now - HOUR)
    happen(vip, at=now)
    Event.objects.filter(name="order_placed").update(match_attempts=1)
    match_due(now=now)
    Enrolment.objects.update(due_at=now + HOUR)

    match_due(now=now + MINUTE)

    assert Enrolment.objects.get().due_at == now + HOUR


def test_others_do_not_say_that_it_is_still_to_be_looked_at() -> None:
    vip, of = tagged("vip"), for_segment(segment("vip"))
    other = live_sequence(trigger=("order_placed", [("total", "at_least", "50")]), steps=[HELLO])
    now = clock.now()
    happen(vip, at=now, properties={"total": "20.00"})
    match_due(now=now)

    found = [why.explain(vip, each, now=now).tried[0] for each in (of, other)]

    assert [[check.name for check in each.checks if not check.holds] for each in found] == [
        [EntryRule.UNCOUNTED, EntryRule.NOT_IN_SEGMENT, EntryRule.UNREAD],
        [EntryRule.CONDITION],
    ]


def test_it_is_decided_until_just_before_it_is_too_old(now: datetime) -> None:
    vip = tagged("vip")
    of = for_segment(segment("vip"))
    happen(vip, at=now)
    last = (now + 6 * HOUR - MINUTE).replace(second=0, microsecond=0)
    while (due := Event.objects.get().match_due_at) is not None and due < last:
        match_due(now=due)
    refresh.refresh_due()

    match_due(now=last)

    assert people_of(of) == [vip.pk]


def test_what_stopped_meanwhile_lets_nobody_in(now: datetime) -> None:
    vip = tagged("vip")
    of = for_segment(segment("vip"))
    happen(vip, at=now)
    match_due(now=now)
    SequenceRuntime.objects.filter(sequence=of).update(state="paused", trigger_event="")
    refresh.refresh_due()

    match_due(now=now + MINUTE)

    assert (people(), Event.objects.get().held_for) == ([], "")


def held_queries(n: int, *, at: datetime) -> int:
    Event.objects.update(match_due_at=None)
    for _ in range(n):
        happen(tagged("vip"), at=at)
    with CaptureQueriesContext(connection) as asked:
        assert match_due(now=at) == n
    return len(asked)


def test_holding_asks_as_often_for_many_as_for_few(now: datetime) -> None:
    for_segment(segment("vip"))
    held_queries(1, at=now)

    assert held_queries(4, at=now + MINUTE) == held_queries(40, at=now + 2 * MINUTE)


def test_what_waited_in_vain_is_told_even_when_it_is_counted_later() -> None:
    vip, of = tagged("vip"), for_segment(segment("vip"))
    now = clock.now()
    happen(vip, at=now)
    looks, at = 0, now
    while (due := Event.objects.get().match_due_at) is not None:
        looks, at = looks + 1, due
        match_due(now=at)
    refresh.refresh_due()
    match_due(now=at + HOUR)

    refused = why.explain(vip, of, now=at).tried[0].refused_by

    assert people() == []
    assert refused is not None
    assert refused.name == EntryRule.UNCOUNTED
    assert "6" in str(ENTRY[EntryRule.UNCOUNTED](refused).text)
    # Seldom enough for thousands of events.
    assert looks < 60
