"""What the owner's calendar does to the outbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.compliance import time_actions
from wagtail_drip.compliance.time_actions import LegalHoursDraft
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Purpose
from wagtail_drip.core import actions as core
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.messaging.types import EXPIRES_AFTER

pytestmark = pytest.mark.django_db

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def fate(message: Message) -> tuple[str, str, datetime | None]:
    message.refresh_from_db()
    return message.state, message.reason or message.defer_reason, message.due_at


def test_a_blackout_date_puts_marketing_off_and_lets_news_of_orders_through(
    customer: Customer, queued: Queued, now: datetime, open_site: int
) -> None:
    time_actions.save_blackout(name="Mourning", begins_on=now.date(), ends_on=now.date(), site_id=open_site)
    core.change_site_settings(open_site, spread_minutes=0)
    offer = queued(customer(), purpose="welcome", expires_at=now + timedelta(days=3))
    news = queued(customer("+447400123457"), purpose="transactional")

    send_due(now=now)

    assert fate(offer) == ("scheduled", "blackout_date", datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert fate(news)[0] == "sent"


def test_a_blackout_date_of_one_sequence_leaves_the_others_alone(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    time_actions.save_blackout(name="Recall", begins_on=now.date(), ends_on=now.date(), sequences=[7])
    held = queued(customer(), purpose="welcome", sequence_id=7)
    free = queued(customer("+447400123457"), purpose="welcome", sequence_id=8)

    send_due(now=now)

    assert fate(held)[:2] == ("scheduled", "blackout_date")
    assert fate(free)[0] == "sent"


def test_on_holidays_as_the_site_says(customer: Customer, queued: Queued, open_site: int) -> None:
    christmas = datetime(2026, 12, 25, 12, tzinfo=UTC)
    core.change_site_settings(open_site, holidays="closed")
    offer = queued(customer(), purpose="welcome", due_at=christmas, expires_at=christmas + timedelta(days=9))

    send_due(now=christmas)

    state, reason, due_at = fate(offer)
    # Friday, then Boxing Day, which is kept on Monday; the Sunday between them is a day with texts.
    assert (state, reason) == ("scheduled", "blackout_date")
    assert due_at is not None
    assert due_at.replace(minute=0, second=0) == datetime(2026, 12, 27, 10, tzinfo=UTC)


def test_legal_hours_that_an_owner_made_stricter_bind_the_next_pass(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    evening = {str(day): [["18:00", "20:00"]] for day in range(7)}
    draft = LegalHoursDraft(country="GB", week=evening, source="our lawyer", read_on=now.date())
    time_actions.change_legal_hours(draft, by="ada", now=now)
    news = queued(customer(), purpose="transactional")

    send_due(now=now)

    assert fate(news)[:2] == ("scheduled", "quiet_hours")


def test_an_idle_pass_does_not_read_the_calendar_and_a_busy_one_reads_it_once(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "SENDER_SEGMENTS_PER_SECOND": 0, "SEND_BATCH": 3}

    def reads() -> int:
        with CaptureQueriesContext(connection) as queries:
            send_due(now=now)
        return sum("blackoutdate" in query["sql"].lower() for query in queries)

    assert reads() == 0
    for number in range(9):
        queued(customer(f"+4474001234{number:02}"), purpose="welcome")
    assert reads() == 1
    assert Message.objects.filter(state="sent").count() == 9


def test_every_purpose_has_an_expiry_and_none_outlasts_three_days() -> None:
    assert set(EXPIRES_AFTER) == set(Purpose)
    assert max(EXPIRES_AFTER.values()) <= timedelta(days=3)
