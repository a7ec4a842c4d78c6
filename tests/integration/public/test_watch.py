"""A web process notices by itself that no worker runs, and costs its visitors nothing."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from wagtail_drip import tasks
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.public import watch
from wagtail_drip.reports import alarms
from wagtail_drip.reports.models import Alarm

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bytes]:
    """Return what has a server serve any page of the site, the way gunicorn does; a minute later each time."""
    handler = WSGIHandler()

    def serve() -> bytes:
        monkeypatch.setattr(watch, "_next_look", 0.0)
        environ: dict[str, Any] = {"wsgi.input": io.BytesIO(), "PATH_INFO": "/no-such-page/"}
        setup_testing_defaults(environ)
        response = handler(environ, lambda status, headers: None)
        page = b"".join(response)
        response.close()  # type: ignore[attr-defined]
        return page

    return serve


@pytest.fixture
def owner() -> Any:
    user = get_user_model().objects.create_user("owner", "owner@shop.example", "owner")
    alarms.choose({"workers": [user.pk]})
    return user


def last_tick(ago: timedelta) -> None:
    tasks.note_alive()
    Lease.objects.filter(name=tasks.TICK).update(started_at=clock.lease_now() - ago)


def test_any_page_that_is_served_makes_the_alarm_of_a_dead_worker(
    served: Callable[[], bytes], owner: Any
) -> None:
    last_tick(timedelta(minutes=5))

    served()

    assert [letter.to for letter in mail.outbox] == [["owner@shop.example"]]
    assert "No worker has run for 5 minutes" in mail.outbox[0].body
    served()
    assert len(mail.outbox) == 1


def test_while_workers_live_it_costs_one_question_a_minute(
    served: Callable[[], bytes], owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.note_alive()
    asked: list[str] = []
    monkeypatch.setattr(watch.pulse, "workers", _counted(watch.pulse.workers, asked))

    served()
    watch.after_request(sender=WSGIHandler)
    watch.after_request(sender=WSGIHandler)

    assert asked == ["workers"]
    assert not Alarm.objects.exists()
    assert not mail.outbox
    monkeypatch.setattr(watch, "_next_look", time.monotonic() - 1)
    watch.after_request(sender=WSGIHandler)
    assert asked == ["workers"] * 2


def _counted(ask: Callable[[], Any], asked: list[str]) -> Callable[[], Any]:
    def workers() -> Any:
        asked.append("workers")
        return ask()

    return workers


def test_of_many_web_processes_one_writes(owner: Any) -> None:
    last_tick(timedelta(minutes=5))
    watch.notice()

    with CaptureQueriesContext(connection) as queries:
        watch.notice()

    assert len(mail.outbox) == 1
    assert not [each for each in queries if "alarm" in each["sql"].lower()]


def test_the_alarm_stands_in_the_language_of_the_site(owner: Any) -> None:
    last_tick(timedelta(minutes=5))

    with translation.override("zh-hans"):
        watch.notice()

    assert "No worker has run" in Alarm.objects.get().sentence


def test_the_visitor_gets_their_page_whatever_fails(
    served: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    well = served()

    def fail(*, now: Any) -> None:
        raise RuntimeError("The mail server is away.")

    last_tick(timedelta(minutes=5))
    Lease.objects.filter(name="web watch").delete()
    monkeypatch.setattr(watch.alarms, "look", fail)

    assert served() == well


def test_a_site_s_own_tests_count_their_queries_as_before(
    client: Client, monkeypatch: pytest.MonkeyPatch, owner: Any
) -> None:
    last_tick(timedelta(minutes=5))
    monkeypatch.setattr(watch, "_next_look", 0.0)

    client.get("/no-such-page/")

    assert not Alarm.objects.exists()
