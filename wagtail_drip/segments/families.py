"""
What happened to somebody who was merged counts for whom they were merged into.

Rows keep the contact to whom it happened, and to read them all as the survivor's would take two joins a row. So
families, few of many, are asked apart: of everybody else each row is simply theirs.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from wagtail_drip.contacts.models import Contact

# Whose row it is, of a table with ``contact``.
OWNER = Coalesce("contact__merged_into__merged_into_id", "contact__merged_into_id", "contact_id")


def are_there() -> bool:
    """Tell whether anybody was ever merged."""
    return _merged().exists()


def survivors() -> QuerySet[Any]:
    """Return into whom somebody was merged."""
    found: QuerySet[Any] = _merged().values_list("merged_into_id")
    return found


def owners(rows: QuerySet[Any], *, together: bool) -> QuerySet[Any]:
    """
    Return whose each of *rows* is, as its ``owner``.

    :param together: only of families, and as the survivor's; else each row is of the contact that it names.
    """
    if not together:
        alone: QuerySet[Any] = rows.values(owner=F("contact_id"))
        return alone
    family = _merged().values_list("pk").union(survivors(), all=True)
    theirs: QuerySet[Any] = rows.filter(contact_id__in=family).values(owner=OWNER)
    return theirs


def apart(contacts: QuerySet[Contact], *, together: bool) -> QuerySet[Contact]:
    """Return those of *contacts* into whom somebody was merged, or all others."""
    are_survivors = Q(pk__in=survivors())
    return contacts.filter(are_survivors if together else ~are_survivors)


def _merged() -> QuerySet[Contact]:
    return Contact.objects.filter(merged_into__isnull=False)
