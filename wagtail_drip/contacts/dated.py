"""Writes the dates among contacts' attributes where a database finds them by day; whoever calls holds the locks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from wagtail_drip.contacts import dates
from wagtail_drip.contacts.models import Contact, ContactDate
from wagtail_drip.core import claims
from wagtail_drip.core.among import Among


def write_dates(people: Collection[Contact]) -> None:
    """Keep the dates among these contacts' attributes where they are found by day."""
    wanted = {(person.pk, each.name): each for person in people for each in dates.dated(person.attributes)}
    held = {
        (row.contact_id, row.name): row
        for row in ContactDate.objects.filter(Among("contact_id", [person.pk for person in people]))
    }
    gone = [
        row.pk
        for key, row in held.items()
        if key not in wanted or dates.of_row(row.on, row.month, row.day) != wanted[key][1:]
    ]
    if gone:
        ContactDate.objects.filter(Among("pk", gone)).delete()
    left = {key for key, row in held.items() if row.pk not in set(gone)}
    claims.insert_new(
        [
            ContactDate(
                contact_id=contact_id,
                name=each.name,
                on=date(each.year, each.month, each.day) if each.year else None,
                month=each.month,
                day=each.day,
            )
            for (contact_id, _name), each in sorted(wanted.items())
            if (contact_id, each.name) not in left
        ],
        unique=["contact", "name"],
    )
