"""Who a person is in all tables: the contact that speaks for them, whoever was merged into it, their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from wagtail_drip.contacts import cleaning, phone, querysets
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.core.personal_data import Person
from wagtail_drip.exceptions import WagtailDripError


class NobodyFound(WagtailDripError):
    """Nobody is known by this number, address or id."""


class SeveralFound(WagtailDripError):
    """Several contacts have this e-mail address: name the one that is meant by its id."""


def find(name: str, *, region: str = "") -> int:
    """
    Return the contact that *name* means: an id, a number, or an e-mail address.

    :param region: the country of a number without country code.
    :raises NobodyFound: if nobody is known by it.
    :raises SeveralFound: if more than one are.
    """
    name = name.strip()
    if "@" in name:
        found = Contact.objects.filter(email=cleaning.email(name) or name, merged_into=None)
    elif name.isascii() and name.isdecimal() and not name.startswith("0") and len(name) < 10:
        found = Contact.objects.filter(pk=int(name))
    else:
        try:
            number = phone.parse(name, region=region).e164
        except phone.InvalidPhone as error:
            raise NobodyFound(
                "Give a contact's id, their number with its country code, or an e-mail address."
            ) from error
        found = Contact.objects.filter(active_phone=number)
    pks = list(found.order_by("pk").values_list("pk", flat=True)[:6])
    if not pks:
        raise NobodyFound(NobodyFound.__doc__)
    if len(pks) > 1:
        ids = ", ".join(map(str, pks))
        raise SeveralFound(f"Several contacts have this e-mail address: name one by its id ({ids}).")
    return querysets.resolve_merged(pks)[pks[0]]


def person(contact_id: int, *, until: datetime) -> Person:
    """Return under what the contact is found: its own row's and all those that were merged into it."""
    head = querysets.resolve_merged([contact_id])[contact_id]
    ids = sorted({head, *querysets.merged_into([head])})
    rows = list(
        Contact.objects.filter(pk__in=ids).order_by("pk").values_list("phone", "active_phone", "email")
    )
    keys = ContactIdentity.objects.filter(contact__in=ids).order_by("store", "kind", "value")
    return Person(
        contact_ids=tuple(ids),
        numbers=_each(number for row in rows for number in row[:2]),
        emails=_each(row[2] for row in rows),
        identities=tuple(keys.values_list("store", "kind", "value")),
        until=until,
    )


def _each(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
