"""Who gets another marketing text on the day of what goes out once, by the sequence that it is of."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.test_date_triggers import happen
from tests.integration.enrolments.test_once_count import HELLO, NOW, Customer, counted, written
from tests.integration.messaging.conftest import _empty_gateway, customer, open_site
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.enrolments import once, once_clashes
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_rules import FirstPart
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.sequences import live_sequence

__all__ = ["_empty_gateway", "customer", "open_site"]
pytestmark = pytest.mark.django_db

SILENT = {"trigger_kind": "inactive", "trigger_event": "order_placed", "trigger_days": 30}


@pytest.fixture
def now() -> Any:
    return NOW


def of_a_clock(**options: Any) -> Sequence:
    return live_sequence(**{"trigger": None, "reentry": "always", "steps": [HELLO], **options})


def born(contact: Contact, birthday: str) -> None:
    contacts.update_contacts({contact.pk: {"attributes": {"birthday": birthday}}}, now=NOW)


def test_who_gets_another_text_that_day_is_counted_by_its_sequence(
    customer: Customer, open_site: int
) -> None:
    had, waits, comes, weekly, alone = (customer(f"+44740012345{number}") for number in range(5))
    change_tags(add=[(weekly.pk, "weekly")], now=NOW)
    earlier = live_sequence(
        name="Earlier", trigger=None, trigger_kind="manual", steps=[HELLO], purpose="promotional"
    )
    later = live_sequence(
        name="Later",
        trigger=None,
        trigger_kind="manual",
        steps=[("wait_duration", {"amount": 4, "unit": "hours"}), HELLO],
    )
    every_week = of_a_clock(
        name="Weekly",
        trigger_kind="schedule",
        trigger_weekdays=[1],
        trigger_audience="tag",
        trigger_tag="weekly",
    )
    message = {
        "site_id": open_site,
        "gateway": "memory",
        "purpose": "promotional",
        "sequence_id": earlier.pk,
        "created_at": NOW - timedelta(hours=2),
    }
    Message.objects.create(
        key="a", reference="a", contact=had, state="sent", handed_over_at=NOW - timedelta(hours=2), **message
    )
    Message.objects.create(
        key="b", reference="b", contact=waits, state="scheduled", due_at=NOW + timedelta(hours=2), **message
    )
    Message.objects.create(
        key="c",
        reference="c",
        contact=alone,
        state="sent",
        handed_over_at=NOW - timedelta(days=1),
        **message,
    )
    Enrolment.objects.create(
        sequence=later,
        version=later.versions.get(),
        contact=comes,
        site_id=open_site,
        state="waiting",
        step_id=later.versions.get().flow["start"],
        due_at=NOW + timedelta(hours=3),
        entered_step_at=NOW,
        entered_at=NOW,
        since=NOW,
    )
    sequence = written()

    found = counted(sequence)

    assert found.clashes == {str(earlier.pk): 2, str(later.pk): 1, str(every_week.pk): 1}
    assert found.clashing == 4


def test_two_that_go_out_on_one_day_clash_once_the_other_is_started(
    customer: Customer, open_site: int
) -> None:
    customer("+447400123450")
    other = written(name="Other", trigger_moment=NOW + timedelta(hours=3))
    sequence = written()
    before = counted(sequence)
    version = SequenceRuntime.objects.get(sequence=other).version_id or 0
    once.start(other.pk, version_id=version, first=FirstPart(), people=1, by="ada", now=NOW)

    assert before.clashes == {}
    assert counted(sequence).clashes == {str(other.pk): 1}


def test_a_birthday_of_that_day_clashes_unless_its_hour_has_passed(customer: Customer) -> None:
    ada, bob, tomorrows = (customer(f"+44740012345{number}") for number in range(3))
    born(ada, "1990-05-04")
    born(bob, "1985-05-04")
    born(tomorrows, "1990-05-05")
    later = of_a_clock(trigger_kind="date", trigger_attribute="birthday", trigger_time=time(16))
    of_a_clock(name="Morning", trigger_kind="date", trigger_attribute="birthday", trigger_time=time(9))

    found = counted(written())

    assert found.clashes == {str(later.pk): 2}
    assert found.clashing == 2


def test_midnight_is_the_next_day_s(customer: Customer, open_site: int) -> None:
    born(customer("+447400123450"), "1990-05-05")
    midnight = of_a_clock(trigger_kind="date", trigger_attribute="birthday", trigger_time=time(0))
    tomorrow = written(trigger_moment=NOW + timedelta(days=1))

    assert counted(written(name="Today")).clashes == {}
    assert counted(tomorrow).clashes == {str(midnight.pk): 1}


def test_a_silence_that_is_complete_that_day_clashes(customer: Customer) -> None:
    today, tomorrow, long_ago = (customer(f"+44740012345{number}") for number in range(3))
    for contact, ago in (
        (today, timedelta(days=29, hours=20)),
        (tomorrow, timedelta(days=29)),
        (long_ago, timedelta(days=31)),
    ):
        happen(contact, at=NOW - ago)
    silent = of_a_clock(**SILENT)

    assert counted(written()).clashes == {str(silent.pk): 1}


@pytest.mark.parametrize(
    "unlike",
    [
        {"purpose": "transactional"},
        {"steps": [("wait_duration", {"amount": 2, "unit": "days"}), HELLO]},
        {"is_paused": True},
    ],
)
def test_what_sends_no_offer_that_day_does_not_clash(customer: Customer, unlike: dict[str, Any]) -> None:
    ada = customer("+447400123450")
    happen(ada, at=NOW - timedelta(days=29, hours=20))
    made = of_a_clock(**SILENT, **{name: value for name, value in unlike.items() if name != "is_paused"})
    if "is_paused" in unlike:
        SequenceRuntime.objects.filter(sequence=made).update(state="paused")

    assert counted(written()).clashes == {}


def test_clashes_cost_the_same_however_many_people_are_asked_about() -> None:
    of_a_clock(trigger_kind="date", trigger_attribute="birthday", trigger_time=time(16))
    of_a_clock(name="Silent", **SILENT)

    def cost(size: int) -> int:
        people = crowd(size)
        contacts.update_contacts(
            {person.pk: {"attributes": {"birthday": "1990-05-04"}} for person in people}, now=NOW
        )
        for person in people:
            happen(person, at=NOW - timedelta(days=29, hours=20))
        site_id = Site.objects.get().pk
        with CaptureQueriesContext(connection) as captured:
            found = once_clashes.clashes(
                [person.pk for person in people], but_for=0, site_id=site_id, zone="UTC", at=NOW, now=NOW
            )
        assert [len(each) for each in found.values()] == [size, size]
        return len(captured)

    cost(1)  # what is kept of a version is read once
    assert cost(3) == cost(30)
