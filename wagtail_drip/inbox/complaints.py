"""A complaint: written down once and for good, and the end of marketing to who complained, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from wagtail.models import Site

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Complaint
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.consent import COMPLAINT
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core import claims
from wagtail_drip.inbox import own_pages
from wagtail_drip.messaging import actions as messaging


def note(
    *,
    contact_id: int,
    source: str,
    reason: str,
    inbound_text_id: int | None = None,
    staff_user_id: int | None = None,
    now: datetime,
) -> Complaint | None:
    """
    Write down that somebody complained and stop marketing to them on every site at once; None for who was erased.

    News of orders and bookings go on: a complaint is no STOP. Only they themselves agree again.

    :param source: one of ``compliance.models.COMPLAINT_SOURCES``.
    :param reason: what they said, or what was said of it.
    :param inbound_text_id: the text of theirs by which they complained.
    """
    return claims.retried(
        lambda: _note(
            contact_id=contact_id,
            source=source,
            reason=reason,
            inbound_text_id=inbound_text_id,
            staff_user_id=staff_user_id,
            now=now,
        )
    )


@transaction.atomic
def _note(
    *,
    contact_id: int,
    source: str,
    reason: str,
    inbound_text_id: int | None,
    staff_user_id: int | None,
    now: datetime,
) -> Complaint | None:
    person = own_pages.lock(contact_id)
    if person is None:
        return None
    found = compliance.write_complaint(
        contact_id=person.pk,
        source=source,
        reason=reason,
        inbound_text_id=inbound_text_id,
        staff_user_id=staff_user_id,
        now=now,
    )
    sites = list(Site.objects.order_by("pk").values_list("pk", flat=True))
    withdrawn = contacts.withdraw_marketing(
        contact_ids=[person.pk],
        site_ids=sites,
        source=f"{COMPLAINT}{source}",
        method=ConsentMethod.PROVIDER if source == "provider" else ConsentMethod.STAFF,
        now=now,
    )
    messaging.cancel_for_contacts(
        contact_ids=[person.pk],
        reason="unsubscribed",
        now=now,
        marketing_only=True,
    )
    if withdrawn:
        for site_id in sites:
            own_pages.record(
                "opted_out",
                person.pk,
                site_id,
                now=now,
                properties={"purpose_group": "marketing", "source": "complaint"},
            )
    return found
