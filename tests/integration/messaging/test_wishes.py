"""A pause and hours of one's own are obeyed at the very next hand-over, by both ways out of the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.admin import sentences
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions, imagined
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.messaging.types import MessageDraft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def wishes(contact: Contact, **fields: Any) -> None:
    Contact.objects.filter(pk=contact.pk).update(**fields)


def fate(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason or message.defer_reason


def test_a_pause_puts_marketing_off_and_lets_news_of_orders_go(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    ada, end = customer(), now + timedelta(hours=2)
    wishes(ada, paused_until=end)
    offer, news = queued(ada), queued(ada, purpose="transactional", source_text="Your order left.")

    send_due(now=now)

    assert fate(offer) == ("scheduled", "contact_paused")
    assert offer.due_at == end
    assert [sent.text for sent in memory.outbox] == ["Your order left."]
    assert fate(news)[0] == "sent"

    send_due(now=end)
    assert fate(offer)[0] == "sent"


def test_a_pause_that_outlasts_the_text_ends_it(customer: Customer, queued: Queued, now: datetime) -> None:
    ada = customer()
    wishes(ada, paused_until=now + timedelta(days=30))
    offer = queued(ada)

    send_due(now=now)

    assert fate(offer) == ("skipped", "contact_paused")
    assert memory.outbox == []


@pytest.mark.parametrize(
    ("hours", "hour"),
    [
        pytest.param({"not_before_hour": 15}, 15, id="not before three in the afternoon"),
        pytest.param({"not_after_hour": 11}, 9, id="not after eleven"),
        pytest.param({"not_before_hour": 17, "not_after_hour": 19}, 17, id="from five to seven"),
    ],
)
def test_marketing_waits_for_the_hours_they_chose(
    customer: Customer, queued: Queued, now: datetime, hours: dict[str, int], hour: int
) -> None:
    ada = customer()
    wishes(ada, **hours)
    offer = queued(ada, expires_at=now + timedelta(days=2))

    send_due(now=now)

    assert fate(offer) == ("scheduled", "contact_hours")
    assert offer.due_at is not None
    assert offer.due_at.hour == hour
    assert memory.outbox == []


def test_the_wish_of_whom_they_were_merged_into_counts(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    old, head = customer(), customer("+447400123457")
    offer = queued(old)
    Contact.objects.filter(pk=old.pk).update(merged_into=head, active_phone=None)
    wishes(head, paused_until=now + timedelta(hours=1))

    send_due(now=now)

    assert fate(offer) == ("scheduled", "contact_paused")


def test_who_chooses_anew_is_asked_again_at_once(customer: Customer, queued: Queued, now: datetime) -> None:
    ada, bob = customer(), customer("+447400123457")
    for each in (ada, bob):
        wishes(each, paused_until=now + timedelta(hours=5))
    offer, other = queued(ada), queued(bob)
    send_due(now=now)
    wishes(ada, paused_until=None)

    assert actions.ask_wishes_again_of([ada.pk], now=now) == 1
    send_due(now=now)

    assert fate(offer)[0] == "sent"
    assert fate(other) == ("scheduled", "contact_paused")


def test_wishes_cost_no_query(customer: Customer, queued: Queued, now: datetime) -> None:
    def asked(number: str, **fields: Any) -> int:
        contact = customer(number)
        wishes(contact, **fields)
        queued(contact)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send_due(now=now)
        return len(queries)

    asked("+447400123456")  # what is read once and remembered
    plain = asked("+447400123457")
    wished = asked(
        "+447400123458", paused_until=now - timedelta(hours=1), not_before_hour=8, not_after_hour=20
    )

    assert wished == plain
    assert len(memory.outbox) == 3


def test_why_it_waits_is_told_as_the_gate_decides(customer: Customer, open_site: int, now: datetime) -> None:
    ada, end = customer(), now + timedelta(hours=2)
    wishes(ada, paused_until=end, not_before_hour=15)
    draft = MessageDraft(
        key="imagined", contact_id=ada.pk, site_id=open_site, purpose="promotional", body="Hi", due_at=now
    )
    site = SiteSettings.objects.get(site_id=open_site)

    (outlook,) = imagined.outlooks([(imagined.imagine(draft, site, number=1, now=now), now)], now=now)

    assert (outlook.decision.reason, outlook.decision.until) == ("contact_paused", end)
    assert [each.reason for each in outlook.obstacles] == ["contact_paused", "contact_hours"]
    assert outlook.next_at is not None
    assert outlook.next_at.hour == 15
    told = sentences.obstacle(outlook.obstacles[1])
    assert "Theirs are 15:00–24:00, by the clock of Europe/London." in told.text
