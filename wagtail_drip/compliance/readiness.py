"""
What has to be so before the customers of a country are texted: the lines to look at, with source and date. Pure.

``readiness.toml`` is the data and says what its fields mean. Whether it is so, the page "Are you ready?" finds out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing to look at; its fields are those of ``readiness.toml``."""

    check: str
    places: frozenset[str] = frozenset()
    says: str = ""
    needs: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    prefix: str = ""
    source: str
    url: str = ""
    read: str


_DATA = tomllib.loads(resources.files(__package__).joinpath("readiness.toml").read_text("utf-8"))


def _shipped() -> Iterator[Line]:
    for row in _DATA["lines"]:
        yield Line(
            check=row["check"],
            places=frozenset(row.get("places", ())),
            says=row.get("says", ""),
            needs=tuple(row.get("needs", ())),
            codes=frozenset(row.get("codes", ())),
            prefix=row.get("prefix", ""),
            source=row["source"],
            url=row.get("url", ""),
            read=row["read"].isoformat(),
        )


LINES: tuple[Line, ...] = tuple(_shipped())


def lines_for(place: str) -> list[Line]:
    """Return the lines of a country, in their order; its own stand instead of those for everywhere."""
    own = {each.check for each in LINES if place in each.places}
    return [each for each in LINES if place in each.places or (not each.places and each.check not in own)]


def languages_of(place: str) -> tuple[str, ...]:
    """Return the languages in which people of a country stop; none where only English is known of it."""
    return tuple(_DATA["languages"].get(place, ()))
