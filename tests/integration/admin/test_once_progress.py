"""From the press of the button on: started once, watched, paused, stopped, held back, and who is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.integration.admin.once_page import figures, page, start, url, written
from tests.integration.enrolments.crowd import crowd
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.enrolments import upgrade
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.reports import alarms, attention
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import publish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open(site_id: int) -> None:
    core.change_site_settings(site_id, zone="UTC", region="GB", sender_address="+447700900000", caps={})
    core.open_site(site_id, account="memory", now=clock.now())


@pytest.fixture
def owner(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def test_pressing_twice_starts_once_and_says_so(owner: Client, admin_user: User) -> None:
    people = {reachable_contact(first_name="Ada").pk for _ in range(3)}
    sequence = written()
    page(owner, sequence)

    first = start(owner, sequence).content.decode()
    second = start(owner, sequence).content.decode()
    while check_due():
        pass

    assert "“Sale” is started." in first
    assert "It was started already, and is not started twice." in second
    run = OnceRun.objects.get()
    assert (run.started_by, run.people) == (admin_user.get_username(), 3)
    assert set(Enrolment.objects.values_list("contact_id", flat=True)) == people
    entry = ModelLogEntry.objects.get(action="wagtail_drip.send_once")
    assert entry.data == {"what": "start", "people": 3, "first": 0}
    assert figures(page(owner, sequence))["entered"] == "3"


def test_pausing_going_on_and_stopping_on_the_page(owner: Client) -> None:
    crowd(3)
    sequence = written()
    page(owner, sequence)
    start(owner, sequence)

    paused = owner.post(url(sequence), {"action": "pause"}, follow=True).content.decode()
    check_due()
    while_paused = Enrolment.objects.count()
    resumed = owner.post(url(sequence), {"action": "resume"}, follow=True).content.decode()
    again = owner.post(url(sequence), {"action": "resume"}, follow=True).content.decode()
    stop = reverse("wagtail_drip_sequences:stop_once", args=[sequence.pk])
    asked = owner.get(stop).content.decode()
    stopped = owner.post(stop, follow=True).content.decode()

    assert "It is paused: nobody enters" in paused
    assert while_paused == 0
    assert "“Sale” runs again." in resumed
    assert "Nothing was done" in again
    assert "Stop “Sale”?" in asked
    assert "“Sale” is stopped." in stopped
    assert "It was stopped." in stopped
    assert OnceRun.objects.get().state == "stopped"


def test_what_was_stopped_can_be_started_again_once_it_is_published(owner: Client) -> None:
    people = crowd(4)
    sequence = written()
    page(owner, sequence)
    start(owner, sequence)
    check_due(limit=2)
    owner.post(reverse("wagtail_drip_sequences:stop_once", args=[sequence.pk]))
    while upgrade.park_due():
        pass
    publish(sequence, is_started=False)
    owner.post(url(sequence), {"action": "count"})

    html = page(owner, sequence)
    codes = [each.code for each in attention.findings(now=clock.now())]
    start(owner, sequence)
    begun = figures(page(owner, sequence))
    while check_due():
        pass

    assert "Start it again" in html
    assert "once_waits" in codes
    assert (begun["entered"], begun["remaining"]) == ("0", "2")
    assert "They have had it already." in html
    assert figures(html)["texted"] == "2"
    assert sorted(Enrolment.objects.values_list("contact_id", flat=True)) == [one.pk for one in people]


def test_what_is_held_back_is_an_alarm_and_is_let_go_on_the_page(owner: Client) -> None:
    crowd(3)
    sequence = written()
    page(owner, sequence)
    start(owner, sequence)
    OnceRun.objects.update(
        state="held", first=50, held_for="failed", held_n=9, held_of=50, started_at=clock.now()
    )

    html = page(owner, sequence)
    found = [each for each in attention.findings(now=clock.now()) if each.code == "once_held"]
    run = OnceRun.objects.get()
    owner.post(url(sequence), {"action": "go_on", "run": str(run.pk)})
    second = owner.post(url(sequence), {"action": "go_on", "run": str(run.pk)}, follow=True)

    assert "9 of the first 50 texts failed or were not delivered." in html
    assert "Send the rest all the same" in html
    assert [each.subject for each in found] == [f"once:{sequence.pk}"]
    assert alarms.KINDS["once_held"] == "sequences"
    assert OnceRun.objects.get().state == "rest"
    assert "Nothing was done" in second.content.decode()


def test_the_home_page_says_what_waits_to_be_started(owner: Client, django_assert_num_queries: Any) -> None:
    sequence = written()
    codes = [each.code for each in attention.findings(now=clock.now())]
    html = owner.get(reverse("wagtailadmin_home")).content.decode()
    page(owner, sequence)
    reachable_contact(first_name="Ada")
    owner.post(url(sequence), {"action": "count"})
    start(owner, sequence)

    assert "once_waits" in codes
    assert "“Sale” is published and waits for somebody to start it." in html
    assert url(sequence) in html
    assert "once_waits" not in [each.code for each in attention.findings(now=clock.now())]


def test_nothing_needs_a_start_where_nothing_goes_out_once() -> None:
    sequence = written()
    sequences.pause(sequence.pk, now=clock.now())

    assert "once_waits" not in [each.code for each in attention.findings(now=clock.now())]


def test_the_page_asks_as_little_while_it_goes_out(owner: Client) -> None:
    sequence = written()
    counts = []
    crowd(20)
    page(owner, sequence)
    start(owner, sequence)
    for limit in (2, 15):
        check_due(limit=limit)
        owner.get(url(sequence) + "?part=1")
        with CaptureQueriesContext(connection) as captured:
            owner.get(url(sequence) + "?part=1")
        counts.append(len(captured))
    assert counts[0] == counts[1] < 20
