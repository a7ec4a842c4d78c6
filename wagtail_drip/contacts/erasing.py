"""Blanks people, whole rows of them; the row stays, for what hangs on it counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from wagtail_drip.contacts import recording
from wagtail_drip.contacts.about_people import PERSONAL
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import ConsentMethod
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
    recording.close_all(contact_ids, source=SOURCE, method=ConsentMethod.STAFF, now=now)
    return Contact.objects.filter(pk__in=contact_ids, erased_at=None).update(
        **blanks(Contact, PERSONAL), erased_at=now, changed_at=now
    )
