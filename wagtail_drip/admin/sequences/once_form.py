"""What the owner may change of a start, and by what was counted it is made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from wagtail_drip.compliance.types import Reason
from wagtail_drip.enrolments import once_count, once_rules
from wagtail_drip.enrolments.once_count import Counts
from wagtail_drip.enrolments.once_models import OnceCount
from wagtail_drip.enrolments.once_rules import FirstPart, Limits

# What was counted longer ago is counted again before it is started by it.
FRESH = timedelta(hours=24)
_OUTSIDE = (Reason.NO_PHONE, Reason.NO_CONSENT, Reason.UNSUBSCRIBED)


class StartForm(forms.Form):
    """The first part, which the owner may change; the rest of what is posted tells one page from another."""

    first = forms.IntegerField(
        label=gettext_lazy("People who get it first"),
        min_value=0,
        max_value=once_rules.MOST,
        help_text=gettext_lazy("0 sends it to everybody together."),
    )
    wait_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes until the rest follows"), min_value=5, max_value=7 * 24 * 60
    )
    most_failed = forms.DecimalField(
        label=gettext_lazy("Hold the rest if more fail than (%)"),
        min_value=0,
        max_value=100,
        decimal_places=2,
    )
    most_opted_out = forms.DecimalField(
        label=gettext_lazy("Hold the rest if more opt out than (%)"),
        min_value=0,
        max_value=100,
        decimal_places=2,
    )
    most_complaints = forms.IntegerField(
        label=gettext_lazy("Hold the rest if more people complain than"), min_value=0, max_value=1000
    )

    def first_part(self) -> FirstPart:
        return FirstPart(
            people=self.cleaned_data["first"],
            wait_minutes=self.cleaned_data["wait_minutes"],
            limits=Limits(
                failed_percent=float(self.cleaned_data["most_failed"]),
                opted_out_percent=float(self.cleaned_data["most_opted_out"]),
                complaints=self.cleaned_data["most_complaints"],
            ),
        )


def first_values(people: int) -> dict[str, Any]:
    return {
        "first": once_rules.first_part(people),
        "wait_minutes": once_rules.WAIT_MINUTES,
        "most_failed": once_rules.FAILED_PERCENT,
        "most_opted_out": once_rules.OPTED_OUT_PERCENT,
        "most_complaints": once_rules.COMPLAINTS,
    }


def is_old(row: OnceCount, now: datetime) -> bool:
    """Tell whether so much may have changed since it was counted that nobody should start it by it."""
    return row.counted_at is not None and now - row.counted_at > FRESH


def in_audience(row: OnceCount, counts: Counts) -> int:
    """Return how many would enter: who has agreed and has a number, whatever else keeps them from being texted."""
    refused = sum(n for reason, n in counts.never.items() if reason.startswith(once_count.ENTRY))
    return row.position - refused - sum(counts.never.get(reason, 0) for reason in _OUTSIDE)
