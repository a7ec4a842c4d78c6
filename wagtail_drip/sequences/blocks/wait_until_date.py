from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks import BlockGroup

from wagtail_drip.events import catalogue
from wagtail_drip.sequences.blocks.base import Fault, StepBlock
from wagtail_drip.sequences.blocks.wait_duration import MINUTES, UNITS

REACHED, OTHERWISE = "reached", "otherwise"
ATTRIBUTE, EVENT = "attribute", "event"
SOURCES = [
    (EVENT, _("the date of what started the sequence")),
    (ATTRIBUTE, _("a date that we know of the person")),
]
BEFORE, ON, AFTER = "before", "on", "after"
DIRECTIONS = [(BEFORE, _("before it")), (ON, _("on the day")), (AFTER, _("after it"))]
WHEN_PAST = [
    (OTHERWISE, _("go the other way")),
    ("go_on", _("go on as if it had just come")),
    ("exit", _("leave the sequence")),
]
WHEN_MISSING = [(OTHERWISE, _("go the other way")), ("exit", _("leave the sequence"))]
LONGEST_DAYS = 366


class Block(StepBlock):
    kind = "wait_until_date"
    order = 32
    waits = True
    branches = {REACHED: _("When it comes…"), OTHERWISE: _("If there is no such date, or it is past…")}
    path_names = {REACHED: _("It comes"), OTHERWISE: _("No date")}
    show_when = {
        "attribute": {"source": [ATTRIBUTE]},
        "anniversary": {"source": [ATTRIBUTE]},
        "property": {"source": [EVENT]},
        "amount": {"direction": [BEFORE, AFTER]},
        "unit": {"direction": [BEFORE, AFTER]},
    }

    source = blocks.ChoiceBlock(choices=SOURCES, default=EVENT, label=_("Which date"))
    attribute = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Attribute"),
        help_text=_("What holds the date, such as birthday: 1990-05-17, or 05-17 without the year."),
    )
    anniversary = blocks.BooleanBlock(
        required=False, default=True, label=_("Every year, as for birthdays and anniversaries")
    )
    property = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Property"),
        help_text=_("Empty: the event's own date, such as when an appointment starts."),
    )
    direction = blocks.ChoiceBlock(choices=DIRECTIONS, default=BEFORE, label=_("Wait until"))
    amount = blocks.IntegerBlock(required=False, min_value=1, default=1, label=_("How long"))
    unit = blocks.ChoiceBlock(choices=UNITS, default="days", label=_("Unit"))
    time = blocks.TimeBlock(
        required=False,
        label=_("Time of day"),
        help_text=_("By the person's own clock. Empty: that of the date itself; 9:00 where it has none."),
    )
    when_past = blocks.ChoiceBlock(
        choices=WHEN_PAST, default=OTHERWISE, label=_("If the moment is past already")
    )
    when_missing = blocks.ChoiceBlock(
        choices=WHEN_MISSING, default=OTHERWISE, label=_("If there is no date, or it is cancelled")
    )

    class Meta:
        icon = "date"
        label = _("Wait until a date")
        group = _("Timing and decisions")
        description = _("Waits until before, on or after an appointment, a birthday or another date.")
        form_classname = "struct-block drip-branch-test"
        form_layout = BlockGroup(
            children=[
                "source",
                "attribute",
                "anniversary",
                "property",
                "direction",
                "amount",
                "unit",
                "time",
                REACHED,
                OTHERWISE,
            ],
            settings=["when_past", "when_missing"],
        )

    def settings_of(self, value: Any) -> dict[str, Any]:
        return self.settings_for(value, trigger_event="")

    def settings_for(self, value: Any, *, trigger_event: str) -> dict[str, Any]:
        is_event = (value.get("source") or EVENT) == EVENT
        name = _property(value, trigger_event) if is_event else (value.get("attribute") or "").strip()
        time, direction = value.get("time"), value.get("direction") or BEFORE
        return {
            "source": EVENT if is_event else ATTRIBUTE,
            "property": name,
            "anniversary": not is_event and bool(value.get("anniversary")),
            "direction": direction,
            "amount": (value.get("amount") or 0) if direction != ON else 0,
            "unit": value.get("unit") or "days",
            "time": time.strftime("%H:%M") if time else "",
            "when_past": value.get("when_past") or OTHERWISE,
            "when_missing": value.get("when_missing") or OTHERWISE,
            "follow": _followed(trigger_event, name) if is_event else {},
        }

    def in_words(self, value: Any) -> str:
        direction, amount = value.get("direction") or BEFORE, value.get("amount") or 0
        what = (value.get("attribute") or "").strip() or "…"
        if (value.get("source") or EVENT) == EVENT:
            what = str(dict(SOURCES)[EVENT])
        if direction == ON:
            return str(_("Wait for the day: %(what)s") % {"what": what})
        units = dict(UNITS)
        words = (
            _("Wait until %(amount)s %(unit)s before: %(what)s")
            if direction == BEFORE
            else _("Wait until %(amount)s %(unit)s after: %(what)s")
        )
        unit = units.get(value.get("unit") or "days", "")
        return str(words % {"amount": amount or "…", "unit": unit, "what": what})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if (value.get("source") or EVENT) == ATTRIBUTE:
            if not (value.get("attribute") or "").strip():
                yield Fault(field="attribute", message=str(_("Name the attribute that holds the date.")))
        else:
            yield from _faults_of_event(value, trigger_event)
        if (value.get("direction") or BEFORE) == ON:
            return
        amount, unit = value.get("amount") or 0, value.get("unit") or "days"
        if amount < 1:
            yield Fault(field="amount", message=str(_("Say how long before or after: 1 or more.")))
        elif amount * MINUTES.get(unit, 1) > LONGEST_DAYS * MINUTES["days"]:
            yield Fault(
                field="amount",
                message=str(
                    _("That is too long. At most %(days)d days before or after.") % {"days": LONGEST_DAYS}
                ),
            )


def _property(value: Any, trigger_event: str) -> str:
    named = (value.get("property") or "").strip()
    found = catalogue.find(trigger_event)
    return named or (found.date_property if found else "")


def _faults_of_event(value: Any, trigger_event: str) -> Iterator[Fault]:
    name = _property(value, trigger_event)
    known = catalogue.find(trigger_event)
    if not name:
        yield Fault(
            field="source",
            message=str(
                _(
                    "What starts this sequence tells no date. Name the property, or choose a date of the person."
                )
            ),
        )
    elif known is not None and known.properties and known.property(name) is None:
        yield Fault(
            field="property",
            message=str(_("What starts this sequence does not tell “%(property)s”.") % {"property": name}),
        )


def _followed(trigger_event: str, name: str) -> dict[str, Any]:
    """Return which later events move or cancel the date, and by what they are known to be about the same thing."""
    trigger = catalogue.find(trigger_event)
    if trigger is None or not trigger.dedupe_property:
        return {}
    same = [each for each in catalogue.all_types() if each.dedupe_property == trigger.dedupe_property]
    return {
        "key": trigger.dedupe_property,
        "cancelled": [each.name for each in same if each.name.endswith("_cancelled")],
        # The trigger itself last: it comes again for the same thing only where a shop tells it twice.
        "moved": [
            *(each.name for each in same if each.date_property == name and each.name != trigger_event),
            trigger_event,
        ],
    }
