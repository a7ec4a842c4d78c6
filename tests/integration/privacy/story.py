"""Somebody of whom every room of ours holds something that nobody else's rows hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import tags
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import keys
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments.models import Enrolment, OutsideCall, StepVisit
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import EventDraft
from wagtail_drip.links import actions as links
from wagtail_drip.links.types import LinkSpec
from wagtail_drip.messaging.models import Callback, InboundText, Message, Receipt, SendLedger
from wagtail_drip.segments.life_stage_models import LifeStage
from wagtail_drip.stores.models import Cart, Purchase, PurchaseChange, PurchaseLine
from wagtail_drip.test.sequences import live_sequence

NUMBER = "+447400987654"
SECRETS = ("Zebulon", "Quigglesworth", "zeb@quiggle.example", "447400987654", "7400987654", "plumcake")


def person(*, site_id: int, now: datetime) -> Contact:
    identity = Identity(
        store="oscar",
        external_id="ext-quiggle",
        phone=NUMBER,
        email="zeb@quiggle.example",
        first_name="Zebulon",
        last_name="Quigglesworth",
        language="en",
        zone="Europe/London",
    )
    contact = contacts.identify(identity, now=now)
    for group in PurposeGroup:
        consent = Consent(
            group=group,
            granted=True,
            source="checkout",
            method=ConsentMethod.CHECKOUT,
            wording="Text me.",
            ip="203.0.113.77",
        )
        contacts.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent, now=now)
    contacts.update_contacts(
        {contact.pk: {"attributes": {"birthday": "1990-05-04", "likes": "plumcake"}}}, now=now
    )
    tags.change_tags(add=[(contact.pk, "plumcake")], now=now)
    return contact


def told(contact: Contact, *, site_id: int, now: datetime) -> None:
    """Let everything happen that leaves a row."""
    events.record_events(
        [
            EventDraft(
                name="custom:ordered",
                key="zeb@quiggle.example:1",
                store="oscar",
                site_id=site_id,
                contact_id=contact.pk,
                source="api",
                occurred_at=now,
                recorded_at=now,
                properties={"engraving": "For Zebulon"},
            )
        ]
    )
    sequence = live_sequence(steps=[("wait_duration", {"amount": 3, "unit": "days"})])
    enrolments.enrol(contact_ids=[contact.pk], sequence_id=sequence.pk, site_id=site_id, now=now)
    run = Enrolment.objects.get(contact=contact)
    Enrolment.objects.filter(pk=run.pk).update(memory={"said": "plumcake"}, error="Zebulon's trace")
    StepVisit.objects.create(
        enrolment=run, visit=99, step_id="s", kind="branch", entered_at=now, decisions=[{"value": "plumcake"}]
    )
    OutsideCall.objects.create(
        enrolment=run,
        sequence_id=sequence.pk,
        visit=1,
        step_id="s",
        kind="webhook",
        key="call-1",
        payload={"event": {"properties": {"engraving": "For Zebulon"}}},
        response={"greeting": "Dear Quigglesworth"},
        created_at=now,
        settled_at=now,
        state="answered",
    )
    message = message_to(contact, site_id=site_id, now=now)
    SendLedger.objects.create(
        message=message, contact=contact, site_id=site_id, purpose="promotional", handed_over_at=now
    )
    Receipt.objects.create(
        message=message,
        gateway="default",
        reference=message.reference,
        provider_id="SM1",
        number_hash=keys.number_hash(NUMBER),
        status="delivered",
        detail="to Zebulon",
        recorded_at=now,
    )
    Callback.objects.create(
        gateway="default", raw={"from": NUMBER, "text": "plumcake"}, digest="d", received_at=now
    )
    InboundText.objects.create(
        gateway="default",
        provider_id="IN1",
        from_number=NUMBER,
        text="More plumcake, please",
        contact=contact,
        verdict="reply",
        at=now,
        recorded_at=now,
    )
    spec = LinkSpec(
        message_key=message.key,
        position=0,
        url="https://shop.example/for/zeb@quiggle.example/",
        contact_id=contact.pk,
        site_id=site_id,
    )
    (short,) = links.make_links([spec], now=now).values()
    links.record_click(
        short.rstrip("/").rpartition("/")[2],
        user_agent="Mozilla/5.0 (Linux; Android 16) Plumcake",
        address="203.0.113.77",
        now=now,
    )
    bought(contact, site_id=site_id, now=now)
    LifeStage.objects.create(contact=contact, stage="loyal", since=now)
    changes = {"fields": {"last_name": ["", "Quigglesworth"]}, "attributes": {"likes": "plumcake"}}
    # One row of it is enough to be found; a second contact would be another person to every other test.
    ContactMerge.objects.create(merged=contact, into=contact, number=NUMBER, changes=changes, at=now)
    compliance.suppress(
        phone=NUMBER, scope="sender", scope_value="default:+1", reason="stop_keyword", source="sms", now=now
    )


def message_to(contact: Contact, *, site_id: int, now: datetime, **changes: Any) -> Message:
    return Message.objects.create(
        **{
            "key": "staff:1",
            "contact": contact,
            "site_id": site_id,
            "gateway": "default",
            "purpose": "promotional",
            "body": "Dear Zebulon, plumcake!",
            "variables": {"event": {"name": "Quigglesworth"}},
            "state": "delivered",
            "reference": "r1",
            "provider_id": "SM1",
            "created_at": now,
            "handed_over_at": now,
            **changes,
        }
    )


def bought(contact: Contact, *, site_id: int, now: datetime) -> None:
    order = Purchase.objects.create(
        store="oscar",
        order_id="1",
        number="Q-plumcake-1",
        contact=contact,
        site_id=site_id,
        coupon="ZEBULON10",
        total=12,
        placed_at=now,
        recorded_at=now,
    )
    PurchaseLine.objects.create(purchase=order, position=0, product_id="7", name="Pot", price=12)
    PurchaseChange.objects.create(
        purchase=order, status="placed", key="placed", at=now, recorded_at=now - timedelta(0)
    )
    Cart.objects.create(
        store="oscar",
        cart_id="c9",
        site_id=site_id,
        contact=contact,
        products=[{"name": "plumcake"}],
        last_activity_at=now,
    )
