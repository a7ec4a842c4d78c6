from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_drip.sequences.blocks.base import Fault
from wagtail_drip.sequences.blocks.sequence_choice import SequenceChoiceBlock


class Block(SequenceChoiceBlock):
    kind = "enrol_in"
    order = 54

    class Meta:
        icon = "login"
        label = _("Start another sequence")
        group = _("Do something")
        description = _("Lets the person into another sequence, if its own rules let them in.")

    def in_words(self, value: Any) -> str:
        return str(_("Starts “%(sequence)s” as well") % {"sequence": self.name_of(value)})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        yield from super().faults(value, trigger_event=trigger_event)
        chosen = value.get("sequence")
        if chosen is not None and not chosen.live:
            yield Fault(
                field="sequence",
                level="advice",
                message=str(
                    _("“%(sequence)s” is not published: nobody enters it until it is.")
                    % {"sequence": chosen.name}
                ),
            )
