from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import blocks

from wagtail_drip.contacts import attributes
from wagtail_drip.sequences.blocks.base import Fault, StepBlock

ATTRIBUTE = "attribute"
FIELDS = [
    (ATTRIBUTE, _("an attribute")),
    ("first_name", _("first name")),
    ("last_name", _("last name")),
    ("language", _("language")),
    ("zone", _("time zone")),
]
_ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


class Block(StepBlock):
    kind = "update_contact"
    order = 50
    show_when = {"attribute": {"field": [ATTRIBUTE]}}

    field = blocks.ChoiceBlock(choices=FIELDS, default=ATTRIBUTE, label=_("Set"))
    attribute = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Attribute"),
        help_text=_(
            "Small letters, digits and _; what is called nickname stands in texts as contact.nickname."
        ),
    )
    value = blocks.CharBlock(
        required=False,
        max_length=255,
        label=pgettext_lazy("the new value", "To"),
        help_text=_("Empty: take it away."),
    )

    class Meta:
        icon = "user"
        label = _("Update contact")
        group = _("Do something")
        description = _("Notes something about the person.")
        form_classname = "struct-block drip-inline"

    def settings_of(self, value: Any) -> dict[str, Any]:
        is_attribute = value.get("field") == ATTRIBUTE
        return {
            "field": value.get("field") or "",
            "attribute": (value.get("attribute") or "") if is_attribute else "",
            "value": value.get("value") or "",
        }

    def in_words(self, value: Any) -> str:
        name = (
            value.get("attribute")
            if value.get("field") == ATTRIBUTE
            else dict(FIELDS).get(value.get("field"))
        )
        return str(_("Notes %(name)s: %(value)s") % {"name": name or "…", "value": value.get("value") or "–"})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if value.get("field") not in dict(FIELDS):
            yield Fault(field="field", message=str(_("Choose what to set.")))
        elif value["field"] == ATTRIBUTE and not _ATTRIBUTE_NAME.match(value.get("attribute") or ""):
            yield Fault(
                field="attribute",
                message=str(
                    _("Name the attribute with small letters, digits and _, beginning with a letter.")
                ),
            )
        elif value["field"] == ATTRIBUTE and value.get("value"):
            try:
                attributes.clean(value["attribute"], value["value"])
            except attributes.InvalidAttribute as error:
                yield Fault(field="value", message=str(error))
        elif (
            value["field"] == "zone"
            and value.get("value")
            and value["value"] not in zoneinfo.available_timezones()
        ):
            yield Fault(field="value", message=str(_("That is no time zone. Write it like Europe/London.")))
