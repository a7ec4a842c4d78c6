"""What the blocks share that wait for something and stop waiting after a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail import blocks

from wagtail_drip.sequences.blocks.base import Fault, StepBlock
from wagtail_drip.sequences.blocks.wait_duration import LONGEST_DAYS, MINUTES, UNITS

HAPPENED, TIMED_OUT = "happened", "timed_out"
SINCE_ENTRY, SINCE_HERE = "entry", "here"
SINCE = [
    (SINCE_ENTRY, gettext_lazy("since they entered")),
    (SINCE_HERE, gettext_lazy("since they came to this step")),
]


def at_most(amount: int | None, unit: str) -> str:
    """Return how long, in words: "2 days at most"; '' while it is not filled in."""
    if not amount or unit not in MINUTES:
        return ""
    words = {
        "minutes": ngettext("%(n)d minute at most", "%(n)d minutes at most", amount),
        "hours": ngettext("%(n)d hour at most", "%(n)d hours at most", amount),
        "days": ngettext("%(n)d day at most", "%(n)d days at most", amount),
        "weeks": ngettext("%(n)d week at most", "%(n)d weeks at most", amount),
    }
    return words[unit] % {"n": amount}


class AwaitingBlock(StepBlock):
    """Waits for something, with a time-out, and has a path for either."""

    waits = True

    amount = blocks.IntegerBlock(min_value=1, default=2, required=False, label=gettext_lazy("Wait at most"))
    unit = blocks.ChoiceBlock(choices=UNITS, default="days", label=gettext_lazy("Unit"))
    since = blocks.ChoiceBlock(
        choices=SINCE,
        default=SINCE_ENTRY,
        label=gettext_lazy("Count what happened"),
        help_text=gettext_lazy("What counts already when they come here does not let them wait at all."),
    )

    def how_long(self, value: Any) -> dict[str, Any]:
        return {
            "amount": value.get("amount"),
            "unit": value.get("unit"),
            "since": value.get("since") or SINCE_ENTRY,
        }

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        amount, unit = value.get("amount"), value.get("unit")
        if not amount or amount < 1:
            yield Fault(field="amount", message=_("Say how long to wait at most: 1 or more."))
        elif unit not in MINUTES:
            yield Fault(field="unit", message=_("Choose minutes, hours, days or weeks."))
        elif amount * MINUTES[unit] > LONGEST_DAYS * MINUTES["days"]:
            yield Fault(
                field="amount",
                message=_("That is too long. Wait for %(days)d days at most.") % {"days": LONGEST_DAYS},
            )
