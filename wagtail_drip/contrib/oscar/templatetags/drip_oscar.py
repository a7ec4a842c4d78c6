"""What the shop's templates need of us."""

from __future__ import annotations

from django import template

from wagtail_drip.contrib.oscar import options
from wagtail_drip.contrib.oscar.adapter import OscarAdapter
from wagtail_drip.events.harmless import log_once_a_minute
from wagtail_drip.stores import registry

register = template.Library()


@register.simple_tag
def drip_consent_wording() -> str:
    """Return the words beside the box; '' while the shop is not configured, and then no box is shown."""
    try:
        store = registry.alias_of(OscarAdapter)
        return "" if store is None else options.consent_wording(registry.get(store).options)
    except Exception as error:  # noqa: BLE001 -- a checkout page is never harmed
        log_once_a_minute("drip_consent_wording", error)
        return ""
