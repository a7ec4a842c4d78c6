"""What a text can show of a contact: the one builder behind sending and preview, in a fixed number of queries."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from wagtail.models import Site

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content.types import Addressee
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.prepared import prepared
from wagtail_drip.core.values import value
from wagtail_drip.links import personal
from wagtail_drip.stores import interests, registry
from wagtail_drip.stores import querysets as stores
from wagtail_drip.stores.models import Cart, Purchase
from wagtail_drip.stores.types import money

# Currencies written without decimals: those with minor unit 0 in ISO 4217.
_WHOLE_CURRENCIES = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)


_NOBODY: Mapping[int, Addressee] = {}


@value
class Subject:
    """Whom, where and about what a text speaks.

    :param event: the properties of the event that it is about; its order and its cart win over later ones.
    """

    contact_id: int | None
    site_id: int
    event: Mapping[str, Any]


def build(
    subjects: Sequence[Subject],
    *,
    roots: Collection[str],
    known: Mapping[int, Addressee] = _NOBODY,
    now: datetime,
) -> list[dict[str, Any]]:
    """
    Return each subject's variables, in the same order.

    :param roots: which of contact, interests, order, cart, shop and link any of the texts reads; others are not fetched.
    :param known: contacts that were read already, by their ids.
    """
    found: list[dict[str, Any]] = [{"event": dict(subject.event)} for subject in subjects]
    if "contact" in roots:
        people = _people({each.contact_id for each in subjects if each.contact_id is not None}, known)
        for subject, variables in zip(subjects, found, strict=True):
            person = people.get(subject.contact_id) if subject.contact_id is not None else None
            variables["contact"] = person or {}
    if "interests" in roots:
        cares = _interests({each.contact_id for each in subjects if each.contact_id is not None}, now)
        for subject, variables in zip(subjects, found, strict=True):
            variables["interests"] = cares.get(subject.contact_id or 0, {})
    if "order" in roots:
        _fill(subjects, found, "order", "order_id", stores.latest_purchases, _order)
    if "cart" in roots:
        _fill(subjects, found, "cart", "cart_id", stores.open_carts, _cart)
    if "shop" in roots:
        shops = _shops({subject.site_id for subject in subjects})
        for subject, variables in zip(subjects, found, strict=True):
            variables["shop"] = shops.get(subject.site_id, {})
    if "link" in roots:
        sites = Site.objects.in_bulk({subject.site_id for subject in subjects})
        for subject, variables in zip(subjects, found, strict=True):
            variables["link"] = _own_pages(subject, sites.get(subject.site_id))
    return found


def _own_pages(subject: Subject, site: Site | None) -> dict[str, str]:
    if site is None or subject.contact_id is None:
        return {}
    return personal.addresses_of(subject.contact_id, site)


def _fill(
    subjects: Sequence[Subject],
    found: Sequence[dict[str, Any]],
    root: str,
    id_property: str,
    read: Any,
    describe: Any,
) -> None:
    """Put *root* into each subject's variables. A contact with two orders in one batch takes two rounds."""
    rounds: list[_Round] = []
    for position, subject in enumerate(subjects):
        if subject.contact_id is None:
            continue
        wanted = str(subject.event.get(id_property) or "")
        fitting = (each for each in rounds if each.ids.get(subject.contact_id, wanted) == wanted)
        found_round = next(fitting, None)
        if found_round is None:
            found_round = _Round()
            rounds.append(found_round)
        found_round.ids[subject.contact_id] = wanted
        found_round.positions.setdefault(subject.contact_id, []).append(position)
    for each in rounds:
        rows = read(list(each.ids), each.ids)
        for contact_id, positions in each.positions.items():
            for position in positions:
                found[position][root] = describe(rows.get(contact_id), subjects[position].event)


@dataclass
class _Round:
    """One reading for many contacts, each with one order or cart that matters."""

    ids: dict[int, str] = field(default_factory=dict)
    positions: dict[int, list[int]] = field(default_factory=dict)


def _people(contact_ids: set[int], known: Mapping[int, Addressee]) -> dict[int, dict[str, Any]]:
    """Return what texts show of each contact, by whoever speaks for it now. One query more if any was merged."""
    rows = {pk: known[pk] for pk in contact_ids & known.keys()} | _rows(contact_ids - known.keys())
    if any(row.merged_into_id is not None for row in rows.values()):
        heads = contacts.resolve_merged(contact_ids)
        rows.update(_rows(set(heads.values()) - rows.keys()))
        rows = {pk: rows[head] for pk, head in heads.items() if head in rows}
    return {
        pk: {
            **row.attributes,
            "first_name": _name(row.first_name),
            "last_name": _name(row.last_name),
            "language": row.language,
        }
        for pk, row in rows.items()
    }


def _interests(contact_ids: Collection[int], now: datetime) -> dict[int, dict[str, str]]:
    """Return what texts show of what each of these people cares about: what they said comes first."""
    heads = contacts.resolve_merged(contact_ids)
    found, names = interests.of(set(heads.values()), now=now), interests.names()
    shown: dict[int, dict[str, str]] = {}
    for pk, head in heads.items():
        theirs = found.get(head, interests.NO_INTERESTS)
        said = [names[each] for each in theirs.stated if each in names]
        did = [names[each] for each in theirs.inferred if each in names]
        both = list(dict.fromkeys([*said, *did]))
        shown[pk] = {
            "top": both[0] if both else "",
            "all": ", ".join(both),
            "stated": ", ".join(said),
            "shown": ", ".join(did),
        }
    return shown


# What a phone makes a link or a call of, and what begins another line or sentence of its own.
_NO_NAME = re.compile(
    r"[/@:\\]|www\.|[^\W_]{2}\.[a-z]{2,}|(?:\d[ .-]?){7}|[\x00-\x1f\u2028\u2029]", re.IGNORECASE
)
# Whatever is no name has one of these in it; to look for them takes a tenth of the time.
_MAY_BE_NO_NAME = re.compile(r"[/@:\\.\d\x00-\x1f\u2028\u2029]")
_LONGEST_NAME = 50


def _name(typed: str) -> str:
    """
    Return a name as a text may show it; '' for what is no name.

    Anybody can type somebody else's number into a form, and an address for a name: in our text, from our
    sender and behind our own short link, it would be the bait of a fraud.
    """
    if len(typed) > _LONGEST_NAME or (_MAY_BE_NO_NAME.search(typed) and _NO_NAME.search(typed)):
        return ""
    return typed


def _rows(contact_ids: Collection[int]) -> dict[int, Addressee]:
    if not contact_ids:
        return {}
    return {row[0]: Addressee._make(row) for row in _addressees(contact_ids)}


@prepared
def _addressees(contact_ids: Collection[int]) -> QuerySet[Any]:
    return Contact.objects.filter(Among("pk", contact_ids)).values_list(*Addressee._fields)


def _order(purchase: Purchase | None, event: Mapping[str, Any]) -> dict[str, Any]:
    if purchase is None:
        return {}
    lines = sorted(purchase.lines.all(), key=lambda line: line.position)
    return {
        "number": purchase.number or purchase.order_id,
        "total": amount(purchase.total, purchase.currency),
        "currency": purchase.currency,
        "first_product": lines[0].name if lines else "",
    }


def _cart(cart: Cart | None, event: Mapping[str, Any]) -> dict[str, Any]:
    if cart is None:
        return {}
    first = cart.products[0] if cart.products and isinstance(cart.products[0], dict) else {}
    return {
        "total": amount(cart.total, cart.currency) if cart.total is not None else "",
        "currency": cart.currency,
        "first_product": first.get("name", ""),
        "url": event.get("recovery_url") or _recovery_url(cart),
    }


def _recovery_url(cart: Cart) -> str:
    adapter = registry.find(cart.store)
    return adapter.recovery_url(cart.cart_id) if adapter is not None else ""


def _shops(site_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    names = dict(SiteSettings.objects.filter(site_id__in=site_ids).values_list("site_id", "sender_name"))
    return {
        site.pk: {"name": names.get(site.pk) or site.site_name or site.hostname, "url": site.root_url}
        for site in Site.objects.filter(pk__in=site_ids)
    }


def amount(total: Decimal, currency: str) -> str:
    """Return an amount as people write it in this currency: 12.50, but 1200 yen."""
    if currency in _WHOLE_CURRENCIES and total == total.to_integral_value():
        return format(total.to_integral_value(), "f")
    return money(total)
