"""Whom an identity means, one at a time: by their number, the shop's keys, or an address that only one has."""

from __future__ import annotations

import logging

from wagtail_drip.contacts import cleaning, merging, querysets
from wagtail_drip.contacts import phone as phones
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.contacts.types import Identity

logger = logging.getLogger(__name__)

# The strongest first: an account outlives the browser that an anonymous id names.
_KINDS = ("external_id", "user_id", "anonymous_id")


def find(identity: Identity, *, region: str = "") -> Contact | None:
    """
    Return whom *identity* means, as ``identify`` would, making and changing nobody; None for nobody we know.

    A number that went with its contact into another one still means who speaks for it.
    """
    number = readable(identity.phone, region=identity.region or region)
    if number is None:
        return known_by_key(identity) or known_by_email(identity.email, has_number=False)
    owner = Contact.objects.filter(active_phone=number.e164).values_list("pk", flat=True).first()
    owners = [owner] if owner is not None else merging.merged_from(number.e164)
    heads = set(querysets.resolve_merged(owners).values())
    return Contact.objects.get(pk=heads.pop()) if len(heads) == 1 else None


def readable(raw: str, *, region: str) -> phones.Phone | None:
    if not raw.strip():
        return None
    try:
        return phones.parse(raw, region=region)
    except phones.InvalidPhone as error:
        logger.info("A contact came with a phone number that cannot be read: %s", error)
        return None


def keys_of(identity: Identity) -> dict[str, str]:
    """Return the identity's keys by kind; without a store they name nobody."""
    if not identity.store:
        return {}
    found = {kind: cleaning.clean(getattr(identity, kind), 191) for kind in _KINDS}
    return {kind: value for kind, value in found.items() if value}


def known_by_key(identity: Identity) -> Contact | None:
    keys = keys_of(identity)
    if not keys:
        return None
    rows = ContactIdentity.objects.filter(
        store=identity.store, kind__in=keys, value__in=set(keys.values())
    ).values_list("kind", "value", "contact_id")
    owners = {kind: owner for kind, value, owner in rows if keys.get(kind) == value}
    if not owners:
        return None
    heads = querysets.resolve_merged(owners.values())
    alive = Contact.objects.filter(erased_at=None).in_bulk(list(heads.values()))
    for kind in _KINDS:
        if kind in owners and heads[owners[kind]] in alive:
            return alive[heads[owners[kind]]]
    return None


def known_by_email(email: str, *, has_number: bool) -> Contact | None:
    address = cleaning.email(email)
    if not address:
        return None
    found = querysets.alive().filter(email=address)
    if has_number:
        found = found.filter(active_phone=None)
    candidates = list(found[:2])
    return candidates[0] if len(candidates) == 1 else None
