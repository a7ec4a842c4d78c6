"""
What somebody's orders come to, kept current while they are copied.

Always computed anew from the purchases themselves, of a batch's people together: a repeat, an order that comes
late, a refund before its order and a cancellation all end in what the purchases say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, Min, Q, Sum

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.core.among import Among
from wagtail_drip.core.upserts import upsert
from wagtail_drip.stores.models import Purchase, PurchaseTally, SpendTally

# Contacts looked at together: memory does not grow with their number.
CHUNK = 500
# As the column keeps it; SQLite adds up in floating point.
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True)
class Bought:
    """
    What the orders of one person that stand come to.

    :ivar spent: how many orders and how much, by every currency they ever ordered in.
    """

    n: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    spent: tuple[tuple[str, int, Decimal], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found among one chunk of contacts."""

    contacts: int
    wrong: list[int]


def refresh(contact_ids: Collection[int]) -> None:
    """
    Write what these people's orders come to, for whoever speaks for them now; in the caller's transaction.

    A fixed number of queries. Call it after whatever changes a purchase, or whose it is.
    """
    heads = contacts.resolve_merged(contact_ids)
    if not heads:
        return
    # First of all, so that whoever changes an order of the same people meanwhile waits, and then finds this one.
    claims.insert_new(
        [PurchaseTally(contact_id=pk) for pk in sorted(set(heads.values()))], unique=["contact"]
    )
    claims.lock_in_order(PurchaseTally.objects.filter(Among("contact_id", set(heads.values()))))
    found, merged = _computed(set(heads.values()))
    upsert(
        [
            PurchaseTally(contact_id=pk, n=each.n, first_at=each.first_at, last_at=each.last_at)
            for pk, each in sorted(found.items())
        ],
        unique=["contact"],
        update=["n", "first_at", "last_at"],
    )
    upsert(
        [
            SpendTally(contact_id=pk, currency=currency, n=n, spent=spent)
            for pk, each in sorted(found.items())
            for currency, n, spent in each.spent
        ],
        unique=["contact", "currency"],
        update=["n", "spent"],
    )
    if merged:
        # What was theirs is counted for who speaks for them.
        SpendTally.objects.filter(Among("contact_id", merged)).delete()
        PurchaseTally.objects.filter(Among("contact_id", merged)).delete()


def _computed(heads: Collection[int]) -> tuple[dict[int, Bought], dict[int, int]]:
    """Return what each of *heads* bought, and everybody who was merged into one of them."""
    merged = contacts.merged_into(heads)
    speaks_for = {**{pk: pk for pk in heads}, **merged}
    stands = ~Q(status="cancelled")
    rows = (
        Purchase.objects.filter(Among("contact_id", speaks_for))
        .order_by()
        .values_list("contact_id", "currency")
        .annotate(
            counted=Count("pk", filter=stands),
            came_to=Sum(F("total") - F("refunded"), filter=stands, default=Decimal(0)),
            first=Min("placed_at", filter=stands),
            newest=Max("placed_at", filter=stands),
        )
    )
    theirs: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for contact_id, *row in rows:
        theirs[speaks_for[contact_id]].append(tuple(row))
    return {pk: _bought(theirs[pk]) for pk in heads}, merged


def _bought(rows: list[tuple[Any, ...]]) -> Bought:
    if not rows:
        return Bought()
    spent: defaultdict[str, list[tuple[int, Decimal]]] = defaultdict(list)
    for currency, n, total, _first, _last in rows:
        spent[currency].append((n, total))
    return Bought(
        n=sum(n for _currency, n, _total, _first, _last in rows),
        first_at=min((row[3] for row in rows if row[3]), default=None),
        last_at=max((row[4] for row in rows if row[4]), default=None),
        spent=tuple(
            (
                currency,
                sum(n for n, _ in parts),
                sum((total for _, total in parts), Decimal(0)).quantize(_PLACES),
            )
            for currency, parts in sorted(spent.items())
        ),
    )


def everybody() -> Iterator[Checked]:
    """Compare what is kept with the purchases, a chunk of contacts at a time, changing nothing."""
    last = 0
    while chunk := list(
        Contact.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        yield Checked(contacts=len(chunk), wrong=wrong(chunk))
        last = chunk[-1]


def wrong(contact_ids: Collection[int]) -> list[int]:
    """Return those of these contacts for whom something else is kept than their purchases come to."""
    heads = {pk for pk, head in contacts.resolve_merged(contact_ids).items() if pk == head}
    found, _merged = _computed(heads)
    return sorted(pk for pk, each in _kept(contact_ids).items() if each != found.get(pk, Bought()))


def _kept(contact_ids: Collection[int]) -> dict[int, Bought]:
    spent: defaultdict[int, list[tuple[str, int, Decimal]]] = defaultdict(list)
    for row in SpendTally.objects.filter(Among("contact_id", contact_ids)):
        spent[row.contact_id].append((row.currency, row.n, row.spent.quantize(_PLACES)))
    counted = {row.contact_id: row for row in PurchaseTally.objects.filter(Among("contact_id", contact_ids))}
    found = {}
    for pk in contact_ids:
        row_of = counted.get(pk) or PurchaseTally()
        found[pk] = Bought(
            n=row_of.n,
            first_at=row_of.first_at,
            last_at=row_of.last_at,
            spent=tuple(sorted(spent[pk])),
        )
    return found


def repair(contact_ids: Collection[int]) -> int:
    """Make what is kept for these contacts what their purchases come to, and return how many differed."""
    claims.require_transaction()
    differing = wrong(contact_ids)
    if differing:
        refresh(differing)
    return len(differing)


def of(contact_id: int) -> tuple[PurchaseTally | None, list[SpendTally]]:
    """Return what is kept for one contact, for their page."""
    return (
        PurchaseTally.objects.filter(contact_id=contact_id).first(),
        list(SpendTally.objects.filter(contact_id=contact_id).order_by("-spent", "currency")),
    )
