from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.conf import webhook_aliases
from wagtail_drip.content import problems
from wagtail_drip.sequences.blocks.base import Fault, StepBlock

DEFAULT_WAIT_MINUTES = 60
LONGEST_WAIT_MINUTES = 7 * 24 * 60
MOST_FIELDS = 30
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


def targets() -> list[tuple[str, str]]:
    """Return the places that the site's settings name; an editor chooses one and never types an address."""
    return [(alias, alias) for alias in webhook_aliases()]


class FieldBlock(blocks.StructBlock):
    name = blocks.CharBlock(required=False, max_length=64, label=_("Name"))
    value = blocks.CharBlock(
        required=False, max_length=500, label=_("Value"), help_text=_("May hold variables, as a text does.")
    )

    class Meta:
        icon = "list-ul"
        label = _("Extra detail")
        label_format = "{name}: {value}"
        form_classname = "struct-block drip-inline"


class Block(StepBlock):
    kind = "call_webhook"
    order = 56

    target = blocks.ChoiceBlock(
        choices=targets,
        required=False,
        label=_("Ask which system"),
        help_text=_("Your developer adds systems in the settings, under WEBHOOKS."),
    )
    name = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Call the answer"),
        help_text=_("Small letters. An answer called points stands in texts as webhook.points.total."),
    )
    fields = blocks.ListBlock(
        FieldBlock(), required=False, default=[], collapsed=True, label=_("Tell it as well")
    )
    wait_minutes = blocks.IntegerBlock(
        required=False,
        min_value=1,
        max_value=LONGEST_WAIT_MINUTES,
        default=DEFAULT_WAIT_MINUTES,
        label=_("Wait for the answer at most (minutes)"),
        help_text=_("Then the person goes on without it."),
    )

    class Meta:
        icon = "link-external"
        label = _("Ask another system")
        group = _("Do something")
        description = _("Tells another system about the person, and waits for what it answers.")

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {
            "target": value.get("target") or "",
            "name": (value.get("name") or "").strip(),
            "fields": {
                (each.get("name") or "").strip(): each.get("value") or ""
                for each in value.get("fields") or ()
            },
            "wait_minutes": value.get("wait_minutes") or DEFAULT_WAIT_MINUTES,
        }

    def in_words(self, value: Any) -> str:
        return str(_("Asks “%(system)s” and waits for its answer") % {"system": value.get("target") or "…"})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        known = dict(targets())
        if not known:
            yield Fault(
                field="target",
                message=str(_("No other system is set up. Ask your developer to add one under WEBHOOKS.")),
            )
        elif value.get("target") not in known:
            yield Fault(field="target", message=str(_("Choose which system to ask.")))
        if not _NAME.match((value.get("name") or "").strip()):
            yield Fault(
                field="name",
                message=str(_("Name the answer with small letters, digits and _, beginning with a letter.")),
            )
        yield from _field_faults(value, trigger_event)


def _field_faults(value: Any, trigger_event: str) -> Iterator[Fault]:
    fields = list(value.get("fields") or ())
    names = [(each.get("name") or "").strip() for each in fields]
    if "" in names:
        yield Fault(field="fields", message=str(_("Name each detail, or remove it.")))
    elif len(set(names)) < len(names):
        yield Fault(field="fields", message=str(_("Two details have the same name. Rename one.")))
    elif len(names) > MOST_FIELDS:
        yield Fault(
            field="fields",
            message=str(_("There are too many details. Leave %(most)d at most.") % {"most": MOST_FIELDS}),
        )
    for each in fields:
        if fault := problems.fault_in(each.get("value") or "", trigger_event=trigger_event):
            yield Fault(field="fields", message=fault)
