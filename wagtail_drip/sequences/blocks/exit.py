from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.sequences.blocks.base import StepBlock


class Block(StepBlock):
    kind = "exit"
    order = 70

    reason = blocks.CharBlock(
        required=False, max_length=64, label=_("Why"), help_text=_("Only your team sees it.")
    )

    class Meta:
        icon = "logout"
        label = _("Stop here")
        group = _("Timing and decisions")
        description = _("Ends the sequence for the person.")

    def in_words(self, value: Any) -> str:
        return str(_("The sequence ends here"))

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {"reason": value.get("reason") or ""}
