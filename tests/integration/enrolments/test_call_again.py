"""A call to the outside that was given up, and that a person has tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import override_settings

from tests.integration.enrolments.far_side import FarSide, far_side
from tests.integration.enrolments.outside_calls import ASK, enrolled, go, reply, settings_with
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences

pytestmark = pytest.mark.django_db

LATER = ("wait_duration", {"amount": 2, "unit": "days"})
TELL = ("send_message", {"text": "You have {{ webhook.points.total }} points."})
TELL_STAFF = ("notify_staff", {"subject": "Call", "text": "Them", "addresses": "owner@shop.example"})


@pytest.fixture
def crm() -> Iterator[FarSide]:
    with far_side() as side, override_settings(WAGTAIL_DRIP=settings_with(side)):
        yield side


def given_up(crm: FarSide, *answers: Any, steps: tuple[Any, ...] = (ASK, LATER, TELL)) -> Enrolment:
    crm.answers(reply(404), *answers)
    row = enrolled(*steps)
    go()
    assert OutsideCall.objects.get().state == "failed"
    return row


def keys(crm: FarSide) -> set[str]:
    return {headers["Idempotency-Key"] for headers, _body in crm.asked}


def test_the_system_is_asked_once_more_under_the_same_key_and_nobody_goes_another_way(crm: FarSide) -> None:
    row = given_up(crm, reply(body={"total": 5}))
    row.refresh_from_db()
    before = (row.step_id, row.visit, row.due_at)

    assert actions.call_again(OutsideCall.objects.get().pk, now=clock.now())
    go()

    call = OutsideCall.objects.get()
    row.refresh_from_db()
    assert (call.state, call.error, call.response["total"]) == ("answered", "", 5)
    assert (len(crm.asked), len(keys(crm))) == (2, 1)
    assert (row.step_id, row.visit, row.due_at) == before
    assert Message.objects.count() == 0


def test_an_answer_that_comes_late_stands_in_the_texts_to_come(crm: FarSide) -> None:
    given_up(crm, reply(body={"total": 5}))
    actions.call_again(OutsideCall.objects.get().pk, now=clock.now())
    go()

    go(clock.now() + timedelta(days=3))

    assert Message.objects.get().variables["webhook"]["points"]["total"] == 5


def test_a_run_that_still_stands_there_goes_on_with_the_answer(crm: FarSide) -> None:
    crm.answers(reply(404), reply(body={"total": 5}))
    row = enrolled(ASK, TELL)
    now = clock.now()
    from wagtail_drip.enrolments.outside import call_due
    from wagtail_drip.enrolments.run_due import run_due

    run_due(now=now)
    while call_due(now=now):
        pass
    assert OutsideCall.objects.get().state == "failed"

    assert actions.call_again(OutsideCall.objects.get().pk, now=now)
    go()

    row.refresh_from_db()
    assert row.state == "completed"
    assert Message.objects.get().variables["webhook"]["points"]["total"] == 5


def test_it_is_told_of_a_run_that_is_over(crm: FarSide) -> None:
    row = given_up(crm, reply())
    actions.exit(enrolment_ids=[row.pk], now=clock.now())

    actions.call_again(OutsideCall.objects.get().pk, now=clock.now())
    go()

    row.refresh_from_db()
    assert (len(crm.asked), OutsideCall.objects.get().state, row.state) == (2, "answered", "exited")


def test_it_gets_as_many_tries_as_at_first_and_is_given_up_again(crm: FarSide) -> None:
    given_up(crm, reply(500))
    start = clock.now()
    actions.call_again(OutsideCall.objects.get().pk, now=start)

    for minutes in (0, 1, 4, 13, 46, 120):
        go(start + timedelta(minutes=minutes))

    call = OutsideCall.objects.get()
    assert (len(crm.asked), call.state, call.attempts) == (6, "failed", 5)


@pytest.mark.parametrize("state", ["answered", "waiting", "claimed", "cancelled"])
def test_only_what_was_given_up_is_tried_again(crm: FarSide, state: str) -> None:
    given_up(crm, reply())
    OutsideCall.objects.update(state=state, due_at=None)

    assert not actions.call_again(OutsideCall.objects.get().pk, now=clock.now())

    go()
    assert len(crm.asked) == 1


def test_who_presses_twice_asks_once(crm: FarSide) -> None:
    given_up(crm, reply())
    pk = OutsideCall.objects.get().pk

    assert [actions.call_again(pk, now=clock.now()) for _ in range(2)] == [True, False]

    go()
    assert len(crm.asked) == 2


def test_nobody_hears_of_somebody_who_was_erased(crm: FarSide) -> None:
    row = given_up(crm, reply())
    pk = OutsideCall.objects.get().pk
    assert actions.call_again(pk, now=clock.now())
    type(row.contact).objects.update(erased_at=clock.now())
    go()
    assert (len(crm.asked), OutsideCall.objects.get().state) == (1, "cancelled")

    OutsideCall.objects.update(state="failed")

    assert not actions.call_again(pk, now=clock.now())


def test_a_paused_sequence_waits_until_it_goes_on(crm: FarSide) -> None:
    row = given_up(crm, reply())
    sequences.pause(row.sequence_id, now=clock.now())
    actions.call_again(OutsideCall.objects.get().pk, now=clock.now())
    go()
    assert len(crm.asked) == 1

    sequences.resume(row.sequence_id, now=clock.now())
    go()

    assert len(crm.asked) == 2


def test_a_letter_has_the_same_name_at_every_attempt() -> None:
    enrolled(TELL_STAFF)
    go()
    first = mail.outbox[0].message()["Message-ID"]
    OutsideCall.objects.update(state="failed")

    actions.call_again(OutsideCall.objects.get().pk, now=clock.now())
    go()

    assert [letter.message()["Message-ID"] for letter in mail.outbox] == [first, first]
