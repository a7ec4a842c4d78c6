"""Public holidays by country and state, from the package ``holidays``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from .quiet_hours import NO_DAYS, Days


@lru_cache(maxsize=1024)
def names(region: str, subdivision: str, year: int, language: str = "") -> Mapping[date, str]:
    """
    Return the public holidays of one year; none for a country that the package does not know.

    :param subdivision: the state; one that the package does not know has its country's holidays.
    :param language: of the names, for example ``zh_CN``; the country's own where it is not to be had.
    """
    import holidays  # a fifth of a second: only who asks for holidays pays for it

    for state in (subdivision, "") if subdivision else ("",):
        try:
            found = holidays.country_holidays(
                region, subdiv=state or None, years=year, language=language or None
            )
        except NotImplementedError:
            continue
        return dict(sorted(found.items()))
    return {}


@lru_cache(maxsize=1024)
def around(region: str, subdivision: str, year: int) -> Days:
    """Return the holidays of a year, and of the years before and after it."""
    if not region:
        return NO_DAYS
    return frozenset(day for near in (year - 1, year, year + 1) for day in names(region, subdivision, near))
