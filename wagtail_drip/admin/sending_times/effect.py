"""What sending times would have done to the texts of the last 30 days. One query, however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wagtail_drip.compliance import rulebook, times
from wagtail_drip.compliance.time_rules import TimeRules
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import facts
from wagtail_drip.messaging.models import SendLedger
from wagtail_drip.messaging.types import AT_ONCE

DAYS = 30
# More would not change the figures, and would keep somebody waiting.
MOST_MESSAGES = 20_000
# Texts wanted within the same quarter of an hour are asked about once.
_QUARTER = 15


@dataclass(frozen=True, kw_only=True)
class Effect:
    """
    :param messages: how many marketing texts were looked at, the newest.
    :param waited: how many of them would have waited, or did.
    :param mean_minutes: how long those waited on average.
    :param expired: how many would have expired while they waited.
    """

    messages: int
    waited: int
    mean_minutes: int
    expired: int
    is_sampled: bool = False

    @property
    def hours(self) -> int:
        return self.mean_minutes // 60

    @property
    def minutes(self) -> int:
        return self.mean_minutes % 60


class Variant(NamedTuple):
    """Sending times to try."""

    windows: Mapping[str, Any]
    holidays: str


class _Group(NamedTuple):
    """Texts about which the clock gives one answer."""

    wanted_at: datetime
    zone: str
    number: str


def measure(row: SiteSettings, variants: Sequence[Variant], *, now: datetime) -> list[Effect]:
    """
    Return what each of *variants* does to the site's marketing texts of the last 30 days.

    A text was wanted when it was queued. Blackout dates and caps are left out: they were another matter.
    """
    groups = _groups(row.site_id, now)
    rules = TimeRules(changed=rulebook.changed_rules())
    return [_effect(row, groups, variant, rules) for variant in variants]


def _groups(site_id: int, now: datetime) -> dict[_Group, list[timedelta | None]]:
    """Return how long the texts of each group were worth something."""
    rows: Iterable[Any] = (
        SendLedger.objects.filter(
            site_id=site_id,
            handed_over_at__gt=now - timedelta(days=DAYS),
            message__ignores_windows=False,
            contact__active_phone__isnull=False,
        )
        .exclude(purpose__in=AT_ONCE)
        .order_by("-pk")
        .values_list("message__created_at", "message__expires_at", "contact__zone", "contact__active_phone")
    )[:MOST_MESSAGES]
    groups: defaultdict[_Group, list[timedelta | None]] = defaultdict(list)
    for created_at, expires_at, zone, number in rows:
        quarter = created_at.replace(minute=created_at.minute // _QUARTER * _QUARTER, second=0, microsecond=0)
        life = expires_at - created_at if expires_at else None
        groups[_Group(quarter, zone, _prefix(number))].append(life)
    return groups


def _prefix(number: str) -> str:
    """Return a number of the same country, state and zones, so that neighbours are one group."""
    # Nowhere do the last four digits tell where somebody is.
    return f"{number[:-4]}0000"


def _effect(
    row: SiteSettings,
    groups: Mapping[_Group, Sequence[timedelta | None]],
    variant: Variant,
    rules: TimeRules,
) -> Effect:
    messages = waited = expired = 0
    total = timedelta(0)
    for group, lives in groups.items():
        messages += len(lives)
        question = facts.question_of_times(group.number, group.zone, row, rules)._replace(
            windows=variant.windows, holidays=variant.holidays
        )
        opening, _reason = times.opening(question, now=group.wanted_at)
        wait = opening - group.wanted_at if opening is not None else None
        if wait == timedelta(0):
            continue
        in_time = [life for life in lives if wait is not None and (life is None or wait < life)]
        expired += len(lives) - len(in_time)
        waited += len(in_time)
        total += (wait or timedelta(0)) * len(in_time)
    return Effect(
        messages=messages,
        waited=waited,
        mean_minutes=round(total / waited / timedelta(minutes=1)) if waited else 0,
        expired=expired,
        is_sampled=messages >= MOST_MESSAGES,
    )
