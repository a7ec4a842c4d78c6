"""Alarms: once for each cause, to the people chosen for its kind, and once more when it is well again."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, connections
from wagtail.users.models import UserProfile

from wagtail_drip import tasks
from wagtail_drip.admin.reports import home
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.reports import alarms, attention
from wagtail_drip.reports.attention import Finding
from wagtail_drip.reports.models import Alarm
from wagtail_drip.segments import refresh
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import health
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

STOPPED = Finding(code="hold", cause="7", sentence="Sending is stopped.")
OTHER = Finding(code="hold", cause="8", sentence="Something else is stopped.")


@pytest.fixture
def owner() -> Any:
    user = get_user_model().objects.create_user("owner", "owner@shop.example", "owner")
    alarms.choose({"stopped": [user.pk], "sequences": [user.pk], "workers": [user.pk]})
    return user


def look(*findings: Finding) -> list[tuple[str, list[str]]]:
    """Look once, and return the e-mails that came of it."""
    before = len(mail.outbox)
    alarms.look(now=clock.now(), findings=findings)
    return [(letter.subject, letter.to) for letter in mail.outbox[before:]]


def minutes_pass(minutes: float) -> None:
    """Let alarms be as old as if so many minutes had passed: they go by the database's clock."""
    for alarm in Alarm.objects.all():
        alarm.seen_at -= timedelta(minutes=minutes)
        alarm.save()


def test_a_cause_is_told_once_and_again_when_it_is_well(owner: Any) -> None:
    told = look(STOPPED)
    assert [to for _subject, to in told] == [["owner@shop.example"]]
    assert "Sending is stopped." in mail.outbox[-1].body
    assert look(STOPPED) == []
    assert look(STOPPED, OTHER) == told  # another cause is another alarm
    minutes_pass(6)
    assert look(OTHER) == [
        ("[Text messages] Well again: " + told[0][0].removeprefix("[Text messages] "), told[0][1])
    ]
    assert look(OTHER) == []
    assert [alarm.is_open for alarm in Alarm.objects.order_by("pk")] == [None, 1]


def test_what_flickers_is_one_alarm(owner: Any) -> None:
    assert len(look(STOPPED)) == 1
    for _ in range(3):
        minutes_pass(2)
        assert look() == []
        assert look(STOPPED) == []
    assert Alarm.objects.count() == 1


def test_the_same_cause_later_is_a_new_alarm(owner: Any) -> None:
    look(STOPPED)
    minutes_pass(6)
    look()

    assert len(look(STOPPED)) == 1
    assert Alarm.objects.count() == 2


def test_only_who_was_chosen_for_the_kind_and_may_still_log_in_is_told(owner: Any) -> None:
    others = [
        get_user_model().objects.create_user(name, f"{name}@shop.example", "x", is_active=name != "gone")
        for name in ("clerk", "gone")
    ]
    alarms.choose({"stopped": [each.pk for each in (owner, others[1])], "unread": [others[0].pk]})

    assert [to for _subject, to in look(STOPPED)] == [["owner@shop.example"]]


def test_everybody_is_told_in_their_own_language(owner: Any) -> None:
    profile = UserProfile.get_for_user(owner)
    profile.preferred_language = "zh-hans"
    profile.save()

    ((subject, _to),) = look(STOPPED)

    assert subject == "【短信】发送因故障或被人停止"
    assert len(mail.outbox) == 1


def test_without_anybody_chosen_it_is_noted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert look(STOPPED) == []
    assert Alarm.objects.get().notified_at is not None
    assert "Sending is stopped." in caplog.text


class BrokenOnce(EmailBackend):
    broken = True

    def send_messages(self, messages: Any) -> int:
        if BrokenOnce.broken:
            raise OSError("The mail server is away.")
        return super().send_messages(messages)


def test_a_mail_server_that_is_away_is_tried_again(owner: Any, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenOnce"
    BrokenOnce.broken = True
    assert look(STOPPED) == []
    assert Alarm.objects.get().attempts == 1
    BrokenOnce.broken = False

    assert len(look(STOPPED)) == 1
    assert look(STOPPED) == []


def test_a_sequence_that_paused_itself_is_told_of(owner: Any) -> None:
    tasks.note_alive()
    sequence = live_sequence(name="Welcome", steps=[("send_message", {"text": "Hello"})])
    health.pause_by_itself(sequence.pk, "20 of 35 texts failed.", now=clock.now())

    tasks.watch()

    assert len(mail.outbox) == 1
    assert "20 of 35 texts failed." in mail.outbox[0].body
    assert SequenceRuntime.objects.get().health == "auto_paused"


def test_no_worker_seen_first_dead_and_then_wedged_is_one_alarm(owner: Any) -> None:
    assert len(look(Finding(code="dead_worker", sentence="Dead."))) == 1
    assert look(Finding(code="wedged_cluster", sentence="Wedged.")) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_notice_the_same_write_once(owner: Any) -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("An in-memory database has one connection.")
    barrier = threading.Barrier(4)

    def notice() -> None:
        try:
            barrier.wait(10)
            alarms.look(now=clock.now(), findings=[STOPPED])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=notice) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert Alarm.objects.count() == 1
    assert len(mail.outbox) == 1


def test_a_watch_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def broken(now: datetime) -> None:
        raise RuntimeError("Broken.")

    monkeypatch.setattr(tasks, "WATCHES", {"broken": broken, "well": asked.append})
    Lease.objects.filter(name="watch").delete()

    tasks.watch()

    assert len(asked) == 1


def test_a_segment_that_cannot_be_counted_is_told_and_leads_to_it(owner: Any) -> None:
    alarms.choose({"unread": [owner.pk]})
    segment = Segment.objects.create(name="Regulars", match="all", rules=[("tag", {"tag": "vip"})])
    assert not [each for each in attention.findings(now=clock.now()) if each.code == "segment"]
    unknown = {"kind": "group", "match": "all", "rules": [{"kind": "gone", "id": "x"}]}
    for _ in range(refresh.TRIES):
        Segment.objects.filter(pk=segment.pk).update(compiled=unknown, refresh_due_at=clock.now())
        refresh.refresh_due(now=clock.now())

    (found,) = [each for each in attention.findings(now=clock.now()) if each.code == "segment"]
    told = look(found)

    assert "“Regulars” could not be counted" in str(found.sentence)
    assert [to for _subject, to in told] == [["owner@shop.example"]]
    assert home._address(found) == f"/admin/text-messages/segments/edit/{segment.pk}/"
