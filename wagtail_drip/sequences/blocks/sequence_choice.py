"""What the two steps that name another sequence have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_drip.sequences.blocks.base import Fault, StepBlock


class SequenceChoiceBlock(StepBlock):
    sequence = SnippetChooserBlock("wagtail_drip.Sequence", required=False, label=_("Sequence"))

    def settings_of(self, value: Any) -> dict[str, Any]:
        chosen = value.get("sequence")
        return {"sequence": chosen.pk if chosen is not None else None}

    def name_of(self, value: Any) -> str:
        chosen = value.get("sequence")
        return str(chosen.name) if chosen is not None else "…"

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if value.get("sequence") is None:
            yield Fault(field="sequence", message=str(_("Choose a sequence.")))
