"""The shape of a week of sending windows, shared by settings and compliance. Pure."""

from __future__ import annotations

Spans = list[list[str]]

# At an opening the waiting texts are spread over so many minutes, unless the site says otherwise.
SPREAD_MINUTES = 10


def default_windows() -> dict[str, Spans]:
    """Return the wide default: every day from 09:00 to 20:00, Sundays from 10:00 to 18:00."""
    week: dict[str, Spans] = {str(day): [["09:00", "20:00"]] for day in range(6)}
    week["6"] = [["10:00", "18:00"]]
    return week


def business_hours() -> dict[str, Spans]:
    """Return Monday to Friday from 09:00 to 17:00."""
    week: dict[str, Spans] = {str(day): [["09:00", "17:00"]] for day in range(5)}
    return {**week, "5": [], "6": []}


def three_good_windows() -> dict[str, Spans]:
    """Return the three times a day at which people read texts: 9 to 11, 13 to 15 and 19 to 21."""
    return {str(day): [["09:00", "11:00"], ["13:00", "15:00"], ["19:00", "21:00"]] for day in range(7)}
