"""Sequences are looked after: silence is noticed by their own baseline, and what fails is paused once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Hold, Message
from wagtail_drip.reports import health, rollup
from wagtail_drip.reports.models import SequenceHour
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def sequence() -> Sequence:
    made = live_sequence(name="Welcome", trigger="custom:visit", steps=[("send_message", {"text": "Hello"})])
    SequenceRuntime.objects.update(changed_at=clock.now() - timedelta(weeks=20))
    return made


def heard(sequence: Sequence, *, now: datetime, quiet_hours: int, measure: str = rollup.ENTERED) -> None:
    first = now.replace(minute=0, second=0, microsecond=0)
    SequenceHour.objects.bulk_create(
        SequenceHour(sequence_id=sequence.pk, measure=measure, hour=first - ago * HOUR, n=3)
        for ago in range(1 + quiet_hours, 5 * 168)
    )


def runtime() -> tuple[str, str]:
    row = SequenceRuntime.objects.get()
    return row.state, row.health


def test_a_silent_sequence_is_noticed_and_so_is_that_it_is_heard_again(sequence: Sequence) -> None:
    now = clock.now()
    heard(sequence, now=now, quiet_hours=12)

    assert health.listen(now=now) == [sequence.pk]
    assert health.listen(now=now) == []  # told once
    assert runtime() == ("live", "silent")
    assert "Nobody has entered since" in SequenceRuntime.objects.get().health_detail
    SequenceHour.objects.create(
        sequence_id=sequence.pk,
        measure=rollup.ENTERED,
        hour=now.replace(minute=0, second=0, microsecond=0),
        n=1,
    )
    health.listen(now=now)

    assert runtime() == ("live", "ok")


def test_people_enter_and_nothing_is_sent(sequence: Sequence) -> None:
    now = clock.now()
    heard(sequence, now=now, quiet_hours=0)
    heard(sequence, now=now, quiet_hours=12, measure=rollup.SENT)

    messaging.stop_everything(by="Owen", now=now)
    assert health.listen(now=now) == []  # silent on purpose
    messaging.lift(Hold.objects.get().pk, by="Owen", now=now)

    assert health.listen(now=now) == [sequence.pk]
    assert "Nothing has been sent since" in SequenceRuntime.objects.get().health_detail


def test_a_new_sequence_and_a_paused_one_are_left_alone(sequence: Sequence) -> None:
    now = clock.now()
    heard(sequence, now=now, quiet_hours=12)
    SequenceRuntime.objects.update(changed_at=now)
    assert health.listen(now=now) == []
    SequenceRuntime.objects.update(changed_at=now - timedelta(weeks=20), state="paused")

    assert health.listen(now=now) == []


def failed(
    sequence: Sequence, person: Contact, site_id: int, number: int, *, at: datetime, state: str
) -> None:
    first = Message.objects.count()
    Message.objects.bulk_create(
        Message(
            key=f"k{first + place}",
            reference=f"r{first + place}",
            contact=person,
            site_id=site_id,
            gateway="default",
            purpose="information",
            sequence_id=sequence.pk,
            state=state,
            created_at=at,
            sent_at=at if state == "sent" else None,
            settled_at=at if state == "failed" else None,
        )
        for place in range(number)
    )
    row, _ = SequenceHour.objects.get_or_create(
        sequence_id=sequence.pk,
        measure=f"message:{state}",
        hour=at.replace(minute=0, second=0, microsecond=0),
    )
    row.n += number
    row.save()


def test_what_fails_is_paused_and_after_a_person_resumed_it_the_old_failures_count_no_more(
    sequence: Sequence, site_id: int
) -> None:
    person, now = reachable_contact(), clock.now()
    failed(sequence, person, site_id, 19, at=now, state="failed")
    assert health.pause_failing(now=now) == []
    failed(sequence, person, site_id, 1, at=now, state="failed")
    failed(sequence, person, site_id, 15, at=now, state="sent")

    assert health.pause_failing(now=now) == [sequence.pk]
    assert health.pause_failing(now=now) == []
    assert runtime() == ("paused", "auto_paused")
    assert SequenceRuntime.objects.get().health_detail.startswith("20 of 35 texts failed")

    later = now + timedelta(minutes=5)
    assert sequences.resume(sequence.pk, now=later, by="Owen")
    assert health.pause_failing(now=later) == []
    assert runtime() == ("live", "ok")
    failed(sequence, person, site_id, 20, at=later, state="failed")
    assert health.pause_failing(now=later + timedelta(minutes=1)) == [sequence.pk]


def test_more_that_went_than_failed_pauses_nothing(sequence: Sequence, site_id: int) -> None:
    person, now = reachable_contact(), clock.now()
    failed(sequence, person, site_id, 20, at=now, state="failed")
    failed(sequence, person, site_id, 21, at=now, state="sent")

    assert health.pause_failing(now=now) == []
    assert runtime() == ("live", "ok")


def test_a_site_may_switch_it_off(sequence: Sequence, site_id: int, settings: object) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "AUTO_PAUSE_SHARE": 0}  # type: ignore[attr-defined]
    now = clock.now()
    failed(sequence, reachable_contact(), site_id, 500, at=now, state="failed")

    assert health.pause_failing(now=now) == []


def test_the_hours_are_counted_where_things_happen(
    drip_outbox: list[object], drip_advance: Callable[..., None]
) -> None:
    from wagtail_drip import api

    made = live_sequence(trigger="custom:visit", steps=[("send_message", {"text": "Hello"})])
    for number in range(3):
        person = reachable_contact(first_name=f"P{number}")
        assert api.emit("custom:visit", key=str(number), contact={"phone": person.phone})
    time_travel.run()

    rows = SequenceHour.objects.values_list("sequence_id", "measure", "n", "hour")
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    assert sorted(rows) == [(made.pk, rollup.ENTERED, 3, hour), (made.pk, rollup.SENT, 3, hour)]


def test_what_nobody_asks_for_is_forgotten(sequence: Sequence) -> None:
    now = clock.now()
    heard(sequence, now=now - timedelta(weeks=9), quiet_hours=0)
    heard(sequence, now=now, quiet_hours=0)
    Lease.objects.filter(name="silence").delete()

    health.look_after(now=now)

    oldest = SequenceHour.objects.order_by("hour").first()
    assert oldest is not None
    assert oldest.hour >= now - health.KEPT
