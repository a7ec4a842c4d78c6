"""When somebody was last seen: what they did themselves, of all that happened to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Max, QuerySet

from wagtail_drip.core.among import Among
from wagtail_drip.events.models import EventTally

# A parcel that was delivered, or a segment somebody came into, says nothing of whether they are still there.
SIGNS_OF_LIFE = (
    "appointment_booked",
    "back_in_stock_requested",
    "cart_emptied",
    "cart_updated",
    "checkout_started",
    "checkout_step_completed",
    "coupon_applied",
    "coupon_removed",
    "course_enrolled",
    "customer_registered",
    "enquiry_received",
    "event_checked_in",
    "event_registered",
    "form_submitted",
    "homework_submitted",
    "link_clicked",
    "message_replied",
    "module_completed",
    "opted_in",
    "opted_out",
    "order_placed",
    "preferences_changed",
    "product_added_to_cart",
    "product_added_to_wishlist",
    "product_removed_from_cart",
    "product_reviewed",
    "product_viewed",
    "products_searched",
    "viewing_booked",
)


def last_seen(contact_ids: Collection[int]) -> datetime | None:
    """Return when any of these contacts, who are one person, last did something of themselves. One query."""
    rows = _signs().filter(Among("contact_id", contact_ids))
    newest: datetime | None = rows.aggregate(newest=Max("last_at"))["newest"]
    return newest


def seen_since(moment: datetime) -> QuerySet[EventTally]:
    """Return the tallies of who did something at *moment* or later."""
    return _signs().filter(last_at__gte=moment)


def _signs() -> QuerySet[EventTally]:
    return EventTally.objects.filter(name__in=SIGNS_OF_LIFE)
