from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks import BlockGroup

from wagtail_drip.events import catalogue
from wagtail_drip.events.condition_blocks import (
    ConditionsBlock,
    faults_in,
    is_known_event,
    to_json,
)
from wagtail_drip.sequences.blocks.awaiting import HAPPENED, TIMED_OUT, AwaitingBlock, at_most
from wagtail_drip.sequences.blocks.base import Fault


class Block(AwaitingBlock):
    kind = "wait_for_event"
    order = 34
    branches = {HAPPENED: _("As soon as it happens…"), TIMED_OUT: _("If it does not happen in time…")}
    path_names = {HAPPENED: _("Happened"), TIMED_OUT: _("Too late")}

    event = blocks.ChoiceBlock(choices=catalogue.choices, required=False, label=_("Wait until"))
    conditions = ConditionsBlock(required=False, label=_("Only if"), collapsed=True)

    class Meta:
        icon = "pick"
        label = _("Wait for something to happen")
        group = _("Timing and decisions")
        description = _("Waits for an order, a click or anything else, and goes on at once when it happens.")
        form_classname = "struct-block drip-branch-test"
        form_layout = BlockGroup(
            children=["event", "amount", "unit", HAPPENED, TIMED_OUT], settings=["conditions", "since"]
        )

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {
            "event": value.get("event") or "",
            "conditions": to_json(value.get("conditions")),
            **self.how_long(value),
        }

    def in_words(self, value: Any) -> str:
        found = catalogue.find(value.get("event") or "")
        return str(
            _("Wait until this happens: %(event)s (%(time)s)")
            % {
                "event": found.sentence if found else "…",
                "time": at_most(value.get("amount"), value.get("unit")) or "…",
            }
        )

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        event = value.get("event") or ""
        if not event:
            yield Fault(field="event", message=str(_("Choose what to wait for.")))
        elif not is_known_event(event):
            yield Fault(
                field="event",
                message=str(
                    _("“%(event)s” is not an event that happens here. Choose another.") % {"event": event}
                ),
            )
        else:
            for message in faults_in(value.get("conditions")):
                yield Fault(field="conditions", message=message)
        yield from super().faults(value, trigger_event=trigger_event)
