"""The ``OPTIONS`` of an Oscar shop, with their defaults, and the words that the shop's forms show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from wagtail_drip.core import keys

# A project names its own statuses and shipping events; these are the usual ones.
STATUS_EVENTS = {
    "Shipped": "order_fulfilled",
    "Dispatched": "order_fulfilled",
    "Complete": "order_fulfilled",
    "Delivered": "order_delivered",
    "Cancelled": "order_cancelled",
    "Canceled": "order_cancelled",
}

DEFAULTS: dict[str, Any] = {
    # Order status, or name of a shipping event, to the event it means here. Replaces the map above.
    "STATUS_EVENTS": STATUS_EVENTS,
    # Payment transaction's type to event.
    "PAYMENT_EVENTS": {"Debit": "order_paid", "Refund": "order_refunded"},
    # The number typed at the checkout may be texted about the order: Oscar's form says it is for that.
    "TRANSACTIONAL_FROM_CHECKOUT": True,
    # What stands beside the box; '' for our own words. Whatever is shown is stored with the consent.
    "CONSENT_WORDING": "",
    # Record which products signed-in customers look at.
    "PRODUCT_VIEWS": True,
}


def read(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the options with defaults.

    :raises ImproperlyConfigured: naming an option that does not exist.
    """
    unknown = sorted(set(given) - set(DEFAULTS))
    if unknown:
        known = ", ".join(DEFAULTS)
        raise ImproperlyConfigured(f"The Oscar shop has no option {', '.join(unknown)}. There are {known}.")
    return {**DEFAULTS, **given}


def consent_wording(options: Mapping[str, Any]) -> str:
    """Return the words beside the box, in the active language."""
    if options["CONSENT_WORDING"]:
        return str(options["CONSENT_WORDING"])
    return str(
        _(
            "Yes, text me offers and news from %(shop)s at the phone number I give here. Consent is not a "
            "condition of purchase. Message and data rates may apply. Reply STOP to unsubscribe, HELP for help."
        )
        % {"shop": getattr(settings, "OSCAR_SHOP_NAME", "") or _("this shop")}
    )


def wording_version(wording: str) -> str:
    """Return a short name for exactly these words."""
    return keys.digest(wording)[:12]
