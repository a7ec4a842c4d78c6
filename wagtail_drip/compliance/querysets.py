"""Reading suppressions, complaints, a shop's own keywords and caps, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Exists, Max, OuterRef, QuerySet

from wagtail_drip.compliance.models import Complaint, Keyword, SpecialEvent, Suppression
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.prepared import prepared

from .frequency_caps import MONTH, EventRules, Limits, Rules, rules_of
from .own_keywords import OwnKeyword, OwnKeywords
from .types import Destination


def suppressed(asked: Collection[Destination]) -> set[Destination]:
    """Return those of *asked* to which nothing may go, in one query."""
    if not asked:
        return set()
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    hashes = {number_hash for each in asked for number_hash in each.number_hashes}
    for number_hash, scope, value in _suppressions(hashes):
        found[number_hash].add((scope, "" if scope == "all" else value))
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


def closed_to_all(number_hashes: Collection[str]) -> set[str]:
    """Return those numbers to which no sender of ours may text, for whatever reason, in one query."""
    rows = Suppression.objects.filter(Among("number_hash", number_hashes), scope="all", lifted_at=None)
    return set(rows.values_list("number_hash", flat=True))


def last_complaints(contact_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these contacts complained last, in one query; those who never did are left out."""
    rows = Complaint.objects.filter(Among("contact_id", contact_ids)).order_by().values_list("contact_id")
    return dict(rows.annotate(last=Max("recorded_at")))


def is_carried(source: str) -> bool:
    """Tell whether a merge carried a suppression from one number to the other: see ``actions.carry_over``."""
    return Suppression.objects.filter(source=source, lifted_at=None).exists()


def own_keywords() -> OwnKeywords:
    """Return the shop's own words, in one small query: see ``keywords_once``."""
    rows = Keyword.objects.order_by("pk").values_list("pk", "kind", "text", "bare", "country")
    return OwnKeywords(
        rows=tuple(
            OwnKeyword(id=pk, kind=kind, text=text, bare=bare, country=country)
            for pk, kind, text, bare, country in rows
        )
    )


def keywords_once() -> Callable[[], OwnKeywords]:
    """
    Return what reads the shop's own words when they are first asked for, and then no more.

    For a request or a pass: longer-lived, it would not see what staff of another process have changed.
    """
    return cache(own_keywords)


@prepared
def _suppressions(number_hashes: Collection[str]) -> QuerySet[Any]:
    rows = Suppression.objects.filter(Among("number_hash", number_hashes), lifted_at=None)
    return rows.values_list("number_hash", "scope", "scope_value")


def sites(site_ids: Collection[int], *, now: datetime) -> dict[int, SiteSettings]:
    """
    Return the sites' settings, by the site's id, in one query.

    Each is told in ``has_special_event`` whether ``rules`` has to read any for it.
    """
    return {row.site_id: row for row in _sites(site_ids, *_near(now))}


@prepared
def _sites(site_ids: Collection[int], begins_by: date, ends_from: date) -> QuerySet[SiteSettings]:
    near = _events(begins_by, ends_from).filter(site_id=OuterRef("site_id"))
    return SiteSettings.objects.filter(Among("site_id", site_ids)).annotate(has_special_event=Exists(near))


def rules(
    sites: Collection[SiteSettings], *, now: datetime, since: datetime | None = None
) -> Mapping[int, Rules]:
    """
    Return the caps of each site, in one query at most: none where ``sites`` found no event.

    :param since: with the special events that were on then, too; by default those of today and to come.
    """
    zones = {row.site_id: _zone(row.zone) for row in sites if getattr(row, "has_special_event", True)}
    events: defaultdict[int, list[EventRules]] = defaultdict(list)
    if zones:
        near = _events(*_near(now, since=since))
        for event in near.filter(site_id__in=zones).order_by("begins_on", "pk"):
            events[event.site_id].append(event_rules(event, zone=zones[event.site_id]))
    return {row.site_id: rules_of(row.caps, events=events.get(row.site_id, ())) for row in sites}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")  # a form checks it; what came in by another way must not stop every text


def _near(now: datetime, *, since: datetime | None = None) -> tuple[date, date]:
    """
    Return by when what counts begins, and from when on it ends.

    What is on, or might begin before a message that is put off now would go; a day of zones apart.
    """
    day = timedelta(days=1)
    return now.date() + MONTH + day, (since or now).date() - day


def _events(begins_by: date, ends_from: date) -> QuerySet[SpecialEvent]:
    return SpecialEvent.objects.filter(ends_on__gte=ends_from, begins_on__lte=begins_by)


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
