from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_drip.sequences.blocks.base import StepBlock


class Block(StepBlock):
    kind = "goal"
    order = 60

    class Meta:
        icon = "pick"
        label = _("Goal reached")
        group = _("Timing and decisions")
        description = _("Ends the sequence for the person and counts it as a success.")

    def in_words(self, value: Any) -> str:
        return str(_("Goal reached: the sequence ends"))

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {}
