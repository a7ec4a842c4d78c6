"""Triggers that a clock pulls, on a real database: whose date has come, who has been silent, whose week it is."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact, ContactDate
from wagtail_drip.enrolments import date_triggers
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Event
from wagtail_drip.events.types import EventDraft
from wagtail_drip.reports import watchdog
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello"})
A_DAY = ("wait_duration", {"amount": 1, "unit": "days"})
BIRTHDAY: dict[str, Any] = {"trigger_kind": "date", "trigger_attribute": "birthday", "reentry": "always"}


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def born(birthday: str, **known: Any) -> Contact:
    return reachable_contact(attributes={"birthday": birthday}, **known)


def live(*, since: datetime, **options: Any) -> Sequence:
    """Return a sequence that people may enter since that moment."""
    sequence = live_sequence(trigger=None, steps=options.pop("steps", [HELLO]), **options)
    SequenceRuntime.objects.filter(sequence=sequence).update(entering_since=since, changed_at=since)
    return sequence


def look_at(*moments: datetime, limit: int | None = None) -> int:
    done = 0
    for moment in moments:
        while found := check_due(now=moment, limit=limit):
            done += found
    return done


def happen(contact: Contact, *, at: datetime, name: str = "order_placed", **options: Any) -> Event:
    return events.record_event(
        EventDraft(
            **{
                "name": name,
                "key": f"{name}:{contact.pk}:{at.isoformat()}",
                "store": "test",
                "site_id": Site.objects.get(is_default_site=True).pk,
                "contact_id": contact.pk,
                "source": "signal",
                "occurred_at": at,
                "recorded_at": at,
                **options,
            }
        )
    )


def entered() -> list[tuple[int, str]]:
    return list(Enrolment.objects.order_by("pk").values_list("contact_id", "dedupe_key"))


def test_a_birthday_lets_in_at_its_time_on_the_contact_s_own_wall() -> None:
    london, tokyo = born("1990-05-17", zone="Europe/London"), born("2001-05-17", zone="Asia/Tokyo")
    born("1990-05-18", zone="Europe/London")
    live(since=utc(2027, 5, 10), **BIRTHDAY, trigger_time=time(10))

    look_at(utc(2027, 5, 17, 0, 59))
    before = entered()
    look_at(utc(2027, 5, 17, 1))
    in_tokyo = entered()
    look_at(utc(2027, 5, 17, 8, 59), utc(2027, 5, 17, 9), utc(2027, 5, 17, 9, 15), utc(2027, 5, 18, 8, 45))

    assert before == []
    assert in_tokyo == [(tokyo.pk, "birthday:2027")]
    assert entered() == [(tokyo.pk, "birthday:2027"), (london.pk, "birthday:2027")]
    assert Enrolment.objects.get(contact=london).since == utc(2027, 5, 17, 9)


def test_every_year_again_but_not_twice_in_one() -> None:
    ada = born("1988-02-29")
    sequence = live(since=utc(2027, 2, 20), **BIRTHDAY)

    look_at(utc(2027, 2, 28, 12))
    TriggerCheck.objects.update(checked_until=utc(2027, 2, 28, 9), due_at=utc(2027, 2, 28, 12))
    look_at(utc(2027, 2, 28, 13), utc(2027, 3, 1, 12))
    Enrolment.objects.update(running=None, state="completed")
    TriggerCheck.objects.update(checked_until=utc(2028, 2, 28), due_at=utc(2028, 2, 28))
    look_at(utc(2028, 2, 28, 12), utc(2028, 2, 29, 12))

    assert entered() == [(ada.pk, "birthday:2027"), (ada.pk, "birthday:2028")]
    assert set(Enrolment.objects.values_list("sequence_id", flat=True)) == {sequence.pk}


@pytest.mark.parametrize(
    ("options", "on"),
    [
        pytest.param({"trigger_offset": "before", "trigger_days": 3}, utc(2027, 12, 29, 12), id="before"),
        pytest.param({"trigger_offset": "after", "trigger_days": 40}, utc(2028, 2, 10, 12), id="after"),
    ],
)
def test_days_before_and_after_across_the_new_year(options: dict[str, Any], on: datetime) -> None:
    ada = born("1990-01-01")
    live(since=utc(2027, 12, 1), **BIRTHDAY, **options)
    look_at(utc(2027, 12, 1))
    TriggerCheck.objects.update(checked_until=on - timedelta(hours=30), due_at=on - timedelta(days=1))

    look_at(on - timedelta(days=1))
    too_early = entered()
    look_at(on)

    assert too_early == []
    assert entered() == [(ada.pk, "birthday:2028")]


def test_an_expiry_comes_once_and_a_date_of_another_year_is_another_date() -> None:
    ada = reachable_contact(attributes={"expiry": "2027-06-01"})
    reachable_contact(attributes={"expiry": "2026-06-01"})
    reachable_contact(attributes={"expiry": "--06-01"})
    live(
        since=utc(2027, 5, 1),
        trigger_kind="date",
        trigger_attribute="expiry",
        trigger_yearly=False,
        trigger_offset="before",
        trigger_days=7,
    )
    look_at(utc(2027, 5, 1))
    TriggerCheck.objects.update(checked_until=utc(2027, 5, 24))

    look_at(utc(2027, 5, 25, 12))

    assert entered() == [(ada.pk, "expiry:2027-06-01")]


def test_the_dates_follow_the_attributes() -> None:
    ada = born("1990-05-17")
    now = utc(2027, 5, 1)

    contacts.update_contacts(
        {ada.pk: {"attributes": {"birthday": "1991-06-18", "expiry": "--01-31"}}}, now=now
    )
    both = set(ContactDate.objects.values_list("contact_id", "name", "month", "day"))
    contacts.update_contacts({ada.pk: {"attributes": {"birthday": None, "expiry": "soon"}}}, now=now)

    assert both == {(ada.pk, "birthday", 6, 18), (ada.pk, "expiry", 1, 31)}
    assert ContactDate.objects.count() == 0


def test_what_is_over_two_days_late_is_reported_and_starts_nothing() -> None:
    late, in_time = born("1990-05-10"), born("1990-05-14")
    sequence = live(since=utc(2027, 5, 1), **BIRTHDAY)
    look_at(utc(2027, 5, 1))
    now = utc(2027, 5, 15, 12)

    look_at(now)

    assert late.pk not in dict(entered())
    assert entered() == [(in_time.pk, "birthday:2027")]
    row = TriggerCheck.objects.get(sequence=sequence)
    assert (row.missed_since, row.missed_until) == (utc(2027, 5, 1), now - timedelta(hours=48))
    assert watchdog.ask(watchdog.DEEP, now=now)["triggers that missed days"] == 1
    assert "triggers that missed days" not in watchdog.ask(watchdog.DEEP, now=now + timedelta(days=8))


def test_a_pause_is_not_a_miss() -> None:
    born("1990-05-14")
    sequence = live(since=utc(2027, 5, 1), **BIRTHDAY)
    look_at(utc(2027, 5, 1))
    sequences.pause(sequence.pk, now=utc(2027, 5, 2))
    look_at(utc(2027, 5, 14, 12))
    sequences.resume(sequence.pk, now=utc(2027, 5, 14, 13))

    look_at(utc(2027, 5, 14, 14))

    assert entered() == []
    assert TriggerCheck.objects.get().missed_until is None


def test_another_trigger_begins_anew_from_then_on() -> None:
    born("1990-05-14")
    sequence = live(since=utc(2027, 5, 1), **BIRTHDAY, trigger_time=time(20))
    look_at(utc(2027, 5, 14, 11))
    sequence.trigger_time = time(9)
    publish(sequence)

    look_at(utc(2027, 5, 14, 12), utc(2027, 5, 14, 22))

    assert entered() == []


def test_a_worker_that_dies_in_a_chunk_loses_and_repeats_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    people = crowd(25)
    live(since=utc(2027, 5, 1), trigger_kind="once")
    check_due(now=utc(2027, 5, 3), limit=10)

    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        # After the people are let in, before the row that says so is written: all of it must be undone.
        patch.setattr(date_triggers, "_next", die)
        patch.setattr(TriggerCheck, "save", die)
        with pytest.raises(Killed), transaction.atomic():
            check_due(now=utc(2027, 5, 3), limit=10)
    after_death = Enrolment.objects.count()
    look_at(utc(2027, 5, 3), limit=10)

    assert after_death == 10
    assert sorted(pk for pk, _ in entered()) == sorted(person.pk for person in people)


def test_one_broken_trigger_is_set_aside_and_stops_no_other() -> None:
    ada = born("1990-05-14")
    broken = live(since=utc(2027, 5, 14), **BIRTHDAY, name="Broken")
    live(since=utc(2027, 5, 14), **BIRTHDAY, name="Sound")
    now = utc(2027, 5, 14, 12)
    with pytest.MonkeyPatch.context() as patch:
        usual = date_triggers._go_on

        def go_on(row: TriggerCheck, *args: Any, **options: Any) -> int:
            if row.sequence_id == broken.pk:
                raise ValueError("broken")
            return usual(row, *args, **options)

        patch.setattr(date_triggers, "_go_on", go_on)
        for minutes in range(0, 60, 5):
            check_due(now=now + timedelta(minutes=minutes))

    assert entered() == [(ada.pk, "birthday:2027")]
    row = TriggerCheck.objects.get(sequence=broken)
    assert (row.due_at, row.attempts) == (None, 5)
    assert "ValueError: broken" in row.error
    assert watchdog.ask(watchdog.DEEP, now=now)["triggers set aside"] == 1

    sequences.pause(broken.pk, now=now + timedelta(hours=1))
    sequences.resume(broken.pk, now=now + timedelta(hours=2))
    look_at(now + timedelta(hours=3))
    row.refresh_from_db()
    assert (row.error, row.checked_until) == ("", now + timedelta(hours=3))


@pytest.mark.parametrize("options", [{"trigger_kind": "once"}, BIRTHDAY], ids=["once", "date"])
def test_a_chunk_costs_the_same_however_many_people_it_has(options: dict[str, Any]) -> None:
    def cost(size: int) -> int:
        people = crowd(size)
        ContactDate.objects.bulk_create(
            ContactDate(contact=person, name="birthday", month=5, day=14) for person in people
        )
        Enrolment.objects.all().delete()
        TriggerCheck.objects.all().delete()
        OnceRun.objects.update(state="rest")
        check_due(now=utc(2027, 5, 14))
        TriggerCheck.objects.update(checked_until=utc(2027, 5, 13), due_at=utc(2027, 5, 14), cursor=0)
        OnceRun.objects.update(state="rest")
        Enrolment.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert check_due(now=utc(2027, 5, 14, 12), limit=1000) >= size
        return len(queries)

    live(since=utc(2027, 5, 1), **options)

    assert cost(3) == cost(90)


def test_nothing_is_asked_of_people_where_no_sequence_has_a_clock(django_assert_num_queries: Any) -> None:
    live_sequence(steps=[HELLO])

    with django_assert_num_queries(1):
        assert check_due(now=utc(2027, 5, 14)) == 0
