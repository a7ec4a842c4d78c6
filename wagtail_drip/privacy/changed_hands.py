"""Numbers that a network has given to somebody else: what their old owners agreed to ends with the number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.releasing import agreed_since, release
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core.among import Among
from wagtail_drip.messaging import actions as messaging


def foresee(numbers: Collection[str], *, since: datetime) -> Counter[str]:
    """Count what letting go of these numbers, E.164, would do; see ``import_counts.CHANGED_HANDS``."""
    owners = _owners(numbers)
    return _counted(numbers, owners, let_go=len(owners) - len(agreed_since(owners, since=since)))


def let_go(
    numbers: Collection[str], *, since: datetime, source: str, now: datetime, staff_user_id: int | None
) -> Counter[str]:
    """
    Take these numbers from their old owners, and with them what they agreed to; return what it did, as ``foresee``.

    :param since: whoever agreed to something from then on is the new owner, and keeps that.
    :param source: which list says so; for the record.
    """
    owners = _owners(numbers)
    gone = release(
        owners,
        numbers=numbers,
        since=since,
        method=ConsentMethod.IMPORT,
        wording=source,
        now=now,
        staff_user_id=staff_user_id,
    )
    messaging.cancel_for_contacts(contact_ids=gone, reason="no_phone", now=now)
    return _counted(numbers, owners, let_go=len(gone))


def _owners(numbers: Collection[str]) -> set[int]:
    return set(Contact.objects.filter(Among("active_phone", numbers)).values_list("pk", flat=True))


def _counted(numbers: Collection[str], owners: Collection[int], *, let_go: int) -> Counter[str]:
    known = len(owners)
    return Counter(let_go=let_go, still_theirs=known - let_go, unknown=len(set(numbers)) - known)
