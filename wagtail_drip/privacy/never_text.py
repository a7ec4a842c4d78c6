"""Numbers of a list that are never to be texted: whom the shop, another system or an authority wants left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance import querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.speaking import lock_speakers
from wagtail_drip.core import keys
from wagtail_drip.core.among import Among
from wagtail_drip.messaging import actions as messaging


def foresee(numbers: Collection[str]) -> Counter[str]:
    """Count what closing these numbers, E.164, would do; see ``import_counts.NEVER_TEXTED``."""
    return _counted(numbers, contacts=len(_contacts(numbers)))


def close(numbers: Collection[str], *, list_id: int, now: datetime) -> Counter[str]:
    """
    Close these numbers to every text, and take back what waits for them; return what it did, as ``foresee``.

    What they agreed to stays recorded: whoever takes the list back finds it as it was.
    """
    # As the gate locks them: no hand-over that has read the old state can still commit.
    people = {speaker.pk for speaker in lock_speakers(_contacts(numbers)).values()}
    counted = _counted(numbers, contacts=len(people))
    compliance.suppress_listed(phones=numbers, list_id=list_id, now=now)
    messaging.cancel_for_contacts(contact_ids=people, reason="suppressed", now=now)
    return counted


def _contacts(numbers: Collection[str]) -> list[int]:
    rows = Contact.objects.filter(Among("active_phone", numbers))
    return list(rows.values_list("pk", flat=True))


def _counted(numbers: Collection[str], *, contacts: int) -> Counter[str]:
    by_number = keys.hashes_of(set(numbers))
    closed = querysets.closed_to_all({each for hashes in by_number.values() for each in hashes})
    before = sum(1 for hashes in by_number.values() if not closed.isdisjoint(hashes))
    return Counter(closed=len(by_number) - before, closed_before=before, contacts=contacts)
