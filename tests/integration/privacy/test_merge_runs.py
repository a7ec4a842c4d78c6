"""Two contacts become one person: what they run through, bought and belong to is one person's."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from tests.integration.privacy.two import MINUTE, NEW, OLD, Customer, go_on, two
from wagtail_drip.contacts import tags
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Event
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import Message
from wagtail_drip.privacy import merge
from wagtail_drip.segments import actions as segments
from wagtail_drip.segments.models import Segment, SegmentMembership
from wagtail_drip.segments.refresh import refresh_due
from wagtail_drip.stores.models import Purchase, PurchaseTally, SpendTally
from wagtail_drip.test.sequences import live_sequence

__all__ = ["_empty_gateway", "customer", "open_site", "queued", "two"]

pytestmark = pytest.mark.django_db


def story() -> Any:
    return live_sequence(
        steps=[
            ("send_message", {"text": "One"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Two"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Three"}),
        ],
        reentry="never",
    )


@pytest.mark.parametrize("further", ["merged", "stays"])
def test_of_two_runs_the_further_one_goes_on_and_nothing_comes_twice(
    further: str, two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    sequence = story()
    first, second = (merged, stays) if further == "merged" else (stays, merged)
    day = timedelta(days=1)
    enrolments.enrol(contact_ids=[first.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    go_on(now)
    go_on(now + day)
    enrolments.enrol(contact_ids=[second.pk], sequence_id=sequence.pk, site_id=open_site, now=now + day)
    go_on(now + day)
    memory.reset()

    merge.merge(merged.pk, into=stays.pk, now=now + day)
    for days in range(1, 6):
        go_on(now + days * day)

    ends = dict(Enrolment.objects.values_list("contact_id", "exit_reason"))
    assert ends == {first.pk: "", second.pk: "merged"}
    assert [(sms.to, sms.text) for sms in memory.outbox] == [(NEW, "Three")]
    # Whoever was in it by either contact has been in it.
    again = enrolments.enrol(
        contact_ids=[stays.pk], sequence_id=sequence.pk, site_id=open_site, now=now + 9 * day, key="again"
    )
    assert again is not None
    assert again.entered == []


def test_what_the_run_that_ended_had_sent_is_passed_over(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    """The run that stays stands before a step whose text the other one had sent already: by another path."""
    merged, stays = two
    sequence = story()
    for each in two:
        enrolments.enrol(contact_ids=[each.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    go_on(now)
    go_on(now + timedelta(days=1))
    theirs = Enrolment.objects.get(contact=merged)
    texts = Message.objects.filter(enrolment_id=theirs.pk).order_by("pk")
    # As after a jump: the merged one has sent its second text, and came to fewer steps.
    Enrolment.objects.filter(pk=theirs.pk).update(visit=1)
    own = Enrolment.objects.get(contact=stays)
    own.visits.filter(step_id=texts[1].step_id).delete()

    merge.merge(merged.pk, into=stays.pk, now=now + timedelta(days=1))

    own.refresh_from_db()
    assert own.skips == texts[1].step_id


def test_runs_of_other_sequences_go_on_and_text_who_stays(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    sequence = story()
    enrolments.enrol(contact_ids=[merged.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    go_on(now)

    merge.merge(merged.pk, into=stays.pk, now=now + MINUTE)
    go_on(now + timedelta(days=1))

    assert [(sms.to, sms.text) for sms in memory.outbox] == [(OLD, "One"), (NEW, "Two")]


def test_who_is_inside_by_the_one_does_not_enter_by_the_other(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    sequence = story()
    enrolments.enrol(contact_ids=[merged.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    merge.merge(merged.pk, into=stays.pk, now=now)

    again = enrolments.enrol(contact_ids=[stays.pk], sequence_id=sequence.pk, site_id=open_site, now=now)

    assert again is not None
    assert (again.entered, list(again.refused.values())) == ([], ["inside"])


def test_orders_of_both_are_counted_for_who_stays_and_apart_again_after(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    for number, whose in enumerate(two):
        Purchase.objects.create(
            store="oscar", order_id=str(number), contact=whose, site_id=open_site, total=10 + number,
            currency="GBP", placed_at=now, recorded_at=now,
        )  # fmt: skip

    done = merge.merge(merged.pk, into=stays.pk, now=now)
    together = dict(SpendTally.objects.values_list("contact_id", "spent"))
    merge.undo(done.pk, now=now)

    assert together == {stays.pk: Decimal(21)}
    assert dict(SpendTally.objects.values_list("contact_id", "spent")) == {merged.pk: 10, stays.pk: 11}
    assert dict(PurchaseTally.objects.values_list("contact_id", "n")) == {merged.pk: 1, stays.pk: 1}


def vips() -> tuple[Segment, Segment]:
    """Those who are tagged, and those who have bought twice or more."""
    tagged = Segment(name="VIPs", match="all", rules=[("tag", {"tag": "vip"})])
    bought = Segment(name="Buyers", match="all", rules=[("tag", {"tag": "buyer"})])
    for segment in (tagged, bought):
        segment.save()
    return tagged, bought


def count(now: datetime) -> None:
    Segment.objects.update(refresh_due_at=now)
    refresh_due(now=now)


def members(segment: Segment) -> list[int]:
    return sorted(
        SegmentMembership.objects.filter(segment=segment, current=1).values_list("contact_id", flat=True)
    )


def test_they_are_in_the_segments_of_either_and_nobody_enters_or_leaves_by_it(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    merged, stays = two
    tagged, bought = vips()
    count(now)
    tags.change_tags(add=[(merged.pk, "vip"), (merged.pk, "buyer"), (stays.pk, "buyer")], now=now)
    count(now + MINUTE)
    Event.objects.all().delete()

    done = merge.merge(merged.pk, into=stays.pk, now=now + 2 * MINUTE)
    assert (members(tagged), members(bought)) == ([stays.pk], [stays.pk])
    count(now + 3 * MINUTE)
    assert (members(tagged), members(bought)) == ([stays.pk], [stays.pk])
    merge.undo(done.pk, now=now + 4 * MINUTE)
    count(now + 5 * MINUTE)

    assert (members(tagged), members(bought)) == ([merged.pk], sorted([merged.pk, stays.pk]))
    assert not Event.objects.exists()


def test_who_is_counted_while_they_are_merged_leaves_without_an_event(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    """A count that had read them before the merge puts them in after it; the next one takes them out."""
    merged, stays = two
    tagged, _ = vips()
    count(now)
    merge.merge(merged.pk, into=stays.pk, now=now)
    segments.enter(tagged, [merged.pk], site_id=None, now=now)
    assert members(tagged) == []  # nobody enters who was merged meanwhile
    SegmentMembership.objects.create(segment=tagged, contact=merged, entered_at=now)
    Event.objects.all().delete()

    count(now + MINUTE)

    assert members(tagged) == []
    assert not Event.objects.exists()


def test_a_merge_costs_the_same_however_much_hangs_on_it(
    customer: Customer, open_site: int, now: datetime
) -> None:
    costs = []
    for n in (1, 2, 12):  # the first one warms caches
        merged, stays = customer(f"+4474001234{n:02d}"), customer(f"+4474001235{n:02d}")
        tags.change_tags(add=[(merged.pk, f"tag{i}") for i in range(n)], now=now)
        for _ in range(n):
            sequence = live_sequence(steps=[("wait_duration", {"amount": 1, "unit": "days"})])
            for each in (merged, stays):
                enrolments.enrol(contact_ids=[each.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
        with CaptureQueriesContext(connection) as asked:
            merge.merge(merged.pk, into=stays.pk, now=now)
        costs.append(len(asked))
    assert costs[1] == costs[2]
