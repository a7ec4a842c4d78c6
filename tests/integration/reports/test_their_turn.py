"""When the calendar lets somebody in: the page names the minute at which the workers then do, and why if never."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from wagtail.models import Site

from tests.integration.reports.test_why import WELCOME, asked, happens
from wagtail_drip.admin.why import turn_words
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.enrolments import occasions
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.why_not import EntryRule
from wagtail_drip.segments import refresh
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("drip_outbox")]

LEAP = occasions.LATEST * 3 / 4
BIRTHDAY: dict[str, Any] = {"trigger_kind": "date", "trigger_attribute": "birthday", "reentry": "always"}
MONDAYS: dict[str, Any] = {"trigger_kind": "schedule", "trigger_weekdays": [0], "reentry": "always"}
SILENCE: dict[str, Any] = {
    "trigger_kind": "inactive",
    "trigger_event": "custom:visit",
    "trigger_days": 3,
    "reentry": "always",
}


def by_the_clock(**options: Any) -> Sequence:
    sequence = live_sequence(name="Wishes", trigger=None, steps=options.pop("steps", [WELCOME[1]]), **options)
    time_travel.run()
    return sequence


def shortly_before(moment: datetime) -> None:
    """
    Be there an hour before, in leaps that a pass makes good: it looks at a day and a half at once, not at quarters.

    Whoever would have been let in on the way is let in by these looks.
    """
    while (distance := moment - timedelta(hours=1) - clock.now()) > timedelta():
        clock.shift_by(min(math.ceil(distance.total_seconds()) * timedelta(seconds=1), LEAP))
        time_travel.run()


def in_days(days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


def keeps_out(person: Contact, sequence: Sequence) -> list[str]:
    return [check.name for check in asked(person, sequence).standing if not check.holds]


@pytest.mark.parametrize("options", [BIRTHDAY, MONDAYS, SILENCE], ids=["a date", "a schedule", "a silence"])
def test_the_minute_that_is_promised_is_the_minute_they_enter(options: dict[str, Any]) -> None:
    ada = reachable_contact(attributes={"birthday": in_days(2)})
    sequence = by_the_clock(**options)
    happens(ada)

    turn = asked(ada, sequence).turn

    assert turn is not None
    assert turn.next is not None
    shortly_before(turn.next.at)
    time_travel.advance_to(turn.next.at - timedelta(minutes=1))
    assert not Enrolment.objects.exists()
    time_travel.advance_to(turn.next.at)
    assert Enrolment.objects.get().dedupe_key == turn.next.occasion


def test_once_they_were_in_the_turn_after_it_is_promised() -> None:
    ada = reachable_contact(attributes={"birthday": in_days(2)})
    sequence = by_the_clock(**BIRTHDAY)
    first = asked(ada, sequence).turn
    assert first is not None
    assert first.next is not None
    shortly_before(first.next.at)
    time_travel.advance_to(first.next.at)
    time_travel.run()

    turn = asked(ada, sequence).turn

    assert turn is not None
    assert turn.next is not None
    assert turn.next.at - first.next.at >= timedelta(days=364)
    assert turn.missed is None


@pytest.mark.parametrize(
    ("options", "attributes", "expected"),
    [
        pytest.param(BIRTHDAY, {}, [EntryRule.NO_DATE], id="no birthday"),
        pytest.param(BIRTHDAY, {"birthday": "soon"}, [EntryRule.NO_DATE], id="a birthday that is no date"),
        pytest.param(
            {**BIRTHDAY, "trigger_yearly": False},
            {"birthday": "--05-01"},
            [EntryRule.NO_DATE],
            id="an expiry that has no year",
        ),
        pytest.param(SILENCE, {}, [EntryRule.NEVER_HAPPENED], id="nothing that could stop happening"),
        pytest.param(
            {**MONDAYS, "trigger_audience": "tag", "trigger_tag": "vip"}, {}, [EntryRule.NO_TAG], id="no tag"
        ),
    ],
)
def test_who_has_no_turn_is_told_what_is_missing(
    options: dict[str, Any], attributes: dict[str, str], expected: list[str]
) -> None:
    ada = reachable_contact(attributes=attributes)
    sequence = by_the_clock(**options)

    assert keeps_out(ada, sequence) == expected
    assert asked(ada, sequence).turn is None


def test_who_has_not_agreed_is_not_among_those_it_goes_to() -> None:
    owen = reachable_contact(agreed_to=())
    sequence = by_the_clock(**MONDAYS, trigger_audience="tag", trigger_tag="vip")
    change_tags(add=[(owen.pk, "vip")], now=clock.now())

    assert keeps_out(owen, sequence) == [EntryRule.NOT_IN_AUDIENCE]
    assert asked(owen, sequence).turn is None


def test_who_is_left_out_is_told_by_what() -> None:
    ada, bob = reachable_contact(), reachable_contact()
    change_tags(add=[(ada.pk, "staff"), (bob.pk, "vip")], now=clock.now())
    vips = Segment.objects.create(name="VIPs", rules=[("tag", {"tag": "vip", "negate": ""})])
    refresh.refresh_due()
    sequence = by_the_clock(**MONDAYS, trigger_without_tags="staff", trigger_without_segments=[vips.pk])

    assert keeps_out(ada, sequence) == [EntryRule.LEFT_OUT_BY_TAG]
    assert keeps_out(bob, sequence) == [EntryRule.LEFT_OUT_BY_SEGMENT]
    assert keeps_out(reachable_contact(), sequence) == []


def test_a_pause_promises_nothing() -> None:
    ada = reachable_contact(attributes={"birthday": in_days(2)})
    sequence = by_the_clock(**BIRTHDAY)
    sequences.pause(sequence.pk, now=clock.now(), by="Owen")

    assert asked(ada, sequence).turn is None


def test_a_trigger_that_was_set_aside_promises_nothing() -> None:
    ada = reachable_contact(attributes={"birthday": in_days(2)})
    sequence = by_the_clock(**BIRTHDAY)
    TriggerCheck.objects.update(error="Traceback", due_at=None)

    assert keeps_out(ada, sequence) == [EntryRule.TRIGGER_SET_ASIDE]
    assert asked(ada, sequence).turn is None


def test_what_went_out_once_is_over_for_who_came_later() -> None:
    reachable_contact()
    sequence = by_the_clock(trigger_kind="once")
    late = reachable_contact(first_name="Lena")

    turn = asked(late, sequence).turn

    assert turn is not None
    assert turn.next is None
    assert turn.missed is not None


def test_a_date_that_was_over_before_anybody_could_enter() -> None:
    ada = reachable_contact(attributes={"expiry": in_days(-9)})
    sequence = by_the_clock(trigger_kind="date", trigger_attribute="expiry", trigger_yearly=False)

    answer = asked(ada, sequence)

    assert answer.turn is not None
    assert answer.turn.next is None
    told = turn_words.turn_of(answer)
    assert told is not None
    assert "before people could enter" in told.text


def test_a_sequence_that_is_for_another_site_does_not_count_this_silence() -> None:
    here = Site.objects.get(is_default_site=True)
    other_site = Site.objects.create(hostname="other.example", root_page=here.root_page)
    ada = reachable_contact()
    sequence = by_the_clock(**SILENCE, site=other_site)
    happens(ada)

    assert keeps_out(ada, sequence) == [EntryRule.SITE]


def test_a_silence_is_counted_over_all_numbers_of_a_person() -> None:
    ada, old = reachable_contact(), reachable_contact()
    sequence = by_the_clock(**SILENCE)
    happens(old)
    Contact.objects.filter(pk=old.pk).update(merged_into=ada, active_phone=None)

    turn = asked(ada, sequence).turn

    assert turn is not None
    assert turn.next is not None
    time_travel.advance_to(turn.next.at)
    assert Enrolment.objects.get().contact_id == ada.pk


def test_the_page_says_the_moment_in_both_languages(admin_client: Client) -> None:
    ada = reachable_contact(first_name="Ada", attributes={"birthday": in_days(2)}, zone="Asia/Tokyo")
    sequence = by_the_clock(**BIRTHDAY, trigger_time="09:00")
    turn = asked(ada, sequence).turn
    assert turn is not None
    assert turn.next is not None
    address = reverse("wagtail_drip_contacts:why", args=[ada.pk, sequence.pk])

    page = admin_client.get(address).content.decode()

    ours = timezone.localtime(turn.next.at)
    assert (
        page.count(f"Their turn comes on {ours:%a %d/%m/%Y, %H:%M} (09:00 for them), by their “birthday”")
        == 2
    )
    with translation.override("zh-hans"):
        told = turn_words.turn_of(asked(ada, sequence))
    assert told is not None
    day = f"星期{'一二三四五六日'[ours.weekday()]} {ours.year}年{ours.month}月{ours.day}日"
    assert told.text.startswith(f"轮到此人的时间是 {day}, {ours:%H:%M}（对方当地 09:00）")


@pytest.mark.parametrize("options", [BIRTHDAY, MONDAYS, SILENCE], ids=["a date", "a schedule", "a silence"])
def test_asking_costs_the_same_however_many_others_there_are(options: dict[str, Any]) -> None:
    ada = reachable_contact(attributes={"birthday": in_days(2)})
    sequence = by_the_clock(**options)
    happens(ada)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            asked(ada, sequence)
        return len(queries)

    few = cost()
    for _ in range(5):
        happens(reachable_contact(attributes={"birthday": in_days(2)}))
    assert cost() == few
