"""A complaint is written down and ends marketing to its person at once; nothing but their own yes begins it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from wagtail_drip.compliance.models import Complaint, Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.events.models import Event
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import complaints, senders
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import erase, export

__all__ = ["_empty_gateway", "customer", "open_site", "queued"]

pytestmark = pytest.mark.django_db

WORDS = "Never heard of this shop."


def complain(contact: Contact, now: datetime, source: str = "person") -> Complaint | None:
    return complaints.note(contact_id=contact.pk, source=source, reason=WORDS, now=now)


def may_market(contact: Contact) -> bool:
    return Permission.objects.filter(contact=contact, group="marketing", granted=True).exists()


def test_it_is_written_down_and_withdraws_marketing(customer: Callable[..., Contact], now: datetime) -> None:
    contact = customer()

    found = complain(contact, now)

    assert found is not None
    assert (found.contact_id, found.source, found.reason) == (contact.pk, "person", WORDS)
    record = ConsentRecord.objects.latest("pk")
    assert (record.granted, record.purpose_group, record.source, record.method, record.wording) == (
        False,
        "marketing",
        "complaint:person",
        "staff",
        "",
    )
    assert may_market(contact) is False
    assert Permission.objects.get(contact=contact, group="transactional").granted is True
    assert list(projection.differences()) == []


def test_what_waits_is_cancelled_but_for_news_of_orders(
    customer: Callable[..., Contact], queued: Callable[..., Message], now: datetime
) -> None:
    contact = customer()
    offer, news = queued(contact), queued(contact, purpose="transactional")

    complain(contact, now)
    send_due(now=now)

    offer.refresh_from_db()
    news.refresh_from_db()
    assert (offer.state, offer.reason, news.state) == ("cancelled", "unsubscribed", "sent")
    assert len(memory.outbox) == 1


def test_a_second_complaint_is_a_second_record_and_withdraws_nothing_twice(
    customer: Callable[..., Contact], now: datetime
) -> None:
    contact = customer()

    complain(contact, now)
    complain(contact, now, source="authority")

    assert list(Complaint.objects.order_by("pk").values_list("source", flat=True)) == ["person", "authority"]
    assert ConsentRecord.objects.filter(granted=False).count() == 1
    assert Event.objects.filter(name="opted_out").count() == 1


def test_a_start_by_text_does_not_undo_it(
    customer: Callable[..., Contact], open_site: int, now: datetime
) -> None:
    contact = customer()
    complain(contact, now)

    reach = senders.reach_of_site(open_site)
    inbox.start(number=contact.phone, reach=reach, source="sms", wording="START", now=now)

    assert may_market(contact) is False


@pytest.mark.parametrize("merged", [False, True], ids=["themselves", "whom they were merged into"])
def test_a_start_does_not_undo_a_stop_that_came_before_the_complaint(
    customer: Callable[..., Contact], open_site: int, now: datetime, merged: bool
) -> None:
    contact, reach = customer(), senders.reach_of_site(open_site)
    inbox.stop(number=contact.phone, reach=reach, source="sms", wording="STOP", now=now)
    told_of = contact
    if merged:
        told_of = customer("+447400123457")
        Contact.objects.filter(pk=told_of.pk).update(merged_into=contact, active_phone=None)
        Complaint.objects.create(contact=told_of, source="person", recorded_at=now + timedelta(hours=1))
    else:
        complain(told_of, now + timedelta(hours=1))

    later = now + timedelta(hours=2)
    inbox.start(number=contact.phone, reach=reach, source="sms", wording="START", now=later)

    assert may_market(contact) is False
    assert Suppression.objects.filter(lifted_at=None).exists() is False


def test_a_start_undoes_a_stop_that_came_after_they_had_agreed_anew(
    customer: Callable[..., Contact], open_site: int, now: datetime
) -> None:
    contact, reach = customer(), senders.reach_of_site(open_site)
    complain(contact, now)
    anew = Consent(
        group=PurposeGroup.MARKETING, granted=True, source="form", method=ConsentMethod.DOUBLE_OPT_IN
    )
    contacts.record_consent(
        contact_id=contact.pk, site_id=open_site, consent=anew, now=now + timedelta(hours=1)
    )
    stopped, later = now + timedelta(hours=2), now + timedelta(hours=3)
    inbox.stop(number=contact.phone, reach=reach, source="sms", wording="STOP", now=stopped)

    inbox.start(number=contact.phone, reach=reach, source="sms", wording="START", now=later)

    assert may_market(contact) is True


def test_whoever_speaks_for_the_contact_meanwhile_is_spared_too(
    customer: Callable[..., Contact], now: datetime
) -> None:
    contact, survivor = customer(), customer("+447400123457")
    Contact.objects.filter(pk=contact.pk).update(merged_into=survivor, active_phone=None)

    found = complain(contact, now)

    assert found is not None
    assert found.contact_id == survivor.pk
    assert may_market(survivor) is False


def test_it_is_exported_and_its_words_are_erased_with_the_person(
    customer: Callable[..., Contact], now: datetime
) -> None:
    contact = customer()
    complain(contact, now)
    assert WORDS in "".join(export.of_contact(contact.pk, now=now))

    erase.begin(contact.pk, now=now)
    while erase.erase_due(now=now + timedelta(hours=1)):
        pass

    assert Complaint.objects.get().reason == ""
    assert complain(contact, now) is None
