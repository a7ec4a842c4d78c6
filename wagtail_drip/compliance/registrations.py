"""What owners note of registrations: reading one, and its only writers. It opens nothing and holds nothing back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from wagtail_drip.compliance.models import Registration
from wagtail_drip.core import actions as core
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.exceptions import WagtailDripError


class NotRegisteredYet(WagtailDripError):
    """The day of a registration is still to come: note it when it is there."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, kw_only=True)
class RegistrationDraft:
    """:ivar registered_by: who had it registered: somebody of the shop, its provider."""

    reference: str
    registered_on: date
    registered_by: str


def sender_of(row: SiteSettings) -> str:
    """Return by what a site's sender is told from others."""
    return f"{row.sender_gateway}:{row.sender_address}"


def find(site_id: int, country: str) -> Registration | None:
    """Return what was noted of a country, also what was taken back; None where nothing ever was."""
    return Registration.objects.filter(site_id=site_id, country=country).first()


@transaction.atomic
def note(site_id: int, country: str, draft: RegistrationDraft, *, by: str, now: datetime) -> Registration:
    """
    Note that a site's sender is registered in a country, instead of what was noted before.

    :raises ValueError: if it has no reference, or nobody who had it registered.
    :raises NotRegisteredYet: if its day is to come, by the clock that is active.
    """
    reference, registered_by = draft.reference.strip(), draft.registered_by.strip()
    if not reference or not registered_by:
        raise ValueError("A registration has a reference and somebody who had it made: give both.")
    if draft.registered_on > localdate(now):
        raise NotRegisteredYet
    row, _made = Registration.objects.update_or_create(
        site_id=site_id,
        country=country,
        defaults={
            "reference": reference,
            "registered_on": draft.registered_on,
            "registered_by": registered_by,
            "sender": sender_of(core.site_settings(site_id)),
            "noted_by": by,
            "noted_at": now,
            "taken_back_by": "",
            "taken_back_at": None,
        },
    )
    return row


def take_back(site_id: int, country: str, *, by: str, now: datetime) -> Registration | None:
    """Let what was noted hold no longer, and return it; None where nothing held."""
    rows = Registration.objects.filter(site_id=site_id, country=country, taken_back_at=None)
    return find(site_id, country) if rows.update(taken_back_by=by, taken_back_at=now) else None
