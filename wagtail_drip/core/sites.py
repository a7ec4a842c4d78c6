"""Reading sites' settings, set-wise."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet
from wagtail.models import Site

from wagtail_drip.conf import settings
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.prepared import prepared


def zones_of(site_ids: Collection[int]) -> dict[int, str]:
    """Return the zone by which each site counts its days, of those that have settings, in one query."""
    return dict(_zones(site_ids))


def default_id() -> int | None:
    """Return the site that what comes by no site belongs to: the default one, else the first; None without any."""
    found: int | None = Site.objects.order_by("-is_default_site", "pk").values_list("pk", flat=True).first()
    return found


def default_zone() -> str:
    """Return the zone of the default site: by whose days the shop counts where no site is meant."""
    found = SiteSettings.objects.order_by("-site__is_default_site", "site_id").values_list("zone", flat=True)
    return found.first() or "UTC"


def usual_region() -> str:
    """Return the country whose rules count where no site is meant: the default site's, else the installation's."""
    default = SiteSettings.objects.filter(site__is_default_site=True).values_list("region", flat=True).first()
    return default or str(settings.DEFAULT_REGION)


def sender_names() -> tuple[str, ...]:
    """Return every name by which one of the sites is known, for words of which the site is not known."""
    own = SiteSettings.objects.exclude(sender_name="").values_list("sender_name", flat=True)
    named = Site.objects.filter(~Q(site_name="") | ~Q(hostname="")).values_list("site_name", "hostname")
    return (*own, *(name or hostname for name, hostname in named))


@prepared
def _zones(site_ids: Collection[int]) -> QuerySet[Any]:
    return SiteSettings.objects.filter(Among("site_id", site_ids)).values_list("site_id", "zone")
