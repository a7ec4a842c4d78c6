"""
When an event happened, for whatever reckons by it.

What a shop tells long after it happened, of its past, is no sign of life today: it happened when the shop says, but
never after we were told. Everything else happened when it was recorded, whatever the teller's clock said.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, F, When
from django.db.models.functions import Least

from wagtail_drip.events.models import Event
from wagtail_drip.events.types import BACKFILL

AT = Case(When(source=BACKFILL, then=Least("occurred_at", "recorded_at")), default=F("recorded_at"))
"""The same moment in a query: ``Event.objects.annotate(at=AT)``."""


def of(row: Event) -> datetime:
    """Return when the event happened, aware, in UTC."""
    return min(row.occurred_at, row.recorded_at) if row.source == BACKFILL else row.recorded_at
