"""How many may enter a sequence in an hour or a day: entries are given out under the lock of one row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db.models import F

from wagtail_drip.core import claims, sites
from wagtail_drip.enrolments import entry, gather
from wagtail_drip.enrolments.entry import Given
from wagtail_drip.enrolments.models import EntryVolume, FullPeriod
from wagtail_drip.sequences.flow import Entry
from wagtail_drip.sequences.types import Running

# So long it can be told who was refused for want of room. At most 24 rows a day and sequence.
KEPT = timedelta(days=90)


class Wanted(Protocol):
    @property
    def into(self) -> Running: ...
    @property
    def site_id(self) -> int: ...


def starts(wishes: Iterable[tuple[int, Wanted]], *, now: datetime) -> dict[int, datetime | None]:
    """
    Return when there is room for each wish, by its place; None where it is refused.

    Only wishes into sequences with a limit are in it. The contacts are locked already: rows here come after
    them, in the order of the sequences.
    """
    limited: dict[int, list[tuple[int, Wanted]]] = defaultdict(list)
    for place, wish in wishes:
        if wish.into.flow.entry.most:
            limited[wish.into.sequence_id].append((place, wish))
    if not limited:
        return {}
    claims.insert_new(
        [EntryVolume(sequence_id=pk, period=entry.EPOCH, n=0) for pk in sorted(limited)], unique=["sequence"]
    )
    held = {
        row.sequence_id: row
        for row in claims.lock_in_order(EntryVolume.objects.filter(sequence_id__in=limited))
    }
    zones = sites.zones_of({wish.site_id for wanted in limited.values() for _place, wish in wanted})
    found: dict[int, datetime | None] = {}
    for sequence_id, wanted in sorted(limited.items()):
        row, (_, first) = held[sequence_id], wanted[0]
        name, rules = zones.get(first.site_id, ""), first.into.flow.entry
        zone = ZoneInfo(name if gather.is_zone(name) else "UTC")
        moments, given = entry.give_out(
            rules, Given(period=row.period, n=row.n), wanted=len(wanted), now=now, zone=zone
        )
        if None in moments:
            _note(sequence_id, rules, moments.count(None), now=now, zone=zone)
        found.update(zip((place for place, _wish in wanted), moments, strict=True))
        EntryVolume.objects.filter(pk=row.pk).update(period=given.period, n=given.n)
    return found


def _note(sequence_id: int, rules: Entry, refused: int, *, now: datetime, zone: ZoneInfo) -> None:
    """Count who was refused; the sequence's row is locked, so nobody else counts for it."""
    period = entry.period_of(now, per=rules.per, zone=zone)
    rows = FullPeriod.objects.filter(sequence_id=sequence_id)
    this = rows.filter(period=period, per=rules.per)
    if this.update(n=F("n") + refused, most=rules.most, last_at=now):
        return
    FullPeriod.objects.create(
        sequence_id=sequence_id,
        period=period,
        per=rules.per,
        most=rules.most,
        n=refused,
        first_at=now,
        last_at=now,
    )
    rows.filter(period__lt=now - KEPT).delete()
