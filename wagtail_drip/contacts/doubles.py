"""Contacts that are probably one person: the same account, the same e-mail address, the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.querysets import alive

# Of those that are like somebody, so many are named; more are no hint any more.
MOST_ALIKE = 10


@dataclass(frozen=True, kw_only=True)
class Alike:
    """
    :ivar by: ``account``, ``email`` or ``name``, the surest first.
    """

    by: str
    contacts: Sequence[Contact]


def like(contact: Contact) -> list[tuple[Contact, str]]:
    """Return whom a contact is like, the surest first, each with the surest reason; a query for each reason."""
    same: dict[str, dict[str, Any]] = {
        "account": {"user": contact.user_id},
        "email": {"email": contact.email},
        "name": {"first_name": contact.first_name, "last_name": contact.last_name},
    }
    found: dict[int, tuple[Contact, str]] = {}
    for by, values in same.items():
        room = MOST_ALIKE - len(found)
        if room and all(values.values()):
            others = alive().filter(**values).exclude(pk__in=[contact.pk, *found]).order_by("pk")
            found.update((other.pk, (other, by)) for other in others[:room])
    return list(found.values())


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
        # Whatever a database thinks of capitals.
        value = contact.user_id if column == "user" else contact.email.casefold()
        rows.setdefault(value, []).append(contact)
    return [Alike(by=by, contacts=theirs) for theirs in rows.values() if len(theirs) > 1]
