"""Has a sequence gone silent? Judged by its own baseline: what the same hours of earlier weeks brought. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
# How many weeks are looked back, and how many there must be before anything is said of a sequence.
MOST_WEEKS = 8
LEAST_WEEKS = 3
# So many must have been expected before their absence says anything: by chance alone, with twelve expected,
# none comes once in 160 000 times.
LEAST_EXPECTED = 12
# In every week but one, so many: an odd week (a sale, an outage, a holiday) neither makes nor hides an alarm.
LEAST_IN_A_WEEK = 3


@dataclass(frozen=True, kw_only=True)
class Silence:
    """
    :param since: from when on nothing came.
    :param expected: how many came in the same hours of an ordinary week: the median of the weeks before.
    """

    since: datetime
    expected: int


def silence(counts: Mapping[datetime, int], *, live_since: datetime, now: datetime) -> Silence | None:
    """
    Return the silence that lasts, if it is longer than chance explains; None where all is well or cannot be known.

    New sequences, and those that start for few people, are never called silent.

    :param counts: how many came in each hour, by its beginning in UTC; hours without any may be missing.
    :param live_since: when the sequence was last published, paused or resumed: before that nothing had to come.
    """
    heard = [hour for hour, n in counts.items() if n > 0 and hour <= now]
    if not heard:
        return None
    begins = max(max(heard) + HOUR, live_since)
    # More than a week is no better known than a week, and keeps the span from overlapping itself.
    begins_at = max(begins, now - WEEK)
    if begins_at >= now:
        return None
    weeks = _weeks(counts, begins_at, now, since=min(heard))
    if len(weeks) < LEAST_WEEKS:
        return None
    expected = int(median(weeks))
    if expected < LEAST_EXPECTED or sorted(weeks)[1] < LEAST_IN_A_WEEK:
        return None
    return Silence(since=begins, expected=expected)


def _weeks(counts: Mapping[datetime, int], begins: datetime, ends: datetime, *, since: datetime) -> list[int]:
    """Return what came in the same hours of each earlier week that lies wholly within what is known."""
    found = []
    for back in range(1, MOST_WEEKS + 1):
        first, last = begins - back * WEEK, ends - back * WEEK
        if first < since:
            break
        found.append(sum(n for hour, n in counts.items() if first <= hour < last))
    return found
