"""Blanks people, whole rows of them; the row stays, for what hangs on it counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from wagtail_drip.contacts import recording
from wagtail_drip.contacts.about_people import PERSONAL
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import claims
from wagtail_drip.core.personal_data import blanks

SOURCE = "erased"


def blank(contact_ids: Collection[int], *, now: datetime) -> int:
    """
    Close what these contacts agreed to and blank their rows, in the caller's transaction; return how many were new.

    A second time changes nothing. Their locks are taken here, if the caller has not taken them: no text can be
    handed over that was decided before, and none after.
    """
    claims.require_transaction()
    claims.lock_in_order(Contact.objects.filter(pk__in=contact_ids))
    # On record like every other change, so that the projection stays what the records say.
    agreed = Permission.objects.filter(contact_id__in=contact_ids, granted=True)
    recording.append_each(
        [
            (
                row.contact_id,
                row.site_id,
                Consent(
                    group=PurposeGroup(row.group),
                    granted=False,
                    source=SOURCE,
                    method=ConsentMethod.STAFF,
                    channel=Channel(row.channel),
                    topic=row.topic,
                ),
            )
            for row in agreed.order_by("contact_id", "site_id", "group", "channel", "topic")
        ],
        now=now,
    )
    return Contact.objects.filter(pk__in=contact_ids, erased_at=None).update(
        **blanks(Contact, PERSONAL), erased_at=now, changed_at=now
    )
