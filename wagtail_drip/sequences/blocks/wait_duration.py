from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail import blocks

from wagtail_drip.sequences.blocks.base import Fault, StepBlock

UNITS = [
    ("minutes", gettext_lazy("minutes")),
    ("hours", gettext_lazy("hours")),
    ("days", gettext_lazy("days")),
    ("weeks", gettext_lazy("weeks")),
]
MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60, "weeks": 7 * 24 * 60}
LONGEST_DAYS = 730


class Block(StepBlock):
    kind = "wait_duration"
    waits = True
    order = 20

    amount = blocks.IntegerBlock(min_value=1, default=1, required=False, label=gettext_lazy("Wait for"))
    unit = blocks.ChoiceBlock(choices=UNITS, default="days", label=gettext_lazy("Unit"))

    class Meta:
        icon = "history"
        label = gettext_lazy("Wait")
        group = gettext_lazy("Timing and decisions")
        description = gettext_lazy("Waits before the next step.")
        form_classname = "struct-block drip-inline"

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {"amount": value.get("amount"), "unit": value.get("unit")}

    def in_words(self, value: Any) -> str:
        amount, unit = value.get("amount"), value.get("unit")
        if not amount or unit not in MINUTES:
            return _("Wait: not set yet")
        words = {
            "minutes": ngettext("%(n)d minute later", "%(n)d minutes later", amount),
            "hours": ngettext("%(n)d hour later", "%(n)d hours later", amount),
            "days": ngettext("%(n)d day later", "%(n)d days later", amount),
            "weeks": ngettext("%(n)d week later", "%(n)d weeks later", amount),
        }
        return words[unit] % {"n": amount}

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        amount, unit = value.get("amount"), value.get("unit")
        if not amount or amount < 1:
            yield Fault(field="amount", message=_("Say how long to wait: 1 or more."))
        elif unit not in MINUTES:
            yield Fault(field="unit", message=_("Choose minutes, hours, days or weeks."))
        elif amount * MINUTES[unit] > LONGEST_DAYS * MINUTES["days"]:
            yield Fault(
                field="amount",
                message=_("That is too long. Wait for %(days)d days at most.") % {"days": LONGEST_DAYS},
            )
