"""Reading suppressions and caps, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Exists, OuterRef, QuerySet

from wagtail_drip.compliance.models import SpecialEvent, Suppression
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings

from .frequency_caps import MONTH, EventRules, Limits, Rules, rules_of
from .types import Destination


def suppressed(asked: Collection[Destination]) -> set[Destination]:
    """Return those of *asked* to which nothing may go, in one query."""
    if not asked:
        return set()
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    rows = Suppression.objects.filter(
        Among("number_hash", {number_hash for each in asked for number_hash in each.number_hashes}),
        lifted_at=None,
    )
    for number_hash, scope, value in rows.values_list("number_hash", "scope", "scope_value"):
        found[number_hash].add((scope, value))
    if not found:
        return set()
    return {
        each
        for each in asked
        for number_hash in each.number_hashes
        if number_hash in found
        and not found[number_hash].isdisjoint(
            {("all", ""), ("sender", each.sender), ("site", str(each.site_id))}
        )
    }


def with_special_events(sites: QuerySet[SiteSettings], *, now: datetime) -> QuerySet[SiteSettings]:
    """Return the rows, each told in ``has_special_event`` whether ``rules`` has to read any for it."""
    return sites.annotate(has_special_event=Exists(_near(now).filter(site_id=OuterRef("site_id"))))


def rules(
    sites: Collection[SiteSettings], *, now: datetime, since: datetime | None = None
) -> Mapping[int, Rules]:
    """
    Return the caps of each site, in one query at most: none where ``with_special_events`` found no event.

    :param since: with the special events that were on then, too; by default those of today and to come.
    """
    zones = {row.site_id: _zone(row.zone) for row in sites if getattr(row, "has_special_event", True)}
    events: defaultdict[int, list[EventRules]] = defaultdict(list)
    if zones:
        for event in _near(now, since=since).filter(site_id__in=zones).order_by("begins_on", "pk"):
            events[event.site_id].append(event_rules(event, zone=zones[event.site_id]))
    return {row.site_id: rules_of(row.caps, events=events.get(row.site_id, ())) for row in sites}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")  # a form checks it; what came in by another way must not stop every text


def _near(now: datetime, *, since: datetime | None = None) -> QuerySet[SpecialEvent]:
    """Return what is on, or might begin before a message that is put off now would go; a day of zones apart."""
    return SpecialEvent.objects.filter(
        ends_on__gte=(since or now).date() - timedelta(days=1),
        begins_on__lte=now.date() + MONTH + timedelta(days=1),
    )


def event_rules(event: SpecialEvent, *, zone: ZoneInfo) -> EventRules:
    """Return what caps have to know of an event, its days read by the site's clock."""
    return EventRules(
        event.name,
        datetime.combine(event.begins_on, time.min, zone).astimezone(UTC),
        datetime.combine(event.ends_on + timedelta(days=1), time.min, zone).astimezone(UTC),
        Limits(event.raised_week, event.raised_month),
        event.ceiling,
        frozenset(event.sequences),
    )
