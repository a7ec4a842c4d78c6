"""From the provider's request to the phone: what somebody hears after STOP, HELP and START, and what never more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import InboundEvent
from wagtail_drip.inbox import actions
from wagtail_drip.inbox.receive import receive_due
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.messaging.types import MessageDraft

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER, SENDER = "+447400123456", "+447700900000"


@pytest.fixture(autouse=True)
def _empty_gateway() -> Iterator[None]:
    memory.reset()
    yield
    memory.reset()


@pytest.fixture
def customer(transactional_db: None, site_id: int, now: datetime) -> Contact:
    core.change_site_settings(
        site_id, zone="Europe/London", region="GB", sender_address=SENDER, sender_name="Tea House"
    )
    core.open_site(site_id, account="memory", now=now)
    contact = contacts.identify(Identity(phone=NUMBER, first_name="Ada"), now=now)
    contacts.record_consent(
        contact_id=contact.pk,
        site_id=site_id,
        consent=Consent(
            group=PurposeGroup.MARKETING, granted=True, source="test", method=ConsentMethod.WEB_FORM
        ),
        now=now,
    )
    return contact


def offer(contact: Contact, site_id: int, key: str, now: datetime) -> None:
    messaging.queue(
        [
            MessageDraft(
                key=key,
                contact_id=contact.pk,
                site_id=site_id,
                purpose="promotional",
                due_at=now,
                source_text="Hello {{ contact.first_name }}, tea: https://shop.example/tea",
            )
        ],
        now=now,
    )


def say(words: str, now: datetime) -> None:
    """As the webhook does, and the worker after it."""
    event = InboundEvent(provider_id=f"in-{words}-{now}", from_number=NUMBER, to_number=SENDER, text=words)
    actions.apply_stop_at_once(gateway="default", inbound=event, now=now)
    InboundText.objects.create(
        gateway="default",
        provider_id=event.provider_id,
        from_number=NUMBER,
        to_number=SENDER,
        text=words,
        at=now,
        recorded_at=now,
        due_at=now,
    )
    receive_due(now=now)
    send_due(now=now)


def heard() -> list[str]:
    return [message.text for message in memory.outbox]


def test_after_a_stop_one_confirmation_and_nothing_more_until_start(
    customer: Contact, site_id: int, now: datetime
) -> None:
    goodbye = "Tea House: You are unsubscribed and will get no more messages. Reply START to return."
    welcome = "Tea House: Welcome back. Reply STOP to end, HELP for help."
    offer(customer, site_id, "waits", now + timedelta(minutes=2))

    say("Stop!", now)
    say("stop", now + timedelta(minutes=1))
    offer(customer, site_id, "later", now + timedelta(minutes=3))
    send_due(now=now + timedelta(minutes=5))

    assert heard() == [goodbye]
    assert dict(Message.objects.exclude(purpose="response").values_list("key", "state")) == {
        "waits": "cancelled",
        "later": "skipped",
    }

    say("START", now + timedelta(minutes=10))
    offer(customer, site_id, "again", now + timedelta(minutes=11))
    send_due(now=now + timedelta(minutes=12))

    assert heard()[:2] == [goodbye, welcome]
    assert heard()[2].startswith("Hello Ada, tea: https://shop.example/drip/l/")
    assert len(heard()) == 3


def test_help_is_answered_and_not_after_a_stop(customer: Contact, site_id: int, now: datetime) -> None:
    say("HELP", now)
    [answer] = heard()
    assert answer.startswith("Tea House: For help visit https://shop.example. Choose what you get: https://")
    assert answer.endswith(" Reply STOP to end.")

    say("stop", now + timedelta(minutes=1))
    say("help", now + timedelta(hours=25))

    assert len(heard()) == 2
    assert Message.objects.latest("pk").reason == "suppressed"
