"""How often one contact is texted: what is counted, and what waits until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Page, Site

from tests.integration.messaging.capped import (
    DAY,
    Customer,
    Had,
    Queued,
    capped_site,
    event,
    fate,
    had,
    lasting,
    why,
)
from wagtail_drip.compliance.models import SpecialEvent
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import Outcome
from wagtail_drip.messaging import gate
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due

__all__ = ["capped_site", "had"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]


def test_what_is_too_much_waits_and_goes_at_the_very_moment_that_there_is_room(
    customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 5.25, 2)
    message = queued(contact, **lasting(now))

    send_due(now=now)

    assert fate(message) == ("scheduled", "frequency_cap")
    room = now + 1.75 * DAY
    assert message.due_at == room
    assert why(message) == {
        "cap": "everyone",
        "name": "",
        "days": 7,
        "had": 2,
        "limit": 2,
        "next": room.isoformat(timespec="seconds"),
        "kept": False,
    }
    send_due(now=room - timedelta(microseconds=1))
    assert fate(message) == ("scheduled", "frequency_cap")
    send_due(now=room)
    assert fate(message) == ("sent", "")
    assert message.detail == ""
    assert len(memory.outbox) == 1


def test_what_would_expire_before_is_skipped_at_once_and_says_why(
    customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 1, 2)
    message = queued(contact, **lasting(now, 4.9))
    last = queued(contact, **lasting(now, 5.1))

    send_due(now=now)

    assert fate(message) == ("skipped", "frequency_cap")
    assert (why(message)["had"], why(message)["limit"], why(message)["next"]) == (
        2,
        2,
        (now + 5 * DAY).isoformat(timespec="seconds"),
    )
    assert fate(last) == ("scheduled", "frequency_cap")


def test_a_month_is_counted_as_well(customer: Customer, queued: Queued, had: Had, now: datetime) -> None:
    contact = customer()
    had(contact, *range(10, 26, 2))
    message = queued(contact, **lasting(now))

    send_due(now=now)

    assert (fate(message), message.due_at) == (("scheduled", "frequency_cap"), now + 6 * DAY)
    assert (why(message)["days"], why(message)["had"], why(message)["limit"]) == (30, 8, 8)


@pytest.mark.parametrize("purpose", ["transactional", "response"])
def test_news_of_an_order_and_answers_go_whatever_came_before_and_are_not_counted(
    purpose: str, customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 1, 2, 3, purpose=purpose)
    promotion, another = queued(contact), queued(contact)
    send_due(now=now)
    assert fate(promotion) == fate(another) == ("sent", "")

    news = [queued(contact, purpose="transactional") for _ in range(3)]
    send_due(now=now)

    assert [fate(each) for each in news] == [("sent", "")] * 3


def test_what_nobody_knows_counts_and_what_never_went_does_not(
    customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact, other = customer(), customer("+447400123457")
    had(contact, 1, 2, state="unknown")
    message = queued(contact)
    memory.answer(Outcome.BAD_NUMBER, times=2)
    refused = [queued(other), queued(other)]
    send_due(now=now)
    assert fate(message) == ("skipped", "frequency_cap")
    assert {fate(each)[0] for each in refused} == {"failed"}

    after = [queued(other), queued(other), queued(other)]
    send_due(now=now)

    assert sorted(fate(each)[0] for each in after) == ["sent", "sent", "skipped"]


def test_whoever_waits_for_what_then_fails_is_asked_again_at_once(
    customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 1)
    memory.answer(Outcome.BAD_NUMBER, times=1)
    first, second = queued(contact, priority=1), queued(contact, **lasting(now))
    send_due(now=now, limit=2)
    assert fate(first)[0] == "failed"

    send_due(now=now)

    assert fate(second) == ("sent", "")


@pytest.mark.parametrize(
    ("caps", "about", "expected"),
    [
        pytest.param({"purposes": {"promotional": {"week": 1}}}, {}, "purpose", id="purpose"),
        pytest.param(
            {"purposes": {"promotional": {"week": 1}}}, {"purpose": "welcome"}, "", id="another purpose"
        ),
        pytest.param({"topics": {"shoes": {"month": 1}}}, {"topic": "shoes"}, "topic", id="topic"),
        pytest.param({"topics": {"shoes": {"month": 1}}}, {"topic": "hats"}, "", id="another topic"),
        pytest.param({}, {}, "", id="no caps"),
        pytest.param({"week": None, "month": 1}, {}, "everyone", id="a month alone"),
        pytest.param({"week": "many"}, {}, "", id="nonsense is the default: two a week"),
        pytest.param([3], {}, "", id="more nonsense"),
    ],
)
def test_caps_of_a_purpose_and_a_topic(
    caps: Any,
    about: dict[str, Any],
    expected: str,
    customer: Customer,
    queued: Queued,
    had: Had,
    capped_site: int,
    now: datetime,
) -> None:
    core.change_site_settings(capped_site, caps=caps)
    contact = customer()
    had(contact, 2, topic="shoes")
    message = queued(contact, **about, **lasting(now))

    send_due(now=now)

    if expected:
        assert (fate(message), why(message)["cap"]) == (("scheduled", "frequency_cap"), expected)
    else:
        assert fate(message) == ("sent", "")


def test_what_a_contact_asked_for_counts_over_all_sites_and_nothing_exceeds_it(
    customer: Customer, queued: Queued, had: Had, capped_site: int, now: datetime
) -> None:
    contact = customer()
    other_site = Site.objects.create(hostname="other.example", root_page=Page.objects.get(depth=1))
    had(contact, 3, site_id=other_site.pk)
    Contact.objects.filter(pk=contact.pk).update(most_per_week=1)
    SpecialEvent.objects.create(
        site_id=capped_site,
        name="双11",
        begins_on=now.date(),
        ends_on=now.date(),
        raised_week=9,
        sequences=[7],
    )
    message = queued(contact, sequence_id=7, **lasting(now))

    send_due(now=now)

    assert (fate(message), message.due_at) == (("scheduled", "frequency_cap"), now + 4 * DAY)
    assert why(message)["cap"] == "own"


def test_people_who_were_merged_are_one(customer: Customer, queued: Queued, had: Had, now: datetime) -> None:
    head, merged, before = customer(), customer("+447400123457"), customer("+447400123458")
    had(merged, 1)
    had(before, 2)
    Contact.objects.filter(pk=before.pk).update(merged_into=merged, active_phone=None)
    Contact.objects.filter(pk=merged.pk).update(merged_into=head, active_phone=None)
    of_head, of_merged = queued(head), queued(merged)

    send_due(now=now)

    assert fate(of_head) == fate(of_merged) == ("skipped", "frequency_cap")


def test_what_is_capped_is_put_off_before_it_is_composed(
    customer: Customer, queued: Queued, had: Had, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(gate, "hand_over", lambda ready, **_: asked.append(ready) or [])
    messages = []
    for number in range(5):
        contact = customer(f"+44740012345{number}")
        had(contact, 1, 2)
        messages.append(queued(contact, **lasting(now)))

    send_due(now=now)

    assert asked == []
    assert {fate(message) for message in messages} == {("scheduled", "frequency_cap")}


def test_the_number_of_queries_does_not_grow_with_those_who_are_capped(
    customer: Customer, queued: Queued, had: Had, capped_site: int, now: datetime, settings: Any
) -> None:
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "SENDER_SEGMENTS_PER_SECOND": 0,
        "GATEWAYS": {
            "default": {
                "BACKEND": "wagtail_drip.gateways.memory.MemoryGateway",
                "OPTIONS": {"max_recipients": 1000},
            }
        },
    }
    event(capped_site, now)
    people = [customer(f"+4474001234{number:02}") for number in range(30)]
    counts = []
    send_due(now=now)
    for first, last in ((0, 4), (4, 30)):
        for contact in people[first:last]:
            had(contact, 1)
            queued(contact, due_at=now + DAY, priority=3)
            for priority in (0, 1, 5):
                queued(contact, priority=priority, **lasting(now))
        with CaptureQueriesContext(connection) as queries:
            send_due(now=now)
        counts.append(len(queries))

    assert Message.objects.filter(state="sent").exclude(handed_over_at__lt=now).count() == 30
    assert counts[0] == counts[1]
