"""The tests' own clock: it stops at every moment when something is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from wagtail.models import Site

from tests.integration.enrolments.crowd import stand_at_the_start
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.gateways.types import OutboundSms
from wagtail_drip.test.outbox import texts
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence
from wagtail_drip.test.time_travel import advance, next_due, run

HELLO = ("send_message", {"text": "Hello"})


def wait(amount: int, unit: str) -> tuple[str, dict[str, object]]:
    return ("wait_duration", {"amount": amount, "unit": unit})


def test_every_step_happens_at_its_own_moment_however_far_one_jumps(drip_outbox: list[OutboundSms]) -> None:
    core.change_site_settings(Site.objects.get(is_default_site=True).pk, caps={})
    steps = [wait(1, "hours"), HELLO, wait(2, "hours"), HELLO, wait(1, "days"), HELLO]
    stand_at_the_start(live_sequence(steps=steps, purpose="information"), [reachable_contact()])
    began = clock.now()

    advance(days=7)

    visits = StepVisit.objects.filter(kind="send_message").order_by("visit")
    after = [round((visit.entered_at - began).total_seconds() / 60) for visit in visits]
    assert after == [60, 180, 180 + 24 * 60]
    assert texts() == ["Hello"] * 3
    assert timedelta(days=7) <= clock.now() - began < timedelta(days=7, minutes=1)


def test_nothing_due_later_happens_sooner(drip_outbox: list[OutboundSms]) -> None:
    stand_at_the_start(live_sequence(steps=[wait(2, "hours"), HELLO]), [reachable_contact()])
    run()
    upcoming = next_due(after=clock.now())

    advance(minutes=119)

    assert Enrolment.objects.get().due_at == upcoming
    assert texts() == []


@pytest.mark.django_db
def test_a_sequence_that_cannot_run_says_why() -> None:
    with pytest.raises(ValueError, match="Write the message"):
        live_sequence(steps=[("send_message", {"text": ""})])


@pytest.mark.django_db
def test_every_reachable_contact_has_a_number_of_their_own() -> None:
    people = [reachable_contact() for _ in range(5)]

    assert len({person.active_phone for person in people}) == 5
