"""Contacts that are probably one person: the same e-mail address, the same account, the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from wagtail_drip.contacts.models import Contact

# Of those that are like somebody, so many are named; more are no hint any more.
MOST_ALIKE = 10


@dataclass(frozen=True, kw_only=True)
class Alike:
    """
    :ivar by: ``account``, ``email`` or ``name``, the surest first.
    """

    by: str
    contacts: Sequence[Contact]


def alive() -> QuerySet[Contact]:
    """Return those who speak for themselves."""
    return Contact.objects.filter(merged_into=None, erased_at=None)


def like(contact: Contact) -> list[tuple[Contact, str]]:
    """Return whom a contact is like, each with the surest reason, in one query."""
    same: dict[str, Q] = {}
    if contact.user_id:
        same["account"] = Q(user=contact.user_id)
    if contact.email:
        same["email"] = Q(email=contact.email)
    if contact.first_name and contact.last_name:
        same["name"] = Q(first_name=contact.first_name, last_name=contact.last_name)
    if not same:
        return []
    any_of = Q(pk__in=[])
    for condition in same.values():
        any_of |= condition
    found = alive().filter(any_of).exclude(pk=contact.pk).order_by("pk")[: MOST_ALIKE * 3]
    reasons = list(same)
    rows = [(other, _why(contact, other, reasons)) for other in found]
    return sorted(rows, key=lambda row: (reasons.index(row[1]), row[0].pk))[:MOST_ALIKE]


def _why(contact: Contact, other: Contact, reasons: Sequence[str]) -> str:
    if "account" in reasons and other.user_id == contact.user_id:
        return "account"
    # Whatever a collation thinks of capitals: what found them by nothing else found them by this.
    is_named_alike = (other.first_name, other.last_name) == (contact.first_name, contact.last_name)
    return "email" if "email" in reasons and (other.email == contact.email or not is_named_alike) else "name"


def groups(*, limit: int) -> list[Alike]:
    """
    Return those who share an account, then those who share an address, *limit* groups at most, in four queries.

    Who only shares a name is not among them: too many do.
    """
    found: list[Alike] = []
    for by, column, empty in (("account", "user", None), ("email", "email", "")):
        keys = (
            alive()
            .exclude(**{column: empty})
            .order_by(column)
            .values(column)
            .annotate(n=Count("pk"))
            .filter(n__gt=1)
        )
        wanted = [row[column] for row in keys[: limit - len(found)]]
        found += _groups(by, column, wanted) if wanted else []
    return found


def _groups(by: str, column: str, wanted: Sequence[Any]) -> list[Alike]:
    rows: dict[Any, list[Contact]] = {}
    for contact in alive().filter(**{f"{column}__in": wanted}).order_by("pk"):
        value = contact.user_id if column == "user" else contact.email
        rows.setdefault(value.casefold() if isinstance(value, str) else value, []).append(contact)
    return [Alike(by=by, contacts=theirs) for theirs in rows.values() if len(theirs) > 1]
