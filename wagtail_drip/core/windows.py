"""The shape of a week of sending windows, shared by settings and compliance. Pure."""

from __future__ import annotations

Spans = list[list[str]]


def default_windows() -> dict[str, Spans]:
    """Return the wide default: every day from 09:00 to 20:00, Sundays from 10:00 to 18:00."""
    week: dict[str, Spans] = {str(day): [["09:00", "20:00"]] for day in range(6)}
    week["6"] = [["10:00", "18:00"]]
    return week
