"""Each figure once: its name, where it is counted, and what is unknown.

Message and enrolment counts come from the rollup (``StepDay``), by the day of the hand-over in the site's
zone; what waits and who stands where is counted as it is now. A rate over nothing is None, never 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum

from wagtail_drip.core.models import SiteSettings
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.links.models import Link
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports.models import StepDay

_WAITING = ("scheduled", "claimed")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """
    What became of messages.

    ``sent`` was accepted by the gateway; ``delivered`` has a receipt that says so; ``waiting`` stands in the
    outbox now; ``clicked`` counts messages with a click, not clicks. ``segments`` are those handed over.
    """

    visited: int = 0
    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    unknown: int = 0
    failed: int = 0
    skipped: int = 0
    cancelled: int = 0
    expired: int = 0
    clicked: int = 0
    segments: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    @property
    def delivery_rate(self) -> float | None:
        """Return delivered among those whose fate is known or overdue; None while none is."""
        settled = self.delivered + self.undelivered + self.unknown
        return self.delivered / settled if settled else None

    @property
    def click_rate(self) -> float | None:
        return self.clicked / self.delivered if self.delivered else None


@dataclass(frozen=True, kw_only=True)
class People:
    """Who is and was in a sequence."""

    entered: int = 0
    inside: int = 0
    completed: int = 0
    goal_met: int = 0
    exited: int = 0
    failed: int = 0


_FROM_MEASURE = {
    "message:sent": "sent",
    "message:delivered": "delivered",
    "message:undelivered": "undelivered",
    "message:unknown": "unknown",
    "message:failed": "failed",
    "message:skipped": "skipped",
    "message:cancelled": "cancelled",
    "message:expired": "expired",
    "enrolment:visited": "visited",
}
_SEGMENTS_OF = "message:handed_over"


def by_step(sequence_id: int) -> dict[str, Counts]:
    """Return the counts of every step of a sequence that ever counted anything, by step id; three queries."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rolled = StepDay.objects.filter(sequence_id=sequence_id).values("step_id", "measure")
    for row in rolled.annotate(total=Sum("n"), parts=Sum("segments")):
        name = _FROM_MEASURE.get(row["measure"])
        if name:
            found[row["step_id"]][name] += row["total"]
        if row["measure"] == _SEGMENTS_OF:
            found[row["step_id"]]["segments"] += row["parts"]
    waiting = Message.objects.filter(sequence_id=sequence_id, state__in=_WAITING).values("step_id")
    for step_id, total in waiting.annotate(total=Count("pk")).values_list("step_id", "total"):
        found[step_id]["waiting"] += total
    clicked = Link.objects.filter(sequence_id=sequence_id, first_click_at__isnull=False).values("step_id")
    people = clicked.annotate(total=Count("message_key", distinct=True))
    for step_id, total in people.values_list("step_id", "total"):
        found[step_id]["clicked"] += total
    return {step_id: Counts(**counts) for step_id, counts in found.items()}


def total(steps: Mapping[str, Counts]) -> Counts:
    return sum(steps.values(), Counts())


def people(sequence_id: int) -> People:
    """Return who is and was in a sequence, counted as it is now."""
    rows = Enrolment.objects.filter(sequence=sequence_id).aggregate(
        entered=Count("pk"),
        inside=Count("pk", filter=Q(running=1)),
        completed=Count("pk", filter=Q(state="completed")),
        goal_met=Count("pk", filter=Q(exit_reason="goal_met")),
        exited=Count("pk", filter=Q(state="exited") & ~Q(exit_reason="goal_met")),
        failed=Count("pk", filter=Q(state="failed")),
    )
    return People(**rows)


def standing(sequence_id: int) -> dict[str, int]:
    """Return how many people stand at each step now."""
    rows = Enrolment.objects.filter(sequence=sequence_id, running=1).values("step_id").annotate(n=Count("pk"))
    return {row["step_id"]: row["n"] for row in rows}


def by_day(sequence_id: int, *, days: int, today: date) -> list[tuple[date, Counts]]:
    """Return the last *days* days, oldest first, those without messages included."""
    since = today - timedelta(days=days - 1)
    found: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = StepDay.objects.filter(sequence_id=sequence_id, day__gte=since, day__lte=today)
    for row in rows.values("day", "measure").annotate(total=Sum("n")):
        name = _FROM_MEASURE.get(row["measure"])
        if name:
            found[row["day"]][name] += row["total"]
    moments = (since + timedelta(days=offset) for offset in range(days))
    return [(day, Counts(**found.get(day, {}))) for day in moments]


def today_counts(*, now: datetime) -> Counts:
    """Return what went out today over all sites, each by its own zone's date."""
    wanted = Q(pk=None)
    for site_id, zone in SiteSettings.objects.values_list("site_id", "zone"):
        wanted |= Q(site_id=site_id, day=now.astimezone(ZoneInfo(zone)).date())
    found: dict[str, int] = defaultdict(int)
    for row in (
        StepDay.objects.filter(wanted).values("measure").annotate(total=Sum("n"), parts=Sum("segments"))
    ):
        name = _FROM_MEASURE.get(row["measure"])
        if name:
            found[name] += row["total"]
        if row["measure"] == _SEGMENTS_OF:
            found["segments"] += row["parts"]
    found["waiting"] = Message.objects.filter(state__in=_WAITING, due_at__isnull=False).count()
    return Counts(**found)


def cost(segments: int, price_per_segment: Decimal | None) -> Decimal | None:
    """Return what the segments cost; None where the price is unknown, which is not 0."""
    return None if price_per_segment is None else segments * price_per_segment
