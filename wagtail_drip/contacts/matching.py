"""Whom each of many descriptions means, in a fixed number of queries: what ``identify`` finds one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.core.among import Among


@dataclass(frozen=True, kw_only=True)
class Described:
    """
    By what somebody is looked for, as it is stored.

    :param phone: E.164, or ''.
    :param external_id: under which *store* knows them, or ''.
    :param email: in small letters, or ''.
    """

    phone: str = ""
    store: str = ""
    external_id: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Match:
    """
    :param contact_id: None for somebody new.
    :param gets_number: the contact has no number yet and is to have this one.
    :param is_ambiguous: several contacts have the address, and nothing else tells them apart.
    """

    contact_id: int | None = None
    gets_number: bool = False
    is_ambiguous: bool = False


@dataclass(frozen=True, kw_only=True)
class _Known:
    numbers: dict[str, int] = field(default_factory=dict)
    # The contact that a key names, and whether it has a number.
    keys: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    addresses: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)


def match(wanted: Sequence[Described]) -> list[Match]:
    """Return whom each of *wanted* means, in its order; each contact without a number is given one only once."""
    known = _look_up(wanted)
    given: set[int] = set()
    found: list[Match] = []
    for each in wanted:
        one = _one(each, known, given)
        if one.gets_number and one.contact_id is not None:
            given.add(one.contact_id)
        found.append(one)
    return found


def _one(each: Described, known: _Known, given: set[int]) -> Match:
    by_key = known.keys.get((each.store, each.external_id)) if each.external_id else None
    if each.phone:
        owner = known.numbers.get(each.phone)
        if owner is not None:
            return Match(contact_id=owner)
        if by_key is not None:
            contact_id, has_number = by_key
            # A number is a contact: whoever has another one is somebody else, and the key goes to the new one.
            is_free = not has_number and contact_id not in given
            return Match(contact_id=contact_id, gets_number=True) if is_free else Match()
    elif by_key is not None:
        return Match(contact_id=by_key[0])
    return _by_address(each, known, given)


def _by_address(each: Described, known: _Known, given: set[int]) -> Match:
    owners = known.addresses.get(each.email, []) if each.email else []
    if each.phone:
        free = [pk for pk, has_number in owners if not has_number and pk not in given]
        return Match(contact_id=free[0], gets_number=True) if len(free) == 1 else Match()
    if len(owners) > 1 and not each.external_id:
        return Match(is_ambiguous=True)
    return Match(contact_id=owners[0][0]) if len(owners) == 1 else Match()


def _look_up(wanted: Sequence[Described]) -> _Known:
    """Read what is known of these people, in five queries at most (and one more a merge of merges)."""
    known = _Known()
    numbers = {each.phone for each in wanted if each.phone}
    if numbers:
        rows = Contact.objects.filter(Among("active_phone", numbers))
        known.numbers.update({number: pk for number, pk in rows.values_list("active_phone", "pk") if number})
    keys = {each.external_id for each in wanted if each.external_id}
    if keys:
        _look_up_keys(keys, {each.store for each in wanted if each.external_id}, known)
    addresses = {each.email for each in wanted if each.email}
    if addresses:
        found: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
        people = querysets.alive().filter(Among("email", addresses))
        for email, pk, number in people.order_by("pk").values_list("email", "pk", "active_phone"):
            found[email].append((pk, number is not None))
        known.addresses.update(found)
    return known


def _look_up_keys(keys: set[str], stores: set[str], known: _Known) -> None:
    rows = ContactIdentity.objects.filter(Among("value", keys), store__in=stores, kind="external_id")
    owners = {(store, value): pk for store, value, pk in rows.values_list("store", "value", "contact_id")}
    if not owners:
        return
    heads = querysets.resolve_merged(owners.values())
    alive = dict(
        Contact.objects.filter(Among("pk", set(heads.values())), erased_at=None).values_list(
            "pk", "active_phone"
        )
    )
    for key, pk in owners.items():
        if heads[pk] in alive:
            known.keys[key] = (heads[pk], alive[heads[pk]] is not None)
