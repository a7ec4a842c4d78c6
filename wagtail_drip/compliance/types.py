"""What goes through the door of compliance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from wagtail_drip.core.values import value
from wagtail_drip.core.windows import SPREAD_MINUTES

from .frequency_caps import Pressure
from .jurisdictions import Holidays
from .quiet_hours import Span
from .time_rules import SHIPPED, TimeRules


class Verdict(StrEnum):
    SEND = "send"
    SKIP = "skip"  # Never goes; the reason says why.
    DEFER = "defer"  # Not now; ``until`` says when to ask again.
    EXPIRE = "expire"  # Its moment has passed.


class Reason(StrEnum):
    """Words that messaging writes down as they are; it keeps the whole closed lists in its states."""

    NO_CONSENT = "no_consent"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    RESTRICTED = "restricted"
    NO_PHONE = "no_phone"
    NOT_OPEN_YET = "not_open_yet"
    NO_LICENCE = "no_licence"
    WINDOW_CLOSED = "window_closed"
    QUIET_HOURS = "quiet_hours"
    SEND_WINDOW = "send_window"
    BLACKOUT_DATE = "blackout_date"
    FREQUENCY_CAP = "frequency_cap"
    CONTACT_PAUSED = "contact_paused"
    CONTACT_HOURS = "contact_hours"


@value
class Decision:
    """
    What may become of a message now, and why not.

    :param detail: what the reason alone does not tell; of a cap as ``Capped.as_text`` writes it.
    """

    verdict: Verdict
    reason: str = ""
    until: datetime | None = None
    detail: str = ""


def send() -> Decision:
    return _SEND


def skip(reason: str, detail: str = "") -> Decision:
    return Decision(verdict=Verdict.SKIP, reason=reason, detail=detail)


def defer(reason: str, until: datetime, detail: str = "") -> Decision:
    return Decision(verdict=Verdict.DEFER, reason=reason, until=until, detail=detail)


def expire() -> Decision:
    return _EXPIRE


_SEND = Decision(verdict=Verdict.SEND)
_EXPIRE = Decision(verdict=Verdict.EXPIRE)


class Licence(NamedTuple):
    """What an answer is licensed by: somebody's own text, or a request to opt in."""

    recorded_at: datetime
    is_stop: bool = False  # the one answer that goes to a number that has just been suppressed


class Question(NamedTuple):
    """
    One message, with all that bears on whether it may go; a tuple, since a pass makes two for each message.

    :param number: E.164, '' where the contact has none that answers for them.
    :param zones: every zone that the number allows.
    :param zone: the contact's own, '' where nobody told us.
    :param country_zone: the site's own zone if the number is of the site's country, else ''.
    :param permission: None where nobody ever decided.
    :param windows: the site's week of sending times, as its settings hold it.
    :param is_open: whether the site may text customers.
    :param is_staff_number: whether the number is a confirmed one of the site's staff.
    :param is_test: whether staff sent it to themselves.
    :param rules: the legal hours and blackout dates of the pass.
    :param holidays: what public holidays are to the site's sending times (``jurisdictions.Holidays``).
    :param spread_minutes: over how long a burst at an opening is spread; 0 is not at all.
    :param spread_key: what tells this message from others when it is; the number where there is nothing else.
    :param paused_until: until when the contact wants no marketing.
    :param own_hours: the minutes of the day between which they want it, on the clock by which sending times are read.
    :param is_restricted: whether the contact wants nothing done with their data but to keep it.
    :param pressure: what bears on the caps; None where they leave room whatever else goes.
    """

    number: str
    region: str
    subdivision: str
    zones: frozenset[str]
    zone: str
    country_zone: str
    purpose: str
    permission: bool | None
    is_suppressed: bool
    is_open: bool
    is_staff_number: bool
    is_test: bool
    windows: Mapping[str, Any]
    ignores_windows: bool
    expires_at: datetime | None
    licence: Licence | None
    site_id: int = 0
    sequence_id: int | None = None
    rules: TimeRules = SHIPPED
    holidays: str = Holidays.USUAL
    spread_minutes: int = SPREAD_MINUTES
    spread_key: str = ""
    paused_until: datetime | None = None
    own_hours: Span | None = None
    pressure: Pressure | None = None
    is_restricted: bool = False


class Destination(NamedTuple):
    """Where a message would go: what a suppression is compared with. ``sender`` is "gateway:address"."""

    number_hashes: tuple[str, ...]  # today's, and those of the keys before; none without a number
    sender: str
    site_id: int
