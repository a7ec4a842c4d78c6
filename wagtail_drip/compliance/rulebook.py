"""Reading the rules of time, once for a pass: two small tables, whatever is sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from wagtail_drip.compliance import quiet_hours
from wagtail_drip.compliance.jurisdictions import Holidays, Kind, Rule
from wagtail_drip.compliance.models import BlackoutDate, LegalHours
from wagtail_drip.compliance.time_rules import Blackout, TimeRules
from wagtail_drip.core import clock

logger = logging.getLogger(__name__)

# What is further off is read by the passes of those days.
_HORIZON = timedelta(days=400)
# A recipient's calendar may be a day behind ours.
_DAY_BEHIND = timedelta(days=2)


def read(today: date | None = None) -> TimeRules:
    """Return the legal hours as changed and the blackout dates, as they stand now."""
    return TimeRules(changed_rules(), blackouts(today or clock.now().date()))


def changed_rules() -> Iterator[Rule]:
    """Yield what owners have written over the shipped rules."""
    for row in LegalHours.objects.all():
        rule = rule_of(row)
        if rule is not None:
            yield rule


def rule_of(row: LegalHours) -> Rule | None:
    """Return the rule of a row; None if it cannot be read, so that the shipped one stands."""
    try:
        return rule_of_fields(
            place=row.place,
            week=row.week,
            holidays=row.holidays,
            kind=row.kind,
            has_marketing_only=row.has_marketing_only,
            source=row.source,
            url=row.url,
            read_on=row.read_on,
        )
    except (ValueError, TypeError, AttributeError):
        # Forms check them; one that came in by another way must not stop every text.
        logger.error("The legal hours of %s cannot be read; the shipped ones are obeyed.", row.place)
        return None


def rule_of_fields(
    *,
    place: str,
    week: Mapping[str, Any],
    holidays: str,
    kind: str,
    has_marketing_only: bool,
    source: str,
    url: str,
    read_on: date,
) -> Rule:
    """
    Return the rule that these say.

    :raises ValueError: if one of them says nothing.
    """
    return Rule(
        place=place,
        week=quiet_hours.week_of(week),
        kind=Kind(kind),
        source=source,
        url=url,
        read=read_on.isoformat(),
        has_marketing_only=has_marketing_only,
        holidays=Holidays(holidays),
    )


def blackouts(today: date) -> Iterator[Blackout]:
    """Yield the blackout dates that are not over, up to a year ahead."""
    rows = BlackoutDate.objects.filter(ends_on__gte=today - _DAY_BEHIND, begins_on__lte=today + _HORIZON)
    for row in rows.order_by("begins_on", "pk"):
        yield Blackout(
            name=row.name,
            begins=row.begins_on,
            ends=min(row.ends_on, today + _HORIZON),
            site_id=row.site_id,
            purposes=frozenset(row.purposes),
            sequences=frozenset(row.sequences),
        )
