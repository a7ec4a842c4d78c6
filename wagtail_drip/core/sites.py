"""Reading sites' settings, set-wise."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.prepared import prepared


def zones_of(site_ids: Collection[int]) -> dict[int, str]:
    """Return the zone by which each site counts its days, of those that have settings, in one query."""
    return dict(_zones(site_ids))


def default_zone() -> str:
    """Return the zone of the default site: by whose days the shop counts where no site is meant."""
    found = SiteSettings.objects.order_by("-site__is_default_site", "site_id").values_list("zone", flat=True)
    return found.first() or "UTC"


@prepared
def _zones(site_ids: Collection[int]) -> QuerySet[Any]:
    return SiteSettings.objects.filter(Among("site_id", site_ids)).values_list("site_id", "zone")
