"""
What may stand in the calendar. A kind of entry joins by one line in ``KINDS``.

A kind has a slug (also its colour in ``times.css``, as ``drip-entry--<slug>``), a name, and yields its entries
between two dates in one query however many there are. Where people may add one, it names the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail.models import Site

from wagtail_drip.admin import words
from wagtail_drip.compliance import public_holidays
from wagtail_drip.compliance.models import BlackoutDate, SpecialEvent
from wagtail_drip.core.listed import listed
from wagtail_drip.core.models import SiteSettings


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    Something on one or more days.

    :param ends: the last day, which may be the first.
    :param url: where it is changed; '' where it cannot be.
    :param detail: one line more about it.
    """

    kind: str
    name: str
    begins: date
    ends: date
    url: str = ""
    detail: str = ""


class Kind(Protocol):
    slug: str
    label: Any
    # '' where nobody adds any here.
    add_label: Any

    def add_url(self, site: Site) -> str: ...

    def entries(self, site: SiteSettings, begins: date, ends: date) -> Iterable[Entry]:
        """Yield what touches the days from *begins* to *ends*, both included, earliest first."""
        ...


class Blackouts:
    slug = "blackout"
    label = _("Days without texts")
    add_label = _("Add days without texts")

    def add_url(self, site: Site) -> str:
        return reverse("wagtail_drip_calendar:add_blackout", args=[site.pk])

    def entries(self, site: SiteSettings, begins: date, ends: date) -> Iterator[Entry]:
        rows = BlackoutDate.objects.filter(
            Q(site=None) | Q(site_id=site.site_id), begins_on__lte=ends, ends_on__gte=begins
        )
        for row in rows.order_by("begins_on", "pk"):
            yield Entry(
                kind=self.slug,
                name=row.name,
                begins=row.begins_on,
                ends=row.ends_on,
                url=reverse("wagtail_drip_calendar:blackout", args=[site.site_id, row.pk]),
                detail=_told(row),
            )


class SpecialEvents:
    slug = "event"
    label = _("Special events")
    add_label = _("Declare a special event")

    def add_url(self, site: Site) -> str:
        return reverse("wagtail_drip_calendar:add_special_event", args=[site.pk])

    def entries(self, site: SiteSettings, begins: date, ends: date) -> Iterator[Entry]:
        rows = SpecialEvent.objects.filter(site_id=site.site_id, begins_on__lte=ends, ends_on__gte=begins)
        for row in rows.order_by("begins_on", "pk"):
            yield Entry(
                kind=self.slug,
                name=row.name,
                begins=row.begins_on,
                ends=row.ends_on,
                url=reverse("wagtail_drip_calendar:special_event", args=[site.site_id, row.pk]),
                detail=_raised(row),
            )


class PublicHolidays:
    """Those of the site's country: others have their own, and each contact's decide for them."""

    slug = "holiday"
    label = _("Public holidays")
    add_label = ""

    def add_url(self, site: Site) -> str:
        return ""

    def entries(self, site: SiteSettings, begins: date, ends: date) -> Iterator[Entry]:
        for year in range(begins.year, ends.year + 1):
            found = public_holidays.names(site.region, "", year, _language())
            for day, name in found.items():
                if begins <= day <= ends:
                    yield Entry(kind=self.slug, name=name, begins=day, ends=day)


def _raised(row: SpecialEvent) -> str:
    parts = []
    if row.raised_week:
        parts.append(_("up to %(n)s in 7 days") % {"n": row.raised_week})
    if row.raised_month:
        parts.append(_("up to %(n)s in 30 days") % {"n": row.raised_month})
    if row.ceiling:
        parts.append(_("at most %(n)s while it lasts") % {"n": row.ceiling})
    return " · ".join(str(part) for part in parts)


def _told(row: BlackoutDate) -> str:
    if row.purposes:
        return listed(str(words.PURPOSES.get(purpose, purpose)) for purpose in row.purposes)
    if row.sequences:
        return str(_("only some sequences"))
    return str(_("all marketing"))


def _language() -> str:
    """Return the reader's language as the package ``holidays`` writes it."""
    code = get_language() or ""
    if code.lower() in ("zh-hans", "zh-cn", "zh"):
        return "zh_CN"
    return {"en": "en_US", "en-us": "en_US", "en-gb": "en_GB"}.get(code.lower(), code)


KINDS: list[Kind] = [Blackouts(), SpecialEvents(), PublicHolidays()]
