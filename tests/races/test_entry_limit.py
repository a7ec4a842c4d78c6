"""An entry limit against itself, two chunks of a broadcast against each other, and an event against its repeat."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from wagtail_drip.core import claims
from wagtail_drip.enrolments import actions, entry, volumes
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment, EntryVolume, FullPeriod
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import EventTally
from wagtail_drip.events.types import EventDraft
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
HELLO = ("send_message", {"text": "Hello"})
NOW = datetime(2027, 5, 3, 12, 20, tzinfo=UTC)
WORKERS = 4


def limited(most: int) -> int:
    sequence = live_sequence(
        trigger=None,
        trigger_kind="manual",
        steps=[HELLO],
        entry_limit=most,
        entry_period="hour",
        entry_excess="refuse",
    )
    return sequence.pk


def enter_together(elsewhere: Run, sequence_id: int, pks: list[int]) -> int:
    """Let each of several connections ask for its own people at the same moment; return how many entered."""
    site_id, together = Site.objects.get().pk, Barrier(WORKERS)

    def ask(mine: list[int]) -> int:
        together.wait(10)
        admission = claims.retried(
            lambda: actions.enrol(contact_ids=mine, sequence_id=sequence_id, site_id=site_id, now=NOW)
        )
        assert admission is not None
        return len(admission.entered)

    share = len(pks) // WORKERS
    asked = [elsewhere(ask, pks[place * share : (place + 1) * share]) for place in range(WORKERS)]
    return sum(each.result(timeout=60) for each in asked)


def test_a_limit_holds_however_many_ask_at_once(elsewhere: Run) -> None:
    sequence_id = limited(7)

    found = enter_together(elsewhere, sequence_id, [person.pk for person in crowd(40)])

    assert found == 7
    assert Enrolment.objects.filter(sequence_id=sequence_id).count() == 7
    assert EntryVolume.objects.get().n == 7
    assert FullPeriod.objects.get().n == 40 - 7


def test_without_the_lock_it_would_not(elsewhere: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: what was given out is read before the others have said what they gave."""
    sequence_id = limited(7)
    read = Barrier(WORKERS)

    def starts(wishes: Any, *, now: datetime) -> dict[int, datetime | None]:
        found = list(wishes)
        if not found:
            return {}
        moments, _ = entry.give_out(
            found[0][1].into.flow.entry, None, wanted=len(found), now=now, zone=volumes.ZoneInfo("UTC")
        )
        with contextlib.suppress(BrokenBarrierError):  # SQLite lets one in at a time: they never meet
            read.wait(2)
        return dict(zip((place for place, _ in found), moments, strict=True))

    monkeypatch.setattr(volumes, "starts", starts)

    assert enter_together(elsewhere, sequence_id, [person.pk for person in crowd(40)]) > 7


def test_several_workers_send_a_broadcast_to_each_person_once(elsewhere: Run) -> None:
    people = crowd(60)
    live_sequence(trigger=None, trigger_kind="once", steps=[HELLO])
    SequenceRuntime.objects.update(entering_since=NOW - timedelta(days=1))
    together = Barrier(WORKERS)

    def work() -> None:
        together.wait(10)
        for _ in range(40):
            check_due(now=NOW, limit=7)

    for each in [elsewhere(work) for _ in range(WORKERS)]:
        each.result(timeout=120)

    counted = Counter(Enrolment.objects.values_list("contact_id", flat=True))
    assert counted == dict.fromkeys((person.pk for person in people), 1)


def test_an_event_that_two_bring_at_once_is_counted_once(elsewhere: Run) -> None:
    ada, site_id, together = reachable_contact(), Site.objects.get().pk, Barrier(WORKERS)

    def record(number: int) -> None:
        drafts = [
            EventDraft(
                name="order_placed",
                key=key,
                store="test",
                site_id=site_id,
                contact_id=ada.pk,
                source="signal",
                occurred_at=NOW,
                recorded_at=NOW + timedelta(seconds=number),
            )
            for key in ("same", f"own:{number}")
        ]
        together.wait(10)
        claims.retried(lambda: events.record_events(drafts))

    for each in [elsewhere(record, number) for number in range(WORKERS)]:
        each.result(timeout=60)

    assert EventTally.objects.get().n == WORKERS + 1
