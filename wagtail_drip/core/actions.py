"""The only writers of the installation's row and of a site's settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock, keys
from wagtail_drip.core.models import Installation, SiteSettings


def installation() -> Installation:
    """Return this installation's row, made at the first call."""
    row, _made = Installation.objects.get_or_create(
        pk=1, defaults={"install_id": keys.new_token(), "created_at": clock.lease_now()}
    )
    return row


def site_settings(site_id: int) -> SiteSettings:
    """Return how the site texts; a site without settings has the defaults and is closed."""
    found = SiteSettings.objects.filter(site_id=site_id).first()
    if found is None:
        region = settings.DEFAULT_REGION
        claims.insert_new([SiteSettings(site_id=site_id, region=region)], unique=["site"])
        found = SiteSettings.objects.get(site_id=site_id)
    return found


def fingerprint(account: str) -> str:
    """Return what an open site is bound to: where the public reaches it, and the gateway's *account*."""
    return keys.digest(settings.PUBLIC_BASE_URL, account)


def open_site(site_id: int, *, account: str, now: datetime) -> SiteSettings:
    """Let the site text its customers, from this address and with this gateway account only."""
    row = site_settings(site_id)
    row.opened_at = now
    row.opened_for = fingerprint(account)
    row.save(update_fields=["opened_at", "opened_for"])
    return row


def close_site(site_id: int) -> None:
    """Go back to texting nobody but confirmed staff numbers."""
    SiteSettings.objects.filter(site_id=site_id).update(opened_at=None, opened_for="")


def is_open(row: SiteSettings, *, account: str) -> bool:
    """Tell whether the site may text customers from here with this gateway account."""
    return row.opened_at is not None and row.opened_for == fingerprint(account)


@transaction.atomic
def change_site_settings(site_id: int, **changes: Any) -> SiteSettings:
    """Write the given fields of a site's settings and return the row."""
    row = site_settings(site_id)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    return row
