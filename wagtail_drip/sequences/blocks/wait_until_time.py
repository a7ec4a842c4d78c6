from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.core.listed import listed
from wagtail_drip.sequences.blocks.base import Fault, StepBlock

WEEKDAYS = [
    ("0", _("Monday")),
    ("1", _("Tuesday")),
    ("2", _("Wednesday")),
    ("3", _("Thursday")),
    ("4", _("Friday")),
    ("5", _("Saturday")),
    ("6", _("Sunday")),
]


class Block(StepBlock):
    kind = "wait_until_time"
    waits = True
    order = 30

    time = blocks.TimeBlock(required=False, label=_("Wait until"), help_text=_("By the person's own clock."))
    weekdays = blocks.MultipleChoiceBlock(
        choices=WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Only on"),
        help_text=_("None chosen: on any day."),
    )

    class Meta:
        icon = "calendar-alt"
        label = _("Wait until a time of day")
        group = _("Timing and decisions")
        description = _("Waits for the next time the clock shows this, by the person's own clock.")

    def settings_of(self, value: Any) -> dict[str, Any]:
        time = value.get("time")
        return {
            "time": time.strftime("%H:%M") if time else "",
            "weekdays": sorted(int(day) for day in value.get("weekdays") or ()),
        }

    def in_words(self, value: Any) -> str:
        time = value.get("time")
        if time is None:
            return str(_("Wait until a time of day: not set yet"))
        days = [
            str(label) for key, label in WEEKDAYS if key in {str(day) for day in value.get("weekdays") or ()}
        ]
        if not days:
            return str(_("Wait until %(time)s") % {"time": time.strftime("%H:%M")})
        return str(
            _("Wait until %(time)s on %(days)s") % {"time": time.strftime("%H:%M"), "days": listed(days)}
        )

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if value.get("time") is None:
            yield Fault(field="time", message=str(_("Fill in the time of day to wait for.")))
