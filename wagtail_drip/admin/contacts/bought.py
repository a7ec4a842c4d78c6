"""What the contacts of a list bought, from the tallies that the intake keeps: columns, filters, and one page's lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column

from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.events import seen as seeing
from wagtail_drip.stores import tallies
from wagtail_drip.stores.models import SpendTally

SORTED = ("purchase_tally__n", "purchase_tally__last_at", "spent")
SEEN = [
    ("7", _("In the last 7 days")),
    ("30", _("In the last 30 days")),
    ("90", _("In the last 90 days")),
    ("not-30", _("Not in the last 30 days")),
    ("not-90", _("Not in the last 90 days")),
    ("not-365", _("Not in the last 365 days")),
]


@dataclass(frozen=True, kw_only=True)
class Bought:
    """:ivar spent: "42.50 GBP", one of each currency."""

    n: int
    first_at: datetime | None
    last_at: datetime | None
    spent: list[str]
    seen_at: datetime | None


def of(contact_id: int) -> Bought:
    """Return what one contact's page says of it."""
    tally, spending = tallies.of(contact_id)
    return Bought(
        n=tally.n if tally else 0,
        first_at=tally.first_at if tally else None,
        last_at=tally.last_at if tally else None,
        spent=[money(each.spent, each.currency) for each in spending if each.n],
        seen_at=seeing.last_seen([contact_id, *querysets.merged_into([contact_id])]),
    )


def money(amount: Decimal, currency: str) -> str:
    return f"{number_format(amount, 2, use_l10n=True, force_grouping=True)} {currency}".strip()


def currencies() -> list[tuple[str, Any]]:
    """Return the currencies in which anything was ever bought."""
    held = SpendTally.objects.exclude(currency="").order_by("currency").values_list("currency", flat=True)
    return [(each, each) for each in held.distinct()]


def currency_of(wanted: str) -> str:
    """
    Return in which currency a list shows what was spent: the one it is narrowed to, else the shop's own.

    Where no site names its own, it is that of the first who bought.
    """
    if wanted:
        return wanted[:3]
    own = SiteSettings.objects.exclude(currency="").order_by("-site__is_default_site", "pk")
    first = SpendTally.objects.order_by("pk").values_list("currency", flat=True)
    return own.values_list("currency", flat=True).first() or first.first() or ""


def with_spending(contacts: QuerySet[Contact], *, currency: str) -> QuerySet[Contact]:
    """Return *contacts* with what the columns read, in joins that no count needs."""
    return contacts.select_related("purchase_tally").annotate(
        spending=FilteredRelation("spend_tallies", condition=Q(spend_tallies__currency=currency)),
        spent=F("spending__spent"),
        spent_in=F("spending__currency"),
    )


def orders(contact: Any) -> int:
    tally = getattr(contact, "purchase_tally", None)
    return tally.n if tally else 0


def last_order(contact: Any) -> datetime | None:
    tally = getattr(contact, "purchase_tally", None)
    return tally.last_at if tally else None


class SpentColumn(Column):
    def get_value(self, instance: Any) -> str:
        return money(instance.spent, instance.spent_in) if instance.spent is not None else "–"


def spent_at_least(amount: Decimal, currency: str | None) -> QuerySet[SpendTally]:
    """Return who spent so much in one currency, whichever it is unless one is named."""
    rows = SpendTally.objects.filter(spent__gte=amount)
    return rows.filter(currency=currency) if currency else rows


def seen(contacts: QuerySet[Contact], value: str, *, now: datetime) -> QuerySet[Contact]:
    days = int(value.rpartition("-")[2])
    since = seeing.seen_since(now - timedelta(days=days)).values("contact_id")
    return contacts.exclude(pk__in=since) if value.startswith("not") else contacts.filter(pk__in=since)
