"""Whom something that goes out once would reach, and why not the others, is what then becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd
from tests.integration.messaging.conftest import _empty_gateway, customer, open_site
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import actions as core
from wagtail_drip.enrolments import once, once_count
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_count import Counts, count_due, counts_of
from wagtail_drip.enrolments.once_models import OnceCount
from wagtail_drip.enrolments.once_rules import FirstPart
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.links.models import Link
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.types import Running
from wagtail_drip.test.sequences import live_sequence

__all__ = ["_empty_gateway", "customer", "open_site"]
pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello {{ contact.first_name }}, look: https://shop.example/spring"})
NOW = datetime(2027, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


def written(**options: Any) -> Sequence:
    made = live_sequence(
        **{"trigger": None, "trigger_kind": "once", "steps": [HELLO], "is_started": False, **options}
    )
    SequenceRuntime.objects.filter(sequence=made).update(entering_since=NOW, changed_at=NOW)
    return made


def running(sequence: Sequence) -> Running:
    return sequences.live([sequence.pk])[sequence.pk]


def counted(sequence: Sequence, *, at: datetime = NOW, limit: int | None = None) -> Counts:
    once_count.ask(running(sequence), now=at)
    while count_due(now=at, limit=limit):
        pass
    row = OnceCount.objects.get(sequence=sequence)
    assert row.counted_at == at
    assert row.position == row.total
    return counts_of(row)


Customer = Callable[..., Contact]


def people(customer: Customer, site_id: int) -> None:
    """One of every kind."""
    for number in range(3):
        customer(f"+44740012345{number}")
    customer("+447400123460", marketing=False)
    withdrawn = customer("+447400123461")
    Permission.objects.filter(contact=withdrawn).update(granted=False)
    stopped = customer("+447400123462")
    compliance.suppress(phone=stopped.phone, scope="all", reason="stop", source="test", now=NOW)
    gone = customer("+447400123463")
    Contact.objects.filter(pk=gone.pk).update(active_phone=None, phone="")
    kept = customer("+447400123464")
    Contact.objects.filter(pk=kept.pk).update(restricted_at=NOW)
    resting = customer("+447400123465")
    Contact.objects.filter(pk=resting.pk).update(paused_until=NOW + timedelta(hours=3))
    tired = customer("+447400123466")
    Contact.objects.filter(pk=tired.pk).update(most_per_week=0)
    nameless = customer("+447400123467")
    Contact.objects.filter(pk=nameless.pk).update(first_name="")


def test_every_reason_is_the_gate_s_own_and_what_is_foreseen_happens(
    customer: Customer, open_site: int
) -> None:
    people(customer, open_site)
    sequence = written()

    found = counted(sequence)
    version = SequenceRuntime.objects.get().version_id or 0
    once.start(sequence.pk, version_id=version, first=FirstPart(), people=3, by="ada", now=NOW)
    while check_due(now=NOW):
        pass
    run_due(now=NOW)
    while send_due(now=NOW):
        pass
    skipped = Counter(Message.objects.filter(state="skipped").values_list("reason", flat=True))
    put_off = Counter(Message.objects.filter(state="scheduled").values_list("defer_reason", flat=True))

    assert found.never == {
        "no_consent": 1,
        "unsubscribed": 1,
        "suppressed": 1,
        "no_phone": 1,
        "restricted": 1,
        "frequency_cap": 1,
        "missing_variable": 1,
    }
    assert (found.going, found.later, found.texted) == (3, {"contact_paused": 1}, 4)
    assert Message.objects.filter(state__in=("sent", "delivered")).count() == found.going
    assert put_off == found.later
    # Who has not agreed or has no number never enters; whatever keeps the others out is what was foreseen.
    outside = {"no_consent", "unsubscribed", "no_phone"}
    assert skipped == {name: n for name, n in found.never.items() if name not in outside}


def test_nothing_is_written_but_the_sums(customer: Customer, open_site: int) -> None:
    people(customer, open_site)
    sequence = written()

    counted(sequence)

    assert [model.objects.count() for model in (Enrolment, Message, SendLedger, Link)] == [0, 0, 0, 0]


def test_each_text_is_as_long_as_it_will_be(customer: Customer, open_site: int, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://shop.example"}
    customer("+447400123450")
    long = customer("+447400123451")
    Contact.objects.filter(pk=long.pk).update(first_name="Bartholomew")
    text = "Hello {{ contact.first_name }}" + 112 * "x" + " https://shop.example/" + 90 * "y"
    sequence = written(steps=[("send_message", {"text": text})])
    core.open_site(open_site, account="memory", now=NOW)

    found = counted(sequence)
    version = SequenceRuntime.objects.get().version_id or 0
    once.start(sequence.pk, version_id=version, first=FirstPart(), people=2, by="ada", now=NOW)
    check_due(now=NOW)
    run_due(now=NOW)
    while send_due(now=NOW):
        pass

    sent = list(Message.objects.values_list("segments", flat=True))
    assert (found.segments, found.longest) == (sum(sent), max(sent)) == (3, 2)


def test_a_closed_site_reaches_nobody(customer: Customer, open_site: int) -> None:
    customer("+447400123450")
    core.close_site(open_site)

    assert counted(written()).never == {"not_open_yet": 1}


def test_at_night_everybody_gets_it_in_the_morning(customer: Customer, open_site: int) -> None:
    customer("+447400123450")
    sequence = written(trigger_moment=NOW + timedelta(hours=14))

    found = counted(sequence)

    assert (found.going, sum(found.later.values()), found.never) == (0, 1, {})


def test_who_had_it_is_not_texted_again(customer: Customer, open_site: int) -> None:
    customer("+447400123450")
    sequence = written()
    version = SequenceRuntime.objects.get().version_id or 0
    once.start(sequence.pk, version_id=version, first=FirstPart(), people=1, by="ada", now=NOW)
    check_due(now=NOW)
    customer("+447400123451")

    inside = counted(sequence)
    Enrolment.objects.update(running=None, state="completed")

    assert (inside.going, inside.never) == (1, {"entry:inside": 1})
    assert counted(sequence).never == {"entry:same_occasion": 1}


def test_only_whom_it_is_for_is_counted(customer: Customer, open_site: int) -> None:
    vip, staff, _other = (customer(f"+44740012345{number}") for number in range(3))
    change_tags(add=[(vip.pk, "vip"), (staff.pk, "vip"), (staff.pk, "staff")], now=NOW)
    sequence = written(trigger_audience="tag", trigger_tag="vip", trigger_without_tags="staff")

    assert counted(sequence).going == 1
    assert OnceCount.objects.get().total == 1


def test_in_batches_it_is_the_same_and_goes_on_where_it_was(customer: Customer, open_site: int) -> None:
    people(customer, open_site)
    sequence = written()
    whole = counted(sequence)

    once_count.ask(running(sequence), now=NOW)
    count_due(now=NOW, limit=2)
    row = OnceCount.objects.get()
    assert (row.position, row.total, row.counted_at) == (4, 11, None)
    while count_due(now=NOW, limit=2):
        pass

    assert counts_of(OnceCount.objects.get()) == whole


def test_a_batch_that_two_counted_is_added_once(customer: Customer, open_site: int) -> None:
    people(customer, open_site)
    sequence = written()
    once_count.ask(running(sequence), now=NOW)
    row = OnceCount.objects.get()

    once_count._batch(row, limit=2, now=NOW)
    once_count._batch(row, limit=2, now=NOW)

    assert OnceCount.objects.get().position == 2


def test_it_waits_for_a_segment_that_is_not_counted(customer: Customer, open_site: int) -> None:
    customer("+447400123450")
    left = Segment.objects.create(name="Left", rules=[("tag", {"tag": "x", "negate": ""})])
    sequence = written(trigger_without_segments=[left.pk])

    once_count.ask(running(sequence), now=NOW)
    assert count_due(now=NOW) == 0
    assert OnceCount.objects.get().due_at == NOW + timedelta(seconds=10)
    Segment.objects.update(is_filled=True)
    count_due(now=NOW + timedelta(seconds=10))

    assert counts_of(OnceCount.objects.get()).going == 1


def test_what_is_published_meanwhile_is_not_counted_on(customer: Customer, open_site: int) -> None:
    people(customer, open_site)
    sequence = written()
    once_count.ask(running(sequence), now=NOW)
    sequence.trigger_moment = NOW + timedelta(hours=1)
    from wagtail_drip.test.sequences import publish

    publish(sequence, is_started=False)

    assert count_due(now=NOW) == 0
    row = OnceCount.objects.get()
    assert (row.due_at, row.counted_at, row.position) == (None, None, 0)
    assert not once_count.same(row, running(sequence))


def test_what_cannot_be_counted_is_tried_five_times(
    customer: Customer, open_site: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer("+447400123450")
    sequence = written()
    once_count.ask(running(sequence), now=NOW)

    def broken(*args: Any, **options: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(once_count.once_clashes, "clashes", broken)
    for minutes in range(9):
        count_due(now=NOW + timedelta(minutes=minutes * 10))

    row = OnceCount.objects.get()
    assert (row.attempts, row.due_at) == (5, None)
    assert "ValueError" in row.error


def test_a_batch_costs_the_same_however_many_people_it_has(customer: Customer, open_site: int) -> None:
    sequence = written()
    customer("+447400123450")
    counted(sequence)

    def cost(size: int) -> int:
        crowd(size)
        once_count.ask(running(sequence), now=NOW)
        with CaptureQueriesContext(connection) as captured:
            assert count_due(now=NOW) >= size
        return len(captured)

    assert cost(5) == cost(150)


def test_the_few_to_look_at_stay_the_same(customer: Customer, open_site: int) -> None:
    people_there = {person.pk for person in crowd(200)}
    one = running(written())

    few = once_count.a_few(one, n=10, of=200)

    assert len(few) == len(set(few)) == 10
    assert set(few) <= people_there
    assert few == once_count.a_few(one, n=10, of=200)
    assert few != sorted(people_there)[:10]
