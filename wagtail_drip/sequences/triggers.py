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
    :ivar moment: ONCE: ISO 8601 with its offset; '' for as soon as somebody starts it.
    :ivar audience: SCHEDULE, ONCE: EVERYONE who has agreed, or of them those who are TAGGED
        or in a SEGMENT.
    :ivar without_tags: SCHEDULE, ONCE: nobody who has one of them when it comes to letting people in.
    :ivar without_segments: nor who is in one of these then.
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
    without_tags: tuple[str, ...] = ()
    without_segments: tuple[int, ...] = ()

    @property
    def segments(self) -> frozenset[int]:
        """Return the segments that must be counted before anybody knows whom it concerns."""
        return frozenset({self.segment, *self.without_segments} - {0})

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
        found = {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }
        for name in ("segment", "without_tags", "without_segments"):
            if not found[name]:
                # As it was written before there was such a field: the same trigger is not taken for another.
                del found[name]
        return found


NAMES = tuple(f":{kind}" for kind in KINDS)


def from_json(raw: Mapping[str, Any] | None) -> Timed | None:
    if not raw:
        return None
    found: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
    }
    return Timed(**found)
