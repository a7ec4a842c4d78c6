"""What starts a sequence by the calendar rather than by an event, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Any

# A date of a contact; a silence; every week or month; once.
DATE, INACTIVE, SCHEDULE, ONCE = "date", "inactive", "schedule", "once"
KINDS = (DATE, INACTIVE, SCHEDULE, ONCE)

EVERYONE, TAGGED, SEGMENT = "everyone", "tag", "segment"


@dataclass(frozen=True, kw_only=True)
class Timed:
    """
    A trigger that a clock pulls.

    :ivar kind: one of KINDS; each reads only its own fields below.
    :ivar attribute: DATE: which of the contact's attributes holds the date, ``YYYY-MM-DD`` or ``--MM-DD``.
    :ivar yearly: DATE: every year (a birthday), or once on that very day (an expiry).
    :ivar offset_days: DATE: days after the date; before it where negative.
    :ivar at: DATE, SCHEDULE: ``HH:MM`` by the clock on the contact's own wall.
    :ivar event: INACTIVE: the event that has not happened.
    :ivar silent_days: INACTIVE: for so many times 24 hours.
    :ivar weekdays: SCHEDULE by the week, 0 is Monday; empty for by the month.
    :ivar month_day: SCHEDULE by the month, 1 to 31; a shorter month's last day where it has no such day.
    :ivar moment: ONCE: ISO 8601 with its offset; '' for as soon as it is published.
    :ivar audience: SCHEDULE, ONCE: EVERYONE who has agreed, or of them those who are TAGGED
        or in a SEGMENT.
    """

    kind: str
    attribute: str = ""
    yearly: bool = False
    offset_days: int = 0
    at: str = "10:00"
    event: str = ""
    silent_days: int = 0
    weekdays: tuple[int, ...] = ()
    month_day: int = 1
    moment: str = ""
    audience: str = EVERYONE
    tag: str = ""
    segment: int = 0

    @property
    def time(self) -> time:
        return time.fromisoformat(self.at)

    @property
    def starts_at(self) -> datetime | None:
        return datetime.fromisoformat(self.moment) if self.moment else None

    @property
    def name(self) -> str:
        """Return what stands where an event trigger's name would: no event is ever named so."""
        return f":{self.kind}"

    def to_json(self) -> dict[str, Any]:
        found = {**asdict(self), "weekdays": list(self.weekdays)}
        if not self.segment:
            # As it was written before there were segments: the same trigger is not taken for another.
            del found["segment"]
        return found


NAMES = tuple(f":{kind}" for kind in KINDS)


def from_json(raw: Mapping[str, Any] | None) -> Timed | None:
    if not raw:
        return None
    return Timed(**{**raw, "weekdays": tuple(raw.get("weekdays") or ())})
