"""Spans of a day, as people write them and as settings hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.compliance.quiet_hours import Week, wall_clock
from wagtail_drip.core.listed import listed

WEEKDAYS = [
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
]


class SpansField(forms.CharField):
    """Spans of a day as people write them: ``09:00-11:00, 13:00-15:00``; empty is a day without texts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(f"{start}-{end}" for start, end in value)
        return value

    def clean(self, value: Any) -> Any:
        text = super().clean(value).replace("–", "-").replace("，", ",").replace("：", ":")
        spans = [part.strip() for part in text.split(",") if part.strip()]
        return [self._span(span) for span in spans]

    def _span(self, text: str) -> list[str]:
        start, _separator, end = text.partition("-")
        try:
            moments = [moment_of(part.strip()) for part in (start, end)]
        except ValueError:
            raise forms.ValidationError(
                _("“%(span)s” is not a span of time. Write it like 09:00-11:00.") % {"span": text}
            ) from None
        if moments[0] == moments[1]:
            raise forms.ValidationError(_("“%(span)s” begins and ends at the same time.") % {"span": text})
        return moments


def moment_of(text: str) -> str:
    """
    Return a wall-clock time as ``09:00``; the end of a day is 24:00.

    :raises ValueError: if it is none.
    """
    return text if text == "24:00" else time.fromisoformat(text.zfill(5)).strftime("%H:%M")


def windows_of(week: Week) -> dict[str, list[list[str]]]:
    """Return a week as settings hold it."""
    return {
        str(day): [[wall_clock(begin), wall_clock(end)] for begin, end in spans]
        for day, spans in enumerate(week)
    }


def in_words(windows: Mapping[str, Sequence[Sequence[str]]]) -> list[tuple[str, str]]:
    """Return a week in few words: neighbouring days with the same spans are one line."""
    lines: list[tuple[list[int], str]] = []
    for day in range(7):
        spans = listed("–".join(span) for span in windows.get(str(day), ())) or _("closed")
        if lines and lines[-1][1] == spans:
            lines[-1][0].append(day)
        else:
            lines.append(([day], spans))
    return [(_days(days), spans) for days, spans in lines]


def _days(days: Sequence[int]) -> str:
    first, last = days[0], days[-1]
    if (first, last) == (0, 6):
        return _("Every day")
    if first == last:
        return str(WEEKDAYS[first])
    return _("%(first)s to %(last)s") % {"first": WEEKDAYS[first], "last": WEEKDAYS[last]}
