"""How many go first when something goes out once, and whether what became of them holds the rest back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Fewer people are not worth a first part: by the time one knows, all is over anyway.
FEWEST = 500
SHARE, LEAST, MOST = 0.02, 50, 1000
WAIT_MINUTES = 60
# Platforms call fewer than 6 to 10 % of failures healthy and lock an account at 12 %; they lock it at 2 % of
# opt-outs (https://help.flowfusioncrm.com/sms-best-practices,
# https://help.chekkit.io/article/99-important-notice-re-sms-filtering-and-compliance), which Klaviyo calls critical
# (https://help.klaviyo.com/hc/en-us/articles/360051110111). Of complaints two in ten thousand are healthy, so that in
# a first part a single one is too large a share: it may be a mistake, and two are none. Read 2026-11-26.
FAILED_PERCENT, OPTED_OUT_PERCENT, COMPLAINTS = 10.0, 2.0, 1
# So many there must be, whatever the share: two of fifty say nothing.
LEAST_FAILED, LEAST_OPTED_OUT = 5, 3


class Held(StrEnum):
    """Why the rest was held back."""

    FAILED = "failed"
    OPTED_OUT = "opted_out"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """
    What is borne of the first part.

    :ivar failed_percent: of what was tried, failed for good or not delivered.
    :ivar opted_out_percent: of those whose text went, who said stop or withdrew.
    :ivar complaints: so many people may complain; one more holds the rest back.
    """

    failed_percent: float = FAILED_PERCENT
    opted_out_percent: float = OPTED_OUT_PERCENT
    complaints: int = COMPLAINTS


@dataclass(frozen=True, kw_only=True)
class FirstPart:
    """:ivar people: who goes first; 0 for everybody together."""

    people: int = 0
    wait_minutes: int = WAIT_MINUTES
    limits: Limits = Limits()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What became of people who were let in.

    :ivar waiting: have not come to their text, or it has not gone yet.
    :ivar went: texts that a gateway took, those not delivered among them.
    :ivar failed: texts that it refused for good.
    :ivar withheld: texts that were skipped, expired or taken back.
    """

    people: int = 0
    waiting: int = 0
    went: int = 0
    delivered: int = 0
    undelivered: int = 0
    failed: int = 0
    withheld: int = 0
    opted_out: int = 0
    complained: int = 0

    @property
    def tells_enough(self) -> bool:
        """Tell whether as many texts have gone, or never will, as still wait: at night none has."""
        return self.waiting <= self.went + self.failed + self.withheld


@dataclass(frozen=True, kw_only=True)
class Hold:
    """:ivar n: so many of *of*."""

    why: Held
    n: int
    of: int


def first_part(people: int) -> int:
    """Return how many of so many people go first if the owner says nothing: 0 for all together."""
    if people < FEWEST:
        return 0
    return min(max(round(people * SHARE), LEAST), MOST)


def why_hold(outcome: Outcome, limits: Limits) -> Hold | None:
    """Return what passes the limits, the gravest first; None where all is borne."""
    if outcome.complained > limits.complaints:
        return Hold(why=Held.COMPLAINTS, n=outcome.complained, of=outcome.went)
    lost, tried = outcome.failed + outcome.undelivered, outcome.went + outcome.failed
    if lost >= LEAST_FAILED and lost * 100 > limits.failed_percent * tried:
        return Hold(why=Held.FAILED, n=lost, of=tried)
    left = outcome.opted_out
    if left >= LEAST_OPTED_OUT and left * 100 > limits.opted_out_percent * outcome.went:
        return Hold(why=Held.OPTED_OUT, n=left, of=outcome.went)
    return None
