from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.sequences.blocks.base import Fault, StepBlock

CLOSE, REOPEN = "close", "reopen"
CHANGES = [(CLOSE, _("Take them off the list")), (REOPEN, _("Put them back, if they agreed themselves"))]
GROUPS = [
    (PurposeGroup.MARKETING.value, _("marketing texts")),
    (PurposeGroup.TRANSACTIONAL.value, _("texts about orders and bookings")),
]


class Block(StepBlock):
    kind = "set_subscription"
    order = 53

    change = blocks.ChoiceBlock(choices=CHANGES, default=CLOSE, label=_("Do what"))
    group = blocks.ChoiceBlock(choices=GROUPS, default=PurposeGroup.MARKETING.value, label=_("Which texts"))
    topic = blocks.CharBlock(
        required=False, max_length=64, label=_("Topic"), help_text=_("Empty: all topics of these texts.")
    )

    class Meta:
        icon = "clipboard-list"
        label = _("Change a subscription")
        group = _("Do something")
        description = _(
            "Takes the person off a list, or puts them back. It never agrees to anything in their name."
        )

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {
            "granted": value.get("change") == REOPEN,
            "group": value.get("group") or "",
            "topic": (value.get("topic") or "").strip(),
        }

    def in_words(self, value: Any) -> str:
        what = str(dict(GROUPS).get(value.get("group"), "…"))
        topic = (value.get("topic") or "").strip()
        values = {"what": f"{what} ({topic})" if topic else what}
        if value.get("change") == REOPEN:
            return str(_("Sends them %(what)s again, if they agreed themselves") % values)
        return str(_("Sends them no more %(what)s") % values)

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if value.get("change") not in dict(CHANGES):
            yield Fault(field="change", message=str(_("Choose what to do.")))
        if value.get("group") not in dict(GROUPS):
            yield Fault(field="group", message=str(_("Choose which texts this is about.")))
