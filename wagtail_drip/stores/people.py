"""Whom a batch is about: known people are found set-wise, and only who is new or changed is identified."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import phone as phones
from wagtail_drip.contacts import querysets as contacts_reading
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.contacts.types import Identity
from wagtail_drip.core import claims

_KINDS = ("external_id", "user_id", "anonymous_id")
_FIELDS = ("email", "first_name", "last_name", "language", "zone")

Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Person:
    """A contact that an identity means; *has_number* tells whether it can be texted at all."""

    contact_id: int
    has_number: bool


def resolve(identities: Mapping[Identity, str], *, now: datetime) -> dict[Identity, Person]:
    """
    Return who each identity means; contacts are made for people we did not know.

    :param identities: each with the country for numbers without a country code.
    """
    found: dict[Identity, Person] = {}
    known = _known(identities)
    told: set[Key] = set()
    # Who comes with a number first, since the shop's keys follow it; and in one order everywhere, so that two
    # workers do not wait for each other crosswise.
    for identity in sorted(
        identities, key=lambda each: (not each.phone, each.phone, each.email, *_values(each))
    ):
        contact = None
        if told.isdisjoint(keys_of(identity)):
            contact = _settled(identity, known, region=identities[identity])
        if contact is None:
            contact = contacts.identify(identity, now=now, region=identities[identity])
            told.update(keys_of(identity))
        found[identity] = Person(contact_id=contact.pk, has_number=contact.active_phone is not None)
    return found


def lock(contact_ids: Collection[int]) -> None:
    """Lock these contacts in primary-key order, before anything is written that hangs on them."""
    if contact_ids:
        claims.lock_in_order(Contact.objects.filter(pk__in=set(contact_ids)))


@dataclass(frozen=True, kw_only=True)
class Known:
    owners: Mapping[Key, int]
    contacts: Mapping[int, Contact]
    by_phone: Mapping[str, Contact]


def _known(identities: Mapping[Identity, str]) -> Known:
    keys = {key for identity in identities for key in keys_of(identity)}
    owners: dict[Key, int] = {}
    if keys:
        rows = ContactIdentity.objects.filter(
            store__in={store for store, _, _ in keys}, value__in={value for _, _, value in keys}
        )
        for store, kind, value, contact_id in rows.values_list("store", "kind", "value", "contact_id"):
            owners[store, kind, value] = contact_id
    numbers = {number for identity, region in identities.items() if (number := e164(identity, region))}
    by_phone = contacts_reading.by_phone(numbers) if numbers else {}
    return Known(owners=owners, contacts=Contact.objects.in_bulk(set(owners.values())), by_phone=by_phone)


def _settled(identity: Identity, known: Known, *, region: str) -> Contact | None:
    """Return the contact that *identity* means if it says nothing new of it; None where it must be identified."""
    keys = keys_of(identity)
    number = e164(identity, region)
    owners = {known.owners.get(key) for key in keys}
    if len(owners) > 1 or None in owners:
        return None
    contact = known.contacts.get(owners.pop() or 0) if keys else known.by_phone.get(number)
    if contact is None or contact.merged_into_id is not None or contact.erased_at is not None:
        return None
    if number and contact.active_phone != number:
        return None
    if identity.region and not contact.region:
        return None
    if any(getattr(identity, name) not in ("", getattr(contact, name)) for name in _FIELDS):
        return None
    return contact


def keys_of(identity: Identity) -> list[Key]:
    """Return under which keys the identity's store knows the person."""
    if not identity.store:
        return []
    return [(identity.store, kind, getattr(identity, kind)) for kind in _KINDS if getattr(identity, kind)]


def e164(identity: Identity, region: str) -> str:
    """Return the identity's number in E.164; '' where it has none that can be read."""
    if not identity.phone:
        return ""
    try:
        return phones.parse(identity.phone, region=identity.region or region).e164
    except phones.InvalidPhone:
        return ""


def _values(identity: Identity) -> Iterable[str]:
    return (identity.external_id, identity.user_id, identity.anonymous_id)
