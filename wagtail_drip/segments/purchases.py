"""The rules about what somebody bought, as conditions on contacts: without cancelled orders and what was refunded."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Lower
from django.db.models.lookups import Contains, Exact

from wagtail_drip.segments import families
from wagtail_drip.segments.types import Rule
from wagtail_drip.stores.models import Purchase, PurchaseLine, PurchaseTally, SpendTally


def condition(rule: Rule, *, now: datetime, together: bool) -> Q:
    """Return who bought so; the tallies, which know families, answer whatever asks of all orders."""
    measure, operator, number = rule["measure"], rule["operator"], Decimal(str(rule["number"]))
    if measure != "days_since" and operator == "at_least" and number <= 0:
        # Everybody has bought at least nothing.
        return ~Q(pk=None)
    asks_of_some = rule.get("days") or rule.get("product") or rule.get("coupon")
    if asks_of_some or (measure == "days_since" and rule.get("currency")):
        return _counted(rule, number, now=now, together=together)
    return _kept(rule, number, now=now)


def _kept(rule: Rule, number: Decimal, *, now: datetime) -> Q:
    measure, currency = rule["measure"], str(rule.get("currency") or "")
    spent = SpendTally.objects.filter(currency=currency) if currency else SpendTally.objects.all()
    if measure == "days_since":
        return Q(pk__in=PurchaseTally.objects.filter(_apart(rule, number, now=now)).values_list("contact_id"))
    passes = "gte" if rule["operator"] == "at_least" else "gt"
    if measure == "count":
        # A number of orders is whole: 2.5 or more is 3 or more, and more than 2.5 is more than 2.
        whole = math.ceil(number) if passes == "gte" else math.floor(number)
        rows = spent if currency else PurchaseTally.objects.all()
        found = rows.filter(**{f"n__{passes}": whole}).values_list("contact_id")
    elif currency or not _has_several_currencies():
        found = spent.filter(**{f"spent__{passes}": number}).values_list("contact_id")
    else:
        sums = spent.values("contact_id").annotate(sum=Sum("spent"))
        found = sums.filter(**{f"sum__{passes}": number}).values_list("contact_id")
    return Q(pk__in=found) if passes == "gte" else ~Q(pk__in=found)


def _counted(rule: Rule, number: Decimal, *, now: datetime, together: bool) -> Q:
    """Only some orders are meant, so they are counted."""
    bought = Purchase.objects.exclude(status="cancelled").filter(placed_at__lte=now)
    if rule.get("days"):
        bought = bought.filter(placed_at__gt=now - timedelta(days=int(rule["days"])))
    if rule.get("currency"):
        bought = bought.filter(currency=rule["currency"])
    if rule.get("coupon"):
        bought = bought.filter(Exact(Lower(F("coupon")), str(rule["coupon"]).lower()))
    bought = _with_product(bought, str(rule.get("product") or ""))
    owners = families.owners(bought, together=together)
    if rule["measure"] == "days_since":
        last = owners.annotate(last_at=Max("placed_at")).filter(_apart(rule, number, now=now))
        return Q(pk__in=last.values("owner"))
    passes = "gte" if rule["operator"] == "at_least" else "gt"
    came_to = Count("pk") if rule["measure"] == "count" else Sum(F("total") - F("refunded"))
    found = owners.annotate(came_to=came_to).filter(**{f"came_to__{passes}": number}).values("owner")
    return Q(pk__in=found) if passes == "gte" else ~Q(pk__in=found)


def _apart(rule: Rule, number: Decimal, *, now: datetime) -> Q:
    edge = now - timedelta(days=int(number))
    if rule["operator"] == "at_least":
        return Q(last_at__lte=edge)
    # Whole days, as one counts them: "at most 3" is less than 4 times 24 hours.
    return Q(last_at__gt=edge - timedelta(days=1))


def _has_several_currencies() -> bool:
    first = SpendTally.objects.order_by("currency").values_list("currency", flat=True).first()
    return first is not None and SpendTally.objects.filter(currency__gt=first).exists()


def _with_product(bought: QuerySet[Purchase], product: str) -> QuerySet[Purchase]:
    """Keep what has a line with this product, by its id or number, or by a part of its name or category."""
    if not product:
        return bought
    # Not iexact and icontains: what they think of capitals is MariaDB's collation.
    named = Q(product_id=product) | Q(Exact(Lower(F("sku")), product.lower()))
    for column in ("name", "category"):
        named |= Q(Contains(Lower(F(column)), product.lower()))
    return bought.filter(pk__in=PurchaseLine.objects.filter(named).values("purchase_id"))
