"""People for tests."""

from __future__ import annotations

from typing import Any

from wagtail.models import Site

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import clock

BOTH = (PurposeGroup.MARKETING, PurposeGroup.TRANSACTIONAL)


def reachable_contact(
    *, site: Site | None = None, agreed_to: tuple[PurposeGroup, ...] = BOTH, **known: Any
) -> Contact:
    """
    Return a contact with a valid British mobile number who agreed to be texted.

    :param site: where they agreed; the default site if None.
    :param agreed_to: which groups of purposes; () for somebody who was never asked.
    :param known: fields of ``Identity`` (``first_name="Ada"``, ``phone="+4930…"``), and ``attributes``.
    """
    now = clock.now()
    attributes = known.pop("attributes", {})
    person = contacts.identify(Identity(**{"phone": _free_number(), **known}), now=now)
    if attributes:
        contacts.update_contacts({person.pk: {"attributes": attributes}}, now=now)
        person.refresh_from_db()
    where = site or Site.objects.get(is_default_site=True)
    for group in agreed_to:
        consent = Consent(
            group=group,
            granted=True,
            source="wagtail_drip.test",
            method=ConsentMethod.WEB_FORM,
            wording="Text me.",
        )
        contacts.record_consent(contact_id=person.pk, site_id=where.pk, consent=consent, now=now)
    return person


def _free_number() -> str:
    newest = Contact.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return f"+447400{100_000 + newest % 800_000:06d}"
