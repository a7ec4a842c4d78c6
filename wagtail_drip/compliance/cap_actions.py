"""The only writers of special events."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from wagtail_drip.compliance.models import SpecialEvent

# What is longer is no event: change the caps instead.
LONGEST = timedelta(days=30)


def save_special_event(
    *,
    site_id: int,
    name: str,
    begins_on: date,
    ends_on: date,
    raised_week: int | None = None,
    raised_month: int | None = None,
    ceiling: int | None = None,
    sequences: Collection[int] = (),
    pk: int | None = None,
) -> SpecialEvent:
    """
    Declare a special event, or change one.

    :param raised_week: the most in 7 × 24 hours while it lasts; None leaves the site's cap as it is.
    :param ceiling: the most that one contact gets of the site while it lasts; None is no ceiling.
    :param sequences: ids of those whose messages it is for; nobody else's are touched by it.
    :raises ValueError: if it ends before it begins, or lasts longer than ``LONGEST``.
    """
    if ends_on < begins_on:
        raise ValueError("ends_on is before begins_on: give the last day, which may be the first.")
    if ends_on - begins_on >= LONGEST:
        raise ValueError("A special event lasts at most 30 days: change the site's caps instead.")
    fields = {
        "site_id": site_id,
        "name": name,
        "begins_on": begins_on,
        "ends_on": ends_on,
        "raised_week": raised_week,
        "raised_month": raised_month,
        "ceiling": ceiling,
        "sequences": sorted(sequences),
    }
    row = SpecialEvent(pk=pk, **fields)
    row.save()
    return row


def delete_special_event(pk: int) -> None:
    SpecialEvent.objects.filter(pk=pk).delete()
