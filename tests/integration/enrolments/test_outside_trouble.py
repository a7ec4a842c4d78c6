"""Webhooks that fail: what is tried again under the same key, what is given up, and that nobody else is held up."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import override_settings

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from tests.integration.enrolments.far_side import FarSide
from tests.integration.enrolments.outside_calls import ASK, crm, enrolled, go, reply, settings_with, traced
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.enrolments.outside import call_due
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.test.sequences import live_sequence

__all__ = ["crm"]

pytestmark = pytest.mark.django_db


def test_a_trouble_over_there_is_tried_again_later_under_the_same_key(crm: FarSide) -> None:
    crm.answers(reply(500), reply(503, Retry_After="600"), reply(body={"total": 5}))
    row = enrolled()
    start = clock.now()

    go(start)
    first = OutsideCall.objects.get()
    go(start + timedelta(seconds=29))
    assert len(crm.asked) == 1
    go(start + timedelta(seconds=31))
    second = OutsideCall.objects.get()
    go(start + timedelta(seconds=700))

    row.refresh_from_db()
    assert (first.error, second.error) == ("HTTP 500.", "HTTP 503.")
    assert second.due_at == start + timedelta(seconds=631)  # as long as it asked us to wait
    assert row.state == "completed"
    assert len({headers["Idempotency-Key"] for headers, _ in crm.asked}) == 1
    assert len(crm.asked) == 3


def test_the_fifth_trouble_is_the_last_and_the_person_goes_on(crm: FarSide) -> None:
    crm.answers(reply(500))
    row = enrolled()
    start = clock.now()
    for minutes in (0, 1, 4, 13, 46, 55):
        go(start + timedelta(minutes=minutes))

    row.refresh_from_db()
    call = OutsideCall.objects.get()
    assert (len(crm.asked), call.state, call.due_at) == (5, "failed", None)
    assert row.state == "completed"
    assert traced("call_webhook") == ["asked", "failed"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (reply(302, Location="http://127.0.0.1/"), "HTTP 302: it redirects."),
        (reply(404), "HTTP 404: it refuses"),
        (reply(body=b"x" * 20_000), "The answer is longer than 16 KiB."),
        (reply(body=[1, 2]), "The answer is not a JSON object."),
        (reply(body=b"<html>"), "The answer is not JSON"),
        (reply(body=b'{"a": NaN}'), "The answer is not JSON"),
        (reply(body=b'{"a": 1e999}'), "The answer is not JSON"),
        (reply(body=b'{"a":' * 30 + b"1" + b"}" * 30), "The answer is not JSON"),
        (reply(body=b"{}", Content_Encoding="gzip"), "The answer is compressed"),
    ],
)
def test_what_will_not_get_better_is_not_tried_again(crm: FarSide, given: Any, error: str) -> None:
    crm.answers(given)
    row = enrolled()

    go()

    row.refresh_from_db()
    call = OutsideCall.objects.get()
    assert (len(crm.asked), call.state, row.state) == (1, "failed", "completed")
    assert call.error.startswith(error)


@pytest.mark.parametrize("how", ["thinks", "drips"])
def test_an_answer_that_never_ends_is_cut_off_and_holds_nobody_up(crm: FarSide, how: str) -> None:
    crm.seconds, crm.drips = (5, 0) if how == "thinks" else (0, 0.2)
    crm.answers(reply(body={"a": "b" * 100}))
    enrolled()
    run_due(now=clock.now())

    began = time.monotonic()
    call_due(now=clock.now())
    one_pass = time.monotonic() - began
    go()

    assert one_pass < 0.9
    assert time.monotonic() - began < 4
    call = OutsideCall.objects.get()
    assert (call.state, call.error) == ("waiting", "No answer: it took too long.")


def test_one_call_that_cannot_be_prepared_stops_no_other(crm: FarSide) -> None:
    sequence = live_sequence(steps=[ASK])
    stand_at_the_start(sequence, crowd(3))
    run_due(now=clock.now())
    bad = OutsideCall.objects.order_by("pk")[1]
    OutsideCall.objects.filter(pk=bad.pk).update(payload={"target": "crm", "fields": "not a dict"})

    go()

    states = list(OutsideCall.objects.order_by("pk").values_list("state", "error"))
    assert states == [("answered", ""), ("waiting", "AttributeError"), ("answered", "")]


def test_a_call_whose_worker_died_is_made_again_under_the_same_key(crm: FarSide) -> None:
    crm.answers(reply(body={"total": 200}))
    row = enrolled()
    run_due(now=clock.now())
    OutsideCall.objects.update(
        state="claimed",
        token="dead",
        due_at=None,
        attempts=1,
        lease_until=clock.lease_now() - timedelta(seconds=1),
    )

    go()

    row.refresh_from_db()
    assert (row.state, len(crm.asked), OutsideCall.objects.get().attempts) == ("completed", 1, 2)


def test_a_call_that_killed_five_workers_is_given_up(crm: FarSide) -> None:
    row = enrolled()
    run_due(now=clock.now())
    OutsideCall.objects.update(
        state="claimed",
        token="dead",
        due_at=None,
        attempts=5,
        lease_until=clock.lease_now() - timedelta(seconds=1),
    )

    go()

    row.refresh_from_db()
    assert (row.state, crm.asked, OutsideCall.objects.get().state) == ("completed", [], "failed")


def test_an_answer_that_comes_after_another_worker_took_over_changes_nothing(crm: FarSide) -> None:
    crm.seconds = 0.6
    enrolled()
    run_due(now=clock.now())
    call_due(now=clock.now())
    OutsideCall.objects.update(token="somebody else")

    time.sleep(0.6)
    call_due(now=clock.now())

    call = OutsideCall.objects.get()
    assert (call.state, call.token) == ("claimed", "somebody else")


def test_a_target_that_is_gone_from_the_settings_says_so(crm: FarSide) -> None:
    enrolled()
    with override_settings(WAGTAIL_DRIP={**settings_with(crm), "WEBHOOKS": {}}):
        go()

    assert OutsideCall.objects.get().error == "WAGTAIL_DRIP['WEBHOOKS'] has no 'crm'."


def test_a_mail_server_that_fails_is_tried_again() -> None:
    tell = {"subject": "Call", "text": "Them", "addresses": "owner@shop.example"}
    enrolled(("notify_staff", tell))

    with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_PORT=1):
        go()
    call = OutsideCall.objects.get()
    assert (call.state, call.error, call.attempts) == ("waiting", "ConnectionRefusedError", 1)

    go(clock.now() + timedelta(minutes=1))
    assert len(mail.outbox) == 1
