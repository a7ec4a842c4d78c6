"""
What tells what somebody cares about, how much it says, and for how long. Pure.

A look, a click, an order is a sign of so many points. Points halve every so many days, and as long as what is left of
them comes to the least that counts, the interest lasts: so one moment says all, and nothing need be computed anew
while time goes by.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# What an event's points are found in, of the event itself and of each of its products.
_SAID_IN = (
    "name",
    "category",
    "brand",
    "query",
    "course_name",
    "event_name",
    "listing_name",
    "service",
    "subject",
)
# Where a link led; a product's own address says nothing that its name does not.
_ADDRESSES = {"link_clicked": "url"}
# After so many halvings a sign has a thousandth of its points, and is not looked at.
HALVINGS = 10
# Scripts that put no space between words: there a word begins anywhere.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, kw_only=True)
class Fading:
    """
    :ivar half_life_days: after so many days a sign has half its points.
    :ivar least_points: with fewer nobody is taken to be interested.
    """

    half_life_days: int = 30
    least_points: int = 3

    @property
    def horizon(self) -> timedelta:
        """Return how far back signs are looked at."""
        return timedelta(days=self.half_life_days * HALVINGS)

    def left_of(self, points: float, *, at: datetime, now: datetime) -> float:
        """Return what is left at *now* of points of a sign at *at*."""
        return float(points * 0.5 ** (_days(max(now - at, timedelta())) / self.half_life_days))

    def lasts_until(self, points: float, *, now: datetime) -> datetime | None:
        """Return until when an interest lasts that has so many points *now*; None if it does not."""
        days = self.days(points)
        return None if days is None else now + timedelta(days=days)

    def days(self, points: float) -> float | None:
        """Return for how many days so many points last; None if they are too few."""
        if points < self.least_points:
            return None
        return self.half_life_days * math.log2(points / self.least_points)


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)


class Words:
    """
    Finds which interests a text speaks of.

    :param interests: the words of each interest, by its id; none where nothing tells it.
    """

    def __init__(self, interests: Mapping[int, Sequence[str]]) -> None:
        self._patterns = {
            pk: re.compile("|".join(_pattern(word) for word in words if folded(word)))
            for pk, words in interests.items()
            if any(folded(word) for word in words)
        }

    def found_in(self, text: str) -> set[int]:
        """Return the ids of the interests of which a word begins in *text*, whatever its capitals."""
        plain = folded(text)
        return {pk for pk, pattern in self._patterns.items() if pattern.search(plain)}

    def told_by(self, event: str, properties: Mapping[str, Any]) -> set[int]:
        """Return of which interests an event is a sign."""
        # A line apart, so that no word is put together of two.
        return self.found_in("\n".join(_said(event, properties)))


def folded(text: str) -> str:
    """Return *text* as it is compared: capitals, accents' two ways of writing and wide letters make no difference."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _pattern(word: str) -> str:
    plain = folded(word)
    escaped = re.escape(plain)
    # "art" is not in "cart", and is in "art-supplies" and "arts"; of 咖啡 any place will do.
    return escaped if _UNSPACED.match(plain) or not plain[0].isalnum() else rf"(?<![^\W_]){escaped}"


def _said(event: str, properties: Mapping[str, Any]) -> Iterable[str]:
    products = properties.get("products")
    for told in (properties, *(products if isinstance(products, list) else ())):
        if isinstance(told, Mapping):
            yield from (str(told[name]) for name in _SAID_IN if isinstance(told.get(name), str | int))
    address = properties.get(_ADDRESSES.get(event, ""))
    if isinstance(address, str):
        yield address
