from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.compliance.frequency_caps import Limits, Rules
from wagtail_drip.contacts.types import PurposeGroup, group_of
from wagtail_drip.core.caps import MOST
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.purposes import PURPOSES

OWN = "own"
PRESETS: Mapping[str, tuple[Any, Limits]] = {
    "weekly": (gettext_lazy("1–2 a week (at most 2 in 7 days and 8 in 30 days)"), Limits(2, 8)),
    "monthly": (gettext_lazy("2–3 a month (at most 1 in 7 days and 3 in 30 days)"), Limits(1, 3)),
}
MARKETING = [(purpose, label) for purpose, label in PURPOSES if group_of(purpose) is PurposeGroup.MARKETING]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: what it is about, and its two limits."""

    label: Any
    week: BoundField
    month: BoundField


class LimitField(forms.IntegerField):
    def __init__(self, *, label: Any, value: int | None) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=1,
            max_value=MOST,
            initial=value,
            widget=forms.NumberInput(attrs={"size": 4, "aria-label": label}),
        )


class OftenForm(forms.Form):
    """The caps of a site: one of the presets or numbers of one's own, and more for purposes and topics."""

    preset = forms.ChoiceField(
        label=gettext_lazy("Everybody gets at most"),
        choices=[
            *((name, label) for name, (label, _limits) in PRESETS.items()),
            (OWN, gettext_lazy("Your own numbers")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, rules: Rules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._topics = sorted(
            {
                *rules.topics,
                *Sequence.objects.exclude(topic="")
                .order_by("topic")
                .values_list("topic", flat=True)
                .distinct(),
            }
        )
        self.initial["preset"] = next(
            (name for name, (_label, limits) in PRESETS.items() if limits == rules.everyone), OWN
        )
        self._add("own", _("Everybody"), rules.everyone)
        for purpose, label in MARKETING:
            self._add(f"purpose_{purpose}", label, rules.purposes.get(purpose, Limits()))
        for number, topic in enumerate(self._topics):
            self._add(f"topic_{number}", topic, rules.topics.get(topic, Limits()))

    def _add(self, name: str, label: Any, limits: Limits) -> None:
        about = {"about": label}
        self.fields[f"{name}_week"] = LimitField(label=_("%(about)s: in 7 days") % about, value=limits.week)
        self.fields[f"{name}_month"] = LimitField(
            label=_("%(about)s: in 30 days") % about, value=limits.month
        )

    @property
    def own_rows(self) -> list[Row]:
        return [self._row("own", _("Everybody"))]

    @property
    def purposes(self) -> list[Row]:
        return [self._row(f"purpose_{purpose}", label) for purpose, label in MARKETING]

    @property
    def topics(self) -> list[Row]:
        return [self._row(f"topic_{number}", topic) for number, topic in enumerate(self._topics)]

    def _row(self, name: str, label: Any) -> Row:
        return Row(label=label, week=self[f"{name}_week"], month=self[f"{name}_month"])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name in self._names():
            week, month = found.get(f"{name}_week"), found.get(f"{name}_month")
            if week is not None and month is not None and month < week:
                self.add_error(f"{name}_month", _("Fewer in 30 days than in 7: write at least as many."))
        return found

    def _names(self) -> Iterator[str]:
        if self.cleaned_data.get("preset") == OWN:
            yield "own"
        yield from (f"purpose_{purpose}" for purpose, _label in MARKETING)
        yield from (f"topic_{number}" for number in range(len(self._topics)))

    def caps(self) -> dict[str, Any]:
        """Return what to save, in the shape of ``core.caps``."""
        preset = self.cleaned_data["preset"]
        everyone = self._limits("own") if preset == OWN else PRESETS[preset][1]
        purposes = {purpose: self._limits(f"purpose_{purpose}") for purpose, _label in MARKETING}
        topics = {topic: self._limits(f"topic_{number}") for number, topic in enumerate(self._topics)}
        return {
            **everyone._asdict(),
            "purposes": {name: limits._asdict() for name, limits in purposes.items() if any(limits)},
            "topics": {name: limits._asdict() for name, limits in topics.items() if any(limits)},
        }

    def _limits(self, name: str) -> Limits:
        return Limits(self.cleaned_data[f"{name}_week"], self.cleaned_data[f"{name}_month"])
