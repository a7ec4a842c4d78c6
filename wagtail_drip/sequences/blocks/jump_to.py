from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_drip.sequences.blocks.base import Fault, StepBlock
from wagtail_drip.sequences.blocks.branch_test import StepChoiceBlock

JUMP = "jump"
MOST = 100


class Block(StepBlock):
    kind = "jump_to"
    order = 46

    target = StepChoiceBlock(required=False, max_length=64, label=_("Go to"))
    times = blocks.IntegerBlock(
        required=False,
        min_value=1,
        max_value=MOST,
        default=1,
        label=_("At most how often"),
        help_text=_("For each person. After that they go on with the step below."),
    )

    class Meta:
        icon = "redirect"
        label = _("Go to another step")
        group = _("Timing and decisions")
        description = _("Goes back to an earlier step, or on to a later one.")
        form_classname = "struct-block drip-inline"

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {"times": value.get("times") or 0}

    def targets(self, value: Any) -> dict[str, str]:
        return {JUMP: value.get("target") or ""}

    def in_words(self, value: Any) -> str:
        times = value.get("times") or 0
        return str(
            ngettext("Goes to another step, once at most", "Goes to another step, %(n)d times at most", times)
            % {"n": times}
        )

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if not value.get("target"):
            yield Fault(field="target", message=str(_("Choose the step to go to.")))
        times = value.get("times") or 0
        if not 1 <= times <= MOST:
            yield Fault(
                field="times", message=str(_("Say how often at most: 1 to %(most)d times.") % {"most": MOST})
            )
