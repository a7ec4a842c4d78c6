"""The page for monitoring: who may ask, what it says, and by which status a machine tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule

from wagtail_drip import tasks
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.events.models import Notice
from wagtail_drip.reports import alarms

pytestmark = pytest.mark.django_db


@pytest.fixture
def monitor(settings: Any) -> Client:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "HEALTH_TOKEN": "a-long-secret"}
    return Client(headers={"authorization": "Bearer a-long-secret"})


def asked(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get(reverse("wagtail_drip:health"))
    return response.status_code, response.json()


def last_tick(ago: timedelta) -> None:
    tasks.note_alive()
    Lease.objects.filter(name=tasks.TICK).update(started_at=clock.lease_now() - ago)


def schedule(next_run: timedelta) -> None:
    Schedule.objects.all().delete()
    Schedule.objects.create(
        name=tasks.TICK_SCHEDULE,
        func="wagtail_drip.tasks.tick",
        task="0" * 32,
        next_run=timezone.now() + next_run,
    )


def test_all_is_well(monitor: Client) -> None:
    tasks.note_alive()

    status, said = asked(monitor)

    assert (status, said["ok"], said["pulse"], said["watchdog"]) == (200, True, "alive", {})
    assert said["tick_age_seconds"] < 60
    assert set(said["oldest_due_seconds"].values()) == {None}


def test_a_worker_that_is_dead(monitor: Client) -> None:
    last_tick(timedelta(minutes=4))
    schedule(next_run=timedelta(minutes=-3))
    owner = get_user_model().objects.create_user("owner", "owner@shop.example", "owner")
    alarms.choose({"workers": [owner.pk]})

    status, said = asked(monitor)
    asked(monitor)

    assert (status, said["pulse"]) == (503, "dead_worker")
    assert len(mail.outbox) == 1  # no worker can tell of itself: whoever asks from outside makes it told


def test_a_cluster_that_enqueues_and_runs_nothing_is_named(monitor: Client) -> None:
    last_tick(timedelta(minutes=4))
    schedule(next_run=timedelta(seconds=30))

    status, said = asked(monitor)

    assert (status, said["pulse"]) == (503, "wedged_cluster")
    assert "Stop the whole cluster and start it again" in said["advice"]


def test_what_waits_too_long(monitor: Client) -> None:
    tasks.note_alive()
    then = clock.now() - timedelta(minutes=15)
    Notice.objects.create(store="s", kind="order", key="1", recorded_at=then, due_at=then)

    status, said = asked(monitor)

    assert (status, said["watchdog"]) == (503, {"late notices": 1})
    assert 890 < said["oldest_due_seconds"]["notices"] < 930


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer ", "Basic a-long-secret"])
def test_without_the_token_nothing_is_said(monitor: Client, header: str) -> None:
    status, said = asked(Client(headers={"authorization": header} if header else {}))

    assert status == 403
    assert set(said) == {"error"}


def test_without_a_token_in_the_settings_none_is_right(client: Client) -> None:
    assert asked(Client(headers={"authorization": "Bearer "}))[0] == 403


def test_staff_who_may_see_the_log_may_ask(admin_client: Client) -> None:
    tasks.note_alive()

    assert asked(admin_client)[0] == 200


def test_it_is_only_for_reading(monitor: Client) -> None:
    assert monitor.post(reverse("wagtail_drip:health")).status_code == 405
