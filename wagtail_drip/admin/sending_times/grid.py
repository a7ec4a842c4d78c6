"""A week as bars: where each span stands on its day's line, in per cent of the day. Pure."""

from __future__ import annotations

from typing import NamedTuple

from wagtail_drip.compliance.quiet_hours import MINUTES_A_DAY, Span, Week


class Bar(NamedTuple):
    """In per cent of the day; formatted for CSS, which knows no decimal comma."""

    left: str
    width: str


def open_bars(week: Week) -> list[list[Bar]]:
    """Return the bars of each weekday; a span over midnight has two."""
    return [[_bar(span) for span in _pieces(week, day)] for day in range(7)]


def closed_bars(week: Week) -> list[list[Bar]]:
    """Return what is left of each weekday."""
    found = []
    for day in range(7):
        at, bars = 0, []
        for begin, end in sorted(_pieces(week, day)):
            if begin > at:
                bars.append(_bar((at, begin)))
            at = max(at, end)
        if at < MINUTES_A_DAY:
            bars.append(_bar((at, MINUTES_A_DAY)))
        found.append(bars)
    return found


def _pieces(week: Week, day: int) -> list[Span]:
    """Return what of the spans lies on a weekday."""
    today = [(begin, end if end > begin else MINUTES_A_DAY) for begin, end in week[day]]
    nights = [(0, end) for begin, end in week[day - 1] if end <= begin]
    return [*nights, *today]


def _bar(span: Span) -> Bar:
    begin, end = span
    return Bar(f"{begin / MINUTES_A_DAY:.4%}", f"{(end - begin) / MINUTES_A_DAY:.4%}")
