"""The pages on which a contact chooses for themselves: where they are, and what was chosen there."""

from __future__ import annotations

from django.db.models import Q
from wagtail.models import Site

from wagtail_drip.compliance.quiet_hours import wall_clock
from wagtail_drip.contacts.models import Contact
from wagtail_drip.links import personal


def addresses(contact: Contact) -> list[tuple[str, str]]:
    """
    Return the name of each site that they ever answered, and the address of their preferences there.

    Whoever has the address may choose for them, so it is only for staff who may do that too.
    """
    if contact.erased_at is not None or contact.merged_into_id is not None:
        return []
    asked = Q(pk__in=contact.permissions.values("site_id"))
    sites = Site.objects.filter(asked | Q(is_default_site=True)).order_by("pk")
    return [
        (site.site_name or site.hostname, personal.addresses_of(contact.pk, site)["preferences"])
        for site in sites
    ]


def hours(contact: Contact) -> str:
    """Return between which hours they want to be texted: "09:00–20:00"; '' for any."""
    begin, end = contact.not_before_hour, contact.not_after_hour
    if begin is None and end is None:
        return ""
    return f"{wall_clock((begin or 0) * 60)}–{wall_clock((24 if end is None else end) * 60)}"
