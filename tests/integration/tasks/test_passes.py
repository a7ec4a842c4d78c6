"""The pass, the tick, the slots, and the commands that run them."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_q.models import OrmQ, Schedule

from wagtail_drip import api, tasks
from wagtail_drip.core import claims, clock
from wagtail_drip.core.models import Lease
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.gateways.types import OutboundSms
from wagtail_drip.messaging.models import Hold
from wagtail_drip.reports import pulse
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

Outbox = list[OutboundSms]
HELLO = ("send_message", {"text": "Hello"})


def ordered(**options: Any) -> None:
    """Have somebody order something that starts a sequence."""
    contact = reachable_contact()
    assert api.emit(
        "order_placed",
        key=contact.phone,
        contact={"phone": contact.phone},
        properties={"order_id": "1", "currency": "GBP", "total": "1.00", "products": []},
        **options,
    )


def test_a_pass_carries_an_order_all_the_way_to_the_telephone(drip_outbox: Outbox) -> None:
    live_sequence(steps=[HELLO])
    ordered()

    assert tasks.one_pass() > 0

    assert [message.text for message in drip_outbox] == ["Hello"]
    assert tasks.run_until_idle() >= 0
    assert tasks.one_pass() == 0


def test_a_stage_that_fails_stops_no_other(
    drip_outbox: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(now: object, slot: str) -> int:
        raise ZeroDivisionError

    live_sequence(steps=[HELLO])
    ordered()
    monkeypatch.setitem(tasks.STAGES, "callbacks", fail)
    monkeypatch.setitem(tasks.STAGES, "carts", fail)

    tasks.run_until_idle()

    assert [message.text for message in drip_outbox] == ["Hello"]
    assert any(words.startswith("The stage carts failed; the pass goes on.") for words in caplog.messages)


def test_nothing_is_done_while_we_are_switched_off(drip_outbox: Outbox, settings: Any) -> None:
    live_sequence(steps=[HELLO])
    ordered()
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ENABLED": False}

    assert tasks.run_until_idle() == 0

    assert drip_outbox == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases advance side by side")
def test_on_sqlite_nobody_advances_while_another_process_does(
    drip_outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_sequence(steps=[HELLO])
    ordered()
    monkeypatch.setattr(tasks, "PATIENCE_SECONDS", 0.1)
    token = claims.take_lease(tasks.SQLITE_WRITER, seconds=60)
    assert token

    tasks.run_until_idle()
    standing = Enrolment.objects.get().state
    claims.release_lease(tasks.SQLITE_WRITER, token)
    tasks.run_until_idle()

    assert (standing, Enrolment.objects.get().state) == ("active", "completed")
    assert len(drip_outbox) == 1


@pytest.mark.django_db
def test_a_tick_enqueues_the_drains_once_however_many_ticks_come_at_once() -> None:
    OrmQ.objects.all().delete()

    tasks.tick()
    tasks.tick()

    assert [entry.func() for entry in OrmQ.objects.all()] == ["wagtail_drip.tasks.drain"]
    assert [entry.task["args"] for entry in OrmQ.objects.all()] == [(1,)]
    age = pulse.workers().age
    assert age is not None
    assert timedelta(0) <= age < timedelta(seconds=30)


@pytest.mark.django_db
def test_before_the_first_tick_its_age_is_unknown() -> None:
    Lease.objects.all().delete()

    assert pulse.workers().age is None


@pytest.mark.django_db
def test_the_schedule_is_made_once_and_left_as_a_site_changed_it() -> None:
    Schedule.objects.all().delete()

    tasks.make_schedule_after_migrate()
    Schedule.objects.update(minutes=3)
    tasks.make_schedule_after_migrate()

    (schedule,) = Schedule.objects.all()
    assert (schedule.name, schedule.func, schedule.minutes, schedule.cluster, schedule.repeats) == (
        tasks.TICK_SCHEDULE,
        "wagtail_drip.tasks.tick",
        3,
        "drip",
        -1,
    )


@pytest.mark.django_db(transaction=True)
def test_a_drain_ends_when_the_next_one_takes_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "POLL_SECONDS", 0.05)
    slot = tasks.seize(1, seconds=30)
    ended = threading.Event()

    def drain() -> None:
        tasks.loop(slot, seconds=30)
        connection.close()
        ended.set()

    thread = threading.Thread(target=drain)
    thread.start()
    assert not ended.wait(0.5)
    newer = tasks.seize(1, seconds=30)

    thread.join(timeout=10)

    assert ended.is_set()
    assert Lease.objects.get(name="drain:1").token == newer.token


@pytest.mark.django_db
def test_a_drain_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # the test's transaction is in it
    began = time.monotonic()

    tasks.loop(tasks.seize(1, seconds=1), seconds=0.3)

    assert 0.3 <= time.monotonic() - began < 5
    assert Lease.objects.get(name="drain:1").token == ""


@pytest.mark.django_db
def test_workers_in_the_foreground_take_the_lowest_free_number_above_the_drains() -> None:
    slots = [tasks.seize_free_slot() for _ in range(2)]
    tasks.leave(slots[0])

    third = tasks.seize_free_slot()

    assert [slot.name for slot in (*slots, third)] == ["drain:3", "drain:4", "drain:3"]


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def test_drip_run_due_does_what_is_due(drip_outbox: Outbox) -> None:
    live_sequence(steps=[HELLO, ("wait_duration", {"amount": 2, "unit": "days"}), HELLO])
    ordered()

    said("drip_run_due", "--until-idle")
    today = len(drip_outbox)
    later = (clock.now() + timedelta(days=2, minutes=1)).isoformat()
    said("drip_run_due", "--until-idle", f"--now={later}")

    assert (today, len(drip_outbox)) == (1, 2)
    assert said("drip_run_due") == "0 rows done.\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        pytest.param(["--now=yesterday"], "ISO 8601", id="not a moment"),
        pytest.param(["--now=2026-11-22T12:00"], "offset", id="without its offset"),
        pytest.param(["--now=2026-11-22T12:00+00:00", "--loop"], "one of them", id="for ever at one moment"),
    ],
)
def test_drip_run_due_says_what_is_wrong(options: list[str], remedy: str) -> None:
    with pytest.raises(CommandError, match=remedy):
        call_command("drip_run_due", *options)


@pytest.mark.django_db
def test_a_real_clock_cannot_be_told_the_time(settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "CLOCK_SHIFT": False}

    with pytest.raises(CommandError, match="CLOCK_SHIFT"):
        call_command("drip_run_due", "--now=2026-11-22T12:00+00:00")


def test_drip_stop_stops_everything_until_it_is_lifted(drip_outbox: Outbox) -> None:
    live_sequence(steps=[HELLO])
    said("drip_stop", "--by=Ada")
    ordered()

    tasks.run_until_idle()
    stopped = len(drip_outbox)
    lifted = said("drip_stop", "--lift")
    tasks.run_until_idle()

    assert (stopped, len(drip_outbox)) == (0, 1)
    assert Hold.objects.get().reason == "Stopped by Ada"
    assert lifted == "Texts go again.\n"
    assert said("drip_stop", "--lift") == "Nothing was stopped.\n"
