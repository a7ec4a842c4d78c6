"""Blocks for tests on an event's properties, shared by triggers, goals, exit rules, branches and segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.events import catalogue
from wagtail_drip.events.conditions import Condition

OPERATORS = [
    ("is", _("is")),
    ("is_not", _("is not")),
    ("contains", _("contains")),
    ("at_least", _("is at least")),
    ("at_most", _("is at most")),
    ("is_set", _("is filled in")),
    ("is_not_set", _("is empty")),
]
WITH_VALUE = ["is", "is_not", "contains", "at_least", "at_most"]


class ConditionBlock(blocks.StructBlock):
    property = blocks.CharBlock(
        label=_("Property"),
        required=False,
        max_length=64,
        help_text=_("What the event tells, such as total or products.category."),
    )
    operator = blocks.ChoiceBlock(choices=OPERATORS, default="is", label=_("Test"))
    value = blocks.CharBlock(label=_("Value"), required=False, max_length=255)

    show_when = {"value": {"operator": WITH_VALUE}}

    class Meta:
        icon = "list-ul"
        label = _("Condition")
        label_format = "{property} {operator} {value}"
        form_classname = "struct-block drip-inline"


class ConditionsBlock(blocks.StreamBlock):
    """All of them must hold."""

    condition = ConditionBlock()


class ExitRuleBlock(blocks.StructBlock):
    event = blocks.ChoiceBlock(choices=catalogue.choices, required=False, label=_("When this happens"))
    conditions = ConditionsBlock(required=False, label=_("Only if"))

    class Meta:
        icon = "logout"
        label = _("Leave when")
        label_format = "{event}"


class ExitRulesBlock(blocks.StreamBlock):
    rule = ExitRuleBlock()


def to_conditions(stream: Any) -> tuple[Condition, ...]:
    """Return what a stream of conditions says, as data."""
    return tuple(
        Condition(
            property=(child.value.get("property") or "").strip(),
            operator=child.value.get("operator") or "is",
            value=child.value.get("value") or "",
        )
        for child in stream or ()
    )


def to_json(stream: Any) -> list[dict[str, str]]:
    """Return the same as ``to_conditions``, as compiled steps keep it."""
    return [
        {"property": test.property, "operator": test.operator, "value": test.value}
        for test in to_conditions(stream)
    ]


def faults_in(stream: Any) -> Iterator[str]:
    """Yield what is wrong with the conditions."""
    for condition in to_conditions(stream):
        if not condition.property:
            yield str(_("Name the property to test, or remove the condition."))
        elif condition.operator in WITH_VALUE and not condition.value:
            yield str(
                _("Fill in the value to compare “%(property)s” with.") % {"property": condition.property}
            )


def is_known_event(name: str) -> bool:
    """Tell whether an event of this name can ever happen."""
    return catalogue.find(name) is not None
