"""As whom a preview is shown: a real contact to those who may see contacts, somebody made up to all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext as _

from wagtail_drip.admin import redaction
from wagtail_drip.admin.redaction import SAYS_WORDS
from wagtail_drip.conf import settings
from wagtail_drip.contacts import phone, querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content import compose, variables
from wagtail_drip.core import clock
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.enrolments import gather
from wagtail_drip.enrolments.facts import CONTACT_FIELDS
from wagtail_drip.events import catalogue
from wagtail_drip.events.models import Event
from wagtail_drip.stores.models import Purchase

PERMISSION = "wagtail_drip.view_contact"


@dataclass(frozen=True, kw_only=True)
class Person:
    """
    Somebody to show a text to.

    :ivar contact_id: None for the made-up person.
    :ivar event: the properties of the event that would start it: their latest, else the catalogue's sample.
    :ivar variables: what texts may show of them.
    """

    label: str
    contact_id: int | None = None
    zone: str = "UTC"
    contact: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Return the country by whose rules a text to them is judged; the made-up person lives in the shop's own."""
        return str(self.contact.get("region") or settings.DEFAULT_REGION or "")


@dataclass(frozen=True, kw_only=True)
class Choice:
    contact_id: int | None
    label: str


def may_see_contacts(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(PERMISSION))


def asked_for(request: HttpRequest) -> int | None:
    """
    Return the contact that the address asks for, or None: for an id that is none, and for anybody who
    may not see contacts, whatever the address says.
    """
    if not may_see_contacts(request):
        return None
    wanted = request.GET.get("person", "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None


def person(
    contact_id: int | None, *, trigger_event: str, site_id: int, shows_numbers: bool = False
) -> Person:
    """
    Return the contact, or the made-up person when there is none to be shown.

    :param shows_numbers: else no number stands in any value, and an event that tells in their own words is made up.
    """
    contact = querysets.alive().filter(pk=contact_id).first() if contact_id is not None else None
    if contact is None:
        return _made_up(trigger_event, site_id=site_id)
    latest = (
        Event.objects.filter(contact_id=contact.pk, name=trigger_event).order_by("-recorded_at").first()
        if trigger_event
        else None
    )
    is_shown = shows_numbers or trigger_event not in SAYS_WORDS
    event = dict(latest.properties) if latest and is_shown else catalogue.sample(trigger_event)
    shown = compose.preview_context(contact.pk, event, site_id, now=clock.now())
    subject = subject_of(trigger_event)
    if latest is None and subject and not shown.get(subject):
        # It has not happened to them. When it does, there will be a cart or an order.
        shown[subject] = variables.samples()[subject]
    return Person(
        label=name_of(contact),
        contact_id=contact.pk,
        zone=gather.zone_of(contact, _zone_of(site_id)),
        contact={name: getattr(contact, name) for name in CONTACT_FIELDS},
        attributes=redaction.values(contact.attributes, shown=shows_numbers),
        event=redaction.values(event, shown=shows_numbers),
        variables=redaction.values(shown, shown=shows_numbers),
    )


def name_of(contact: Contact) -> str:
    """Return the name, else enough of the number to know them by: previews are looked at over shoulders."""
    return contact.name or phone.mask(contact.phone) or str(contact)


def subject_of(event_name: str) -> str:
    """Return what an event is about, as texts name it: cart, order, or '' where it is neither."""
    return {"cart": "cart", "checkout": "cart", "order": "order"}.get(event_name.split("_")[0], "")


def choices() -> list[Choice]:
    """Return people worth looking at; only for those who may see contacts."""
    bought = Exists(Purchase.objects.filter(contact_id=OuterRef("pk")))
    latest = Purchase.objects.filter(contact__in=querysets.alive()).order_by("-placed_at", "-pk").first()
    picks = [
        (_("Latest customer with an order"), latest.contact if latest else None),
        (_("Someone with no first name"), querysets.alive().filter(first_name="").order_by("-pk").first()),
        (
            _("Someone without an order"),
            querysets.alive().exclude(first_name="").exclude(bought).order_by("-pk").first(),
        ),
    ]
    return [
        Choice(contact_id=contact.pk, label=f"{label} ({name_of(contact)})")
        for label, contact in picks
        if contact is not None
    ]


def _made_up(trigger_event: str, *, site_id: int) -> Person:
    samples = variables.samples(trigger_event)
    here = compose.preview_context(None, {}, site_id, now=clock.now())
    contact = {name: str(samples["contact"].get(name, "")) for name in CONTACT_FIELDS}
    contact["region"] = contact["region"] or _region_of(site_id)
    return Person(
        label=_("%(name)s, a made-up customer") % {"name": contact["first_name"]},
        zone=_zone_of(site_id),
        contact=contact,
        event=catalogue.sample(trigger_event),
        variables={
            **samples,
            "shop": here.get("shop") or samples["shop"],
            "link": here.get("link") or samples["link"],
        },
    )


def _zone_of(site_id: int) -> str:
    return SiteSettings.objects.filter(site_id=site_id).values_list("zone", flat=True).first() or "UTC"


def _region_of(site_id: int) -> str:
    return SiteSettings.objects.filter(site_id=site_id).values_list("region", flat=True).first() or ""
