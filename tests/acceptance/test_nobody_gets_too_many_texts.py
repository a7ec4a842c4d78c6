"""Caps in the whole: what is too much waits for its moment, a booked appointment is not missed, and 双11."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.town import Town
from wagtail_drip.compliance import cap_actions
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.caps import default_caps
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db(transaction=True)

ALWAYS = {str(day): [["00:00", "24:00"]] for day in range(7)}


def wait(days: int) -> tuple[str, dict[str, object]]:
    return ("wait_duration", {"amount": days, "unit": "days"})


def say(text: str) -> tuple[str, dict[str, object]]:
    # What may wait for a week must not be stale by then.
    return ("send_message", {"text": text, "expires_hours": 10 * 24})


@pytest.fixture
def capped_town(town: Town) -> Town:
    core.change_site_settings(town.site.pk, caps=default_caps(), windows=ALWAYS)
    return town


@pytest.fixture
def tips(capped_town: Town) -> Sequence:
    """Three tips on three days running: one more than a week allows."""
    return live_sequence(
        trigger="order_placed",
        purpose="information",
        steps=[say("Tip one"), wait(1), say("Tip two"), wait(1), say("Tip three")],
    )


def buy(town: Town) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()


def test_the_third_text_of_a_week_waits_and_goes_at_the_very_moment_that_there_is_room(
    capped_town: Town, tips: Sequence
) -> None:
    phone = capped_town.phone(shop.PHONE)
    buy(capped_town)
    first = Message.objects.get()
    assert first.handed_over_at is not None
    room = first.handed_over_at + timedelta(days=7)

    capped_town.let_pass(days=3)

    third = Message.objects.latest("pk")
    assert phone.texts() == ["Tip one", "Tip two"]
    assert (third.state, third.defer_reason, third.due_at) == ("scheduled", "frequency_cap", room)
    capped_town.wait_until(room - timedelta(seconds=1))
    assert phone.texts() == ["Tip one", "Tip two"]
    capped_town.wait_until(room)
    assert phone.texts() == ["Tip one", "Tip two", "Tip three"]
    third.refresh_from_db()
    assert third.handed_over_at is not None
    assert room <= third.handed_over_at < room + timedelta(seconds=1)


def test_somebody_who_has_had_enough_still_gets_the_reminder_of_what_they_booked(
    capped_town: Town, tips: Sequence
) -> None:
    live_sequence(
        name="Appointment",
        trigger="order_placed",
        purpose="transactional",
        steps=[wait(3), say("Your appointment is today at four")],
    )
    phone = capped_town.phone(shop.PHONE)
    buy(capped_town)

    capped_town.let_pass(days=2, hours=23)
    assert phone.texts() == ["Tip one", "Tip two"]
    assert Message.objects.filter(state="scheduled", defer_reason="frequency_cap").exists()
    capped_town.let_pass(hours=1, minutes=1)

    assert phone.texts() == ["Tip one", "Tip two", "Your appointment is today at four"]


def test_during_double_eleven_its_own_sequence_may_say_more_and_all_of_it_counts_afterwards(
    capped_town: Town, tips: Sequence
) -> None:
    phone = capped_town.phone(shop.PHONE)
    today = clock.now().date()
    cap_actions.save_special_event(
        site_id=capped_town.site.pk,
        name="双11",
        begins_on=today,
        ends_on=today + timedelta(days=3),
        raised_week=3,
        ceiling=3,
        sequences=[tips.pk],
    )
    buy(capped_town)
    capped_town.let_pass(days=3)
    assert phone.texts() == ["Tip one", "Tip two", "Tip three"]

    # After it: two a week again, and three were sent. The two oldest must be a week old.
    other = live_sequence(
        name="Afterwards", trigger="order_placed", purpose="information", steps=[say("More")]
    )
    buy(capped_town)
    late = Message.objects.filter(sequence_id=other.pk).get()
    second = Message.objects.filter(sequence_id=tips.pk).order_by("pk")[1]
    assert second.handed_over_at is not None
    assert (late.state, late.defer_reason) == ("scheduled", "frequency_cap")
    assert late.due_at == second.handed_over_at + timedelta(days=7)
