from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks import BlockGroup

from wagtail_drip.events import catalogue
from wagtail_drip.sequences.blocks.base import Fault, StepBlock
from wagtail_drip.sequences.blocks.conditions import (
    OPERATORS,
    WITH_VALUE,
    ConditionsBlock,
    faults_in,
    is_known_event,
    to_json,
)

DONE, NOT_DONE, ATTRIBUTE = "done", "not_done", "attribute"
TESTS = [
    (DONE, _("has done this since entering")),
    (NOT_DONE, _("has not done this since entering")),
    (ATTRIBUTE, _("is somebody whose…")),
]


class Block(StepBlock):
    kind = "branch"
    order = 40
    branches = {"yes": _("Yes, then…"), "no": _("No, then…")}
    path_names = {"yes": _("Yes"), "no": _("No")}
    show_when = {
        "event": {"test": [DONE, NOT_DONE]},
        "conditions": {"test": [DONE, NOT_DONE]},
        "property": {"test": [ATTRIBUTE]},
        "operator": {"test": [ATTRIBUTE]},
        "value": {"test": [ATTRIBUTE], "operator": WITH_VALUE},
    }

    test = blocks.ChoiceBlock(choices=TESTS, default=DONE, label=_("If the person…"))
    event = blocks.ChoiceBlock(choices=catalogue.choices, required=False, label=_("What"))
    conditions = ConditionsBlock(required=False, label=_("Only if"), collapsed=True)
    property = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Detail"),
        help_text=_(
            "first_name, last_name, language, region, zone, the name of an attribute, or event.total and "
            "the like for what the event that started it tells."
        ),
    )
    operator = blocks.ChoiceBlock(choices=OPERATORS, default="is", label=_("Test"))
    value = blocks.CharBlock(required=False, max_length=255, label=_("Value"))

    class Meta:
        icon = "sliders"
        label = _("If / else")
        group = _("Timing and decisions")
        description = _("Goes on differently with people by what they did or who they are.")
        form_classname = "struct-block drip-branch-test"
        form_layout = BlockGroup(
            children=["test", "event", "property", "operator", "value", "yes", "no"], settings=["conditions"]
        )

    def settings_of(self, value: Any) -> dict[str, Any]:
        if value.get("test") == ATTRIBUTE:
            return {
                "test": {
                    "kind": "attribute",
                    "property": (value.get("property") or "").strip(),
                    "operator": value.get("operator") or "is",
                    "value": value.get("value") or "",
                }
            }
        return {
            "test": {
                "kind": "event",
                "event": value.get("event") or "",
                "conditions": to_json(value.get("conditions")),
                "negate": value.get("test") == NOT_DONE,
                "since": "entry",
            }
        }

    def in_words(self, value: Any) -> str:
        if value.get("test") == ATTRIBUTE:
            operator = dict(OPERATORS).get(value.get("operator"), "")
            compared = value.get("value") if value.get("operator") in WITH_VALUE else ""
            return " ".join(
                str(word) for word in (_("If"), value.get("property") or "…", operator, compared) if word
            )
        found = catalogue.find(value.get("event") or "")
        event = str(found.sentence) if found else "…"
        if value.get("test") == NOT_DONE:
            return str(_("If this has not happened since entering: %(event)s") % {"event": event})
        return str(_("If this has happened since entering: %(event)s") % {"event": event})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if value.get("test") == ATTRIBUTE:
            if not (value.get("property") or "").strip():
                yield Fault(field="property", message=str(_("Say which detail of the person to test.")))
            elif value.get("operator") in WITH_VALUE and not value.get("value"):
                yield Fault(field="value", message=str(_("Fill in the value to compare with.")))
        elif not value.get("event"):
            yield Fault(field="event", message=str(_("Choose what the person must have done.")))
        elif not is_known_event(value["event"]):
            yield Fault(
                field="event",
                message=str(
                    _("“%(event)s” is not an event that happens here. Choose another.")
                    % {"event": value["event"]}
                ),
            )
        else:
            for message in faults_in(value.get("conditions")):
                yield Fault(field="conditions", message=message)
        if not any(value.get(path) for path in self.branches):
            yield Fault(message=str(_("Add at least one step under “Yes” or “No”.")))
