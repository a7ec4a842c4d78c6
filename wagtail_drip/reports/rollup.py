"""Folds the tallies into days: claim, delete, then add, in one transaction.

A tally is appended in the transaction that changes what it counts and is read by nobody else. It is deleted
before its numbers are added, under its lock, so each is counted once and a fold that dies counts for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

from django.db.models import F

from wagtail_drip.core import claims, clock
from wagtail_drip.enrolments.models import EnrolmentTally
from wagtail_drip.messaging.models import MessageTally
from wagtail_drip.reports.models import SequenceHour, StepDay

ENTERED, SENT, FAILED = "enrolment:entered", "message:sent", "message:failed"
# What is also counted by the hour, for the baseline of each sequence.
BY_THE_HOUR = frozenset({ENTERED, SENT, FAILED})
BATCH = 5000
LEASE = "rollup"


class Bucket(NamedTuple):
    """One row of ``StepDay``; in the order in which they are locked."""

    sequence_id: int
    step_id: str
    measure: str
    day: date
    site_id: int


def fold_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """
    Fold what has been tallied and return how many tallies that were.

    :param now: to which hour it is counted; by what it is.
    """
    if not MessageTally.objects.exists() and not EnrolmentTally.objects.exists():
        return 0
    # Two at once would be exact too, only waiting for each other's buckets.
    token = claims.take_lease(LEASE, seconds=60)
    if token is None:
        return 0
    try:
        hour = (now or clock.now()).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return claims.retried(lambda: _fold(limit or BATCH, hour))
    finally:
        claims.release_lease(LEASE, token)


def _fold(limit: int, hour: datetime) -> int:
    counted: Counter[Bucket] = Counter()
    segments: Counter[Bucket] = Counter()
    texts = claims.claim(MessageTally.objects.order_by("pk"), limit=limit)
    people = claims.claim(EnrolmentTally.objects.order_by("pk"), limit=limit)
    MessageTally.objects.filter(pk__in=claims.ids(texts)).delete()
    EnrolmentTally.objects.filter(pk__in=claims.ids(people)).delete()
    for text in texts:
        bucket = Bucket(text.sequence_id or 0, text.step_id, f"message:{text.state}", text.day, text.site_id)
        counted[bucket] += text.n
        segments[bucket] += text.segments
    for row in people:
        bucket = Bucket(row.sequence_id, row.step_id, f"enrolment:{row.measure}", row.day, row.site_id)
        counted[bucket] += row.n
    _add(sorted(counted), counted, segments)
    _add_hours(counted, hour)
    return len(texts) + len(people)


def _add(buckets: Iterable[Bucket], counted: Counter[Bucket], segments: Counter[Bucket]) -> None:
    changed = [bucket for bucket in buckets if counted[bucket] or segments[bucket]]
    claims.insert_new(
        [StepDay(**bucket._asdict()) for bucket in changed],
        unique=["sequence_id", "step_id", "measure", "day", "site_id"],
    )
    for bucket in changed:
        StepDay.objects.filter(**bucket._asdict()).update(
            n=F("n") + counted[bucket], segments=F("segments") + segments[bucket]
        )


def _add_hours(counted: Counter[Bucket], hour: datetime) -> None:
    """Count the same once more by the hour in which it was folded, which is within seconds of when it was."""
    totals: Counter[tuple[int, str]] = Counter()
    for bucket, n in counted.items():
        if bucket.sequence_id and bucket.measure in BY_THE_HOUR:
            totals[bucket.sequence_id, bucket.measure] += n
    changed = sorted(key for key, n in totals.items() if n)
    claims.insert_new(
        [SequenceHour(sequence_id=pk, measure=measure, hour=hour) for pk, measure in changed],
        unique=["hour", "sequence_id", "measure"],
    )
    for pk, measure in changed:
        SequenceHour.objects.filter(hour=hour, sequence_id=pk, measure=measure).update(
            n=F("n") + totals[pk, measure]
        )
