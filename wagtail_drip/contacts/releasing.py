"""Lets go of a number that somebody else has by now: what its old owner agreed to permits no text to the new one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from wagtail_drip.contacts import opt_in_actions, recording
from wagtail_drip.contacts.models import Contact, OptInRequest, Permission
from wagtail_drip.contacts.speaking import lock_speakers
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core.among import Among

# The source of what is closed so: nobody has said no.
SOURCE = "number_released"


@transaction.atomic
def release(
    contact_ids: Collection[int],
    *,
    numbers: Collection[str],
    since: datetime,
    method: ConsentMethod,
    wording: str,
    now: datetime,
    staff_user_id: int | None = None,
) -> set[int]:
    """
    Take these numbers from whoever of the contacts still has one, and return whose they were.

    What they agreed to before was about that number: it is closed on record, on every site, and what they were asked
    and have not confirmed is taken back. They stay contacts, and may be given another number.

    :param numbers: E.164. Somebody who got another one meanwhile keeps it, and what they agreed to.
    :param since: when the numbers had changed hands. Whoever agreed to something from then on is the new owner: the
        number stays with the contact, and only what was agreed to before is closed.
    :param wording: why, or by which list.
    """
    people = {row.pk: row for row in lock_speakers(contact_ids).values()}
    asked = {pk for pk, row in people.items() if row.active_phone in numbers}
    if not asked:
        return set()
    gone = asked - agreed_since(asked, since=since)
    recording.close_all(
        asked,
        before=since,
        source=SOURCE,
        method=method,
        wording=wording,
        now=now,
        staff_user_id=staff_user_id,
    )
    opt_in_actions.withdraw(contact_ids=gone, site_ids=None, now=now)
    Contact.objects.filter(pk__in=gone).update(phone="", active_phone=None, changed_at=now)
    return gone


def agreed_since(contact_ids: Collection[int], *, since: datetime) -> set[int]:
    """Return who of these contacts has agreed, from that moment on, to something that stands, or is asked whether."""
    theirs = Among("contact_id", contact_ids)
    agreed = Permission.objects.filter(theirs, granted=True, record__at__gte=since)
    asked = OptInRequest.objects.filter(theirs, state="waiting", requested_at__gte=since)
    return {
        *agreed.values_list("contact_id", flat=True).distinct(),
        *asked.values_list("contact_id", flat=True).distinct(),
    }
