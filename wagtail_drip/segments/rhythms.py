"""
How somebody buys, beside how they usually do and beside all who bought: late against their own rhythm, and where
they stand by recency, frequency and money.

A place among all is the share of buyers who come behind: 0 is the last, ties share the lower place. Fifths as RFM
has them: R5 is a place from 0.8 on, R1 one below 0.2.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, F, FloatField, Func, Max, Min, QuerySet, Sum, Value, Window
from django.db.models.functions import Cast, PercentRank

# At least and below: the places of each group, by recency, frequency and money.
PLACES: dict[str, dict[str, tuple[float, float]]] = {
    "champions": {"recency": (0.8, 2), "frequency": (0.6, 2), "money": (0.6, 2)},
    "loyal": {"recency": (0.4, 2), "frequency": (0.6, 2)},
    "new": {"recency": (0.6, 2), "frequency": (0, 0.2)},
    "at_risk": {"recency": (0, 0.4), "frequency": (0.6, 2)},
    "lost": {"recency": (0, 0.2), "frequency": (0, 0.6)},
}
# A rhythm needs two gaps.
LEAST_ORDERS = 3


class Epoch(Func):
    """A moment as seconds since 1970."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="((julianday(%(expressions)s) - 2440587.5) * 86400.0)"
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="EXTRACT(EPOCH FROM %(expressions)s)::double precision"
        )

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # Not UNIX_TIMESTAMP, which reads the session's zone.
        return self.as_sql(
            compiler, connection, template="(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', %(expressions)s) / 1e6)"
        )


def late(owners: QuerySet[Any], *, factor: float, now: datetime) -> QuerySet[Any]:
    """Return whose last order is longer ago than *factor* times the usual gap between their orders."""
    spans = owners.annotate(
        orders=Count("pk"), first=Epoch(Min("placed_at")), last=Epoch(Max("placed_at"))
    ).filter(orders__gte=LEAST_ORDERS)
    gaps = Cast(F("orders"), FloatField()) - 1.0
    waited = (Value(now.timestamp(), output_field=FloatField()) - F("last")) * gaps
    usual = (F("last") - F("first")) * Value(factor, output_field=FloatField())
    found: QuerySet[Any] = (
        spans.alias(waited=waited, usual=usual).filter(waited__gt=F("usual")).values("owner")
    )
    return found


def placed(owners: QuerySet[Any], group: str) -> QuerySet[Any]:
    """Return who of all buyers stands in an RFM group."""
    measures = {
        "recency": Max("placed_at"),
        "frequency": Count("pk"),
        "money": Sum(F("total") - F("refunded")),
    }
    asked = PLACES[group]
    rows = owners.annotate(**{f"of_{name}": measures[name] for name in asked})
    rows = rows.annotate(
        **{f"at_{name}": Window(PercentRank(), order_by=F(f"of_{name}").asc()) for name in asked}
    )
    for name, (least, below) in asked.items():
        rows = rows.filter(**{f"at_{name}__gte": least, f"at_{name}__lt": below})
    found: QuerySet[Any] = rows.values("owner")
    return found
