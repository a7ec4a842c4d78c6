from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin.sending_times import spans
from wagtail_drip.compliance.quiet_hours import minutes_of
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.windows import Spans

LONGEST_SPREAD_MINUTES = 240


class WeekForm(forms.Form):
    """
    A site's week. Each weekday has as many pairs of ``begin_<day>`` and ``end_<day>`` as it has spans.

    A pair that is empty is no span. 00:00 as an end is the end of the day.
    """

    holidays = forms.ChoiceField(
        label=gettext_lazy("On public holidays"),
        choices=[
            ("usual", gettext_lazy("texts go out as on any day")),
            ("sunday", gettext_lazy("the hours of Sunday hold")),
            ("closed", gettext_lazy("no marketing text goes out")),
        ],
        widget=forms.RadioSelect,
        help_text=gettext_lazy("By the country of each recipient’s number."),
    )
    spread_minutes = forms.IntegerField(
        label=gettext_lazy("Spread what has waited over so many minutes"),
        min_value=0,
        max_value=LONGEST_SPREAD_MINUTES,
        help_text=gettext_lazy(
            "When a window opens, the texts that waited for it leave one after another during these minutes, so "
            "that not everybody gets theirs in the same second. 0 sends them all at once."
        ),
    )

    def __init__(
        self, data: QueryDict | None = None, *, row: SiteSettings, windows: dict[str, Spans] | None = None
    ) -> None:
        super().__init__(data, initial={"holidays": row.holidays, "spread_minutes": row.spread_minutes})
        self.windows: dict[str, Spans] = windows or row.windows
        self.day_errors: dict[int, list[str]] = {}

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        found["windows"] = {str(day): self._clean_day(day) for day in range(7)}
        if self.day_errors:
            self.add_error(None, _("Please correct the times that are marked."))
        return found

    @property
    def days(self) -> list[dict[str, Any]]:
        """Return what the template draws of each weekday: the pairs as typed, and what is wrong with them."""
        return [
            {
                "number": day,
                "name": name,
                "pairs": self._typed(day) if self.is_bound else self._kept(day),
                "errors": self.day_errors.get(day, []),
            }
            for day, name in enumerate(spans.WEEKDAYS)
        ]

    def _kept(self, day: int) -> list[tuple[str, str]]:
        return [(begin, "00:00" if end == "24:00" else end) for begin, end in self.windows.get(str(day), [])]

    def _typed(self, day: int) -> list[tuple[str, str]]:
        data: Any = self.data
        begins, ends = data.getlist(f"begin_{day}"), data.getlist(f"end_{day}")
        return [
            (begin.strip(), end.strip()) for begin, end in zip(begins, ends, strict=False) if begin or end
        ]

    def _clean_day(self, day: int) -> Spans:
        cleaned: list[list[str]] = []
        for begin, end in self._typed(day):
            if not begin or not end:
                self._wrong(day, _("A window needs a begin and an end."))
                continue
            try:
                begin, end = spans.moment_of(begin), spans.moment_of(end)
            except ValueError:
                self._wrong(day, _("“%(begin)s” to “%(end)s” are not times.") % {"begin": begin, "end": end})
                continue
            if end == "00:00":
                end = "24:00"
            if begin == end:
                self._wrong(day, _("A window from %(time)s to %(time)s is empty.") % {"time": begin})
                continue
            cleaned.append([begin, end])
        return _joined(cleaned)

    def _wrong(self, day: int, words: str) -> None:
        self.day_errors.setdefault(day, []).append(words)


def _joined(found: list[list[str]]) -> Spans:
    """Return the spans in order, those that overlap or touch as one; nights stay as they are."""
    nights = [span for span in found if minutes_of(span[1]) <= minutes_of(span[0])]
    joined: list[list[str]] = []
    for begin, end in sorted(span for span in found if span not in nights):
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([begin, end])
    return [*joined, *nights]
