"""What the two steps that write tags have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.contacts import cleaning
from wagtail_drip.sequences.blocks.base import Fault, StepBlock


class TagBlock(StepBlock):
    tag = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Tag"),
        help_text=_("A word of your own, such as vip. Capital letters make no difference."),
    )

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {"tag": cleaning.tag(value.get("tag") or "")}

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if not cleaning.tag(value.get("tag") or ""):
            yield Fault(field="tag", message=str(_("Write the tag, such as vip.")))
