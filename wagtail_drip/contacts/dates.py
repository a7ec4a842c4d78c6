"""Which of a contact's attributes are dates, as rows that a database finds by day. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

NAME_LENGTH = 64


class DatedAttribute(NamedTuple):
    name: str
    year: int | None
    month: int
    day: int


def dated(attributes: Mapping[str, Any]) -> Iterator[DatedAttribute]:
    """Yield the attributes that hold a date; one whose name is longer than a column holds is none."""
    for name, value in attributes.items():
        found = read_date(value)
        if found is not None and 0 < len(name) <= NAME_LENGTH:
            yield DatedAttribute(name, *found)


def read_date(value: object) -> tuple[int | None, int, int] | None:
    """
    Return (year, month, day) of an attribute that is a date in ISO 8601, a moment, or ``--MM-DD``; else None.

    Without a year it is None: a birthday whose year nobody said.
    """
    text = value.strip() if isinstance(value, str) else ""
    if text.startswith("--") and len(text) == 7:
        try:
            leap = date.fromisoformat(f"2000-{text[2:]}")
        except ValueError:
            return None
        return None, leap.month, leap.day
    if len(text) < 10 or (len(text) > 10 and text[10] not in "T "):
        return None
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return found.year, found.month, found.day


def of_row(on: date | None, month: int, day: int) -> tuple[int | None, int, int]:
    return (on.year if on else None, month, day)
