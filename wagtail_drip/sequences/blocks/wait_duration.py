from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.sequences.blocks.base import Fault, StepBlock

UNITS = [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days")), ("weeks", _("weeks"))]
_MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60, "weeks": 7 * 24 * 60}
LONGEST_DAYS = 730


class Block(StepBlock):
    kind = "wait_duration"
    order = 20

    amount = blocks.IntegerBlock(min_value=1, default=1, required=False, label=_("Wait for"))
    unit = blocks.ChoiceBlock(choices=UNITS, default="days", label=_("Unit"))

    class Meta:
        icon = "history"
        label = _("Wait")
        group = _("Timing and decisions")
        description = _("Waits before the next step.")
        form_classname = "struct-block drip-inline"

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {"amount": value.get("amount"), "unit": value.get("unit")}

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        amount, unit = value.get("amount"), value.get("unit")
        if not amount or amount < 1:
            yield Fault(field="amount", message=str(_("Say how long to wait: 1 or more.")))
        elif unit not in _MINUTES:
            yield Fault(field="unit", message=str(_("Choose minutes, hours, days or weeks.")))
        elif amount * _MINUTES[unit] > LONGEST_DAYS * _MINUTES["days"]:
            yield Fault(
                field="amount",
                message=str(_("That is too long. Wait for %(days)d days at most.") % {"days": LONGEST_DAYS}),
            )
