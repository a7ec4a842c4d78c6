"""Blocks for tests on an event's properties, shared by triggers, goals and exit rules."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.events import catalogue

OPERATORS = [
    ("is", _("is")),
    ("is_not", _("is not")),
    ("contains", _("contains")),
    ("at_least", _("is at least")),
    ("at_most", _("is at most")),
    ("is_set", _("is filled in")),
    ("is_not_set", _("is empty")),
]


class ConditionBlock(blocks.StructBlock):
    property = blocks.CharBlock(label=_("Property"), max_length=64)
    operator = blocks.ChoiceBlock(choices=OPERATORS, default="is", label=_("Test"))
    value = blocks.CharBlock(label=_("Value"), required=False, max_length=255)

    class Meta:
        icon = "filter"
        label = _("Condition")
        label_format = "{property} {operator} {value}"
        form_classname = "struct-block drip-inline"


class ConditionsBlock(blocks.StreamBlock):
    """All of them must hold."""

    condition = ConditionBlock()


class ExitRuleBlock(blocks.StructBlock):
    event = blocks.ChoiceBlock(choices=catalogue.choices, label=_("When this happens"))
    conditions = ConditionsBlock(required=False, label=_("Only if"))

    class Meta:
        icon = "logout"
        label = _("Leave when")
        label_format = "{event}"


class ExitRulesBlock(blocks.StreamBlock):
    rule = ExitRuleBlock()
