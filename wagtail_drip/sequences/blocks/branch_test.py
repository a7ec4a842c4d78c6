"""One test of a branch as an editor fills it in, shared by a branch's first way, its further ones, and "and also"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.contacts import attributes
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.events import catalogue
from wagtail_drip.events.condition_blocks import (
    OPERATORS,
    WITH_VALUE,
    ConditionsBlock,
    faults_in,
    is_known_event,
    to_json,
)
from wagtail_drip.segments.did_rules import COMPARED, MEASURES
from wagtail_drip.segments.interest_rule import BY, InterestChoiceBlock
from wagtail_drip.segments.life_stage_words import LIFE_STAGES
from wagtail_drip.segments.who_rules import GROUPS, SegmentChoiceBlock
from wagtail_drip.sequences.blocks.base import Fault
from wagtail_drip.sequences.replies import ANYTHING, CONTAINS, IS, words_of

DONE, NOT_DONE, CLICKED, REPLIED = "done", "not_done", "clicked", "replied"
PURCHASES, ATTRIBUTE, PAYLOAD = "purchases", "attribute", "payload"
PERMITTED, NOT_PERMITTED = "permitted", "not_permitted"
IN_SEGMENT, NOT_IN_SEGMENT = "in_segment", "not_in_segment"
IN_STAGE, NOT_IN_STAGE = "in_stage", "not_in_stage"
INTERESTED, NOT_INTERESTED = "interested", "not_interested"
TESTS = [
    (DONE, _("has done this")),
    (NOT_DONE, _("has not done this")),
    (CLICKED, _("has clicked a link")),
    (REPLIED, _("has replied")),
    (PURCHASES, _("has bought…")),
    (ATTRIBUTE, _("is somebody whose…")),
    (PAYLOAD, _("came by an event whose…")),
    (PERMITTED, _("has agreed to…")),
    (NOT_PERMITTED, _("has not agreed to…")),
    (IN_SEGMENT, _("is in the segment…")),
    (NOT_IN_SEGMENT, _("is not in the segment…")),
    (IN_STAGE, _("is in the stage…")),
    (NOT_IN_STAGE, _("is not in the stage…")),
    (INTERESTED, _("is interested in…")),
    (NOT_INTERESTED, _("is not known to be interested in…")),
]
SINCE_ENTRY, LAST_DAYS, EVER = "entry", "days", "ever"
WINDOWS = [
    (SINCE_ENTRY, _("since entering")),
    (LAST_DAYS, _("in the last days")),
    (EVER, _("ever")),
]
SCOPES = [
    ("sequence", _("in a text of this sequence")),
    ("step", _("in the text of one step")),
    ("any", _("in any text")),
]
HOW = [
    (ANYTHING, _("anything")),
    (CONTAINS, _("something that contains…")),
    (IS, _("exactly…")),
]
LONGEST_DAYS = 730


class StepChoiceBlock(blocks.TextBlock):
    """The id of another step; the browser shows a list of the steps that are there (``step-blocks.js``)."""

    @cached_property
    def field(self) -> forms.CharField:
        return forms.CharField(
            widget=forms.TextInput(attrs={"data-drip-step-choice": ""}), **self.field_options
        )


class BranchTest(blocks.StructBlock):
    """The fields of a test; which of them show depends on the first."""

    show_when: ClassVar[Mapping[str, Mapping[str, list[str]]]] = {
        "event": {"test": [DONE, NOT_DONE]},
        "times": {"test": [DONE, NOT_DONE]},
        "window": {"test": [DONE, NOT_DONE]},
        "days": {"test": [DONE, NOT_DONE], "window": [LAST_DAYS]},
        "conditions": {"test": [DONE, NOT_DONE]},
        "scope": {"test": [CLICKED]},
        "step": {"test": [CLICKED], "scope": ["step"]},
        "address": {"test": [CLICKED]},
        "how": {"test": [REPLIED]},
        "words": {"test": [REPLIED], "how": [CONTAINS, IS]},
        "measure": {"test": [PURCHASES]},
        "compared": {"test": [PURCHASES]},
        "number": {"test": [PURCHASES]},
        "currency": {"test": [PURCHASES], "measure": ["total"]},
        "bought_days": {"test": [PURCHASES], "measure": ["count", "total"]},
        "group": {"test": [PERMITTED, NOT_PERMITTED]},
        "topic": {"test": [PERMITTED, NOT_PERMITTED]},
        "segment": {"test": [IN_SEGMENT, NOT_IN_SEGMENT]},
        "stage": {"test": [IN_STAGE, NOT_IN_STAGE]},
        "interest": {"test": [INTERESTED, NOT_INTERESTED]},
        "by": {"test": [INTERESTED, NOT_INTERESTED]},
        "property": {"test": [ATTRIBUTE, PAYLOAD]},
        "operator": {"test": [ATTRIBUTE, PAYLOAD]},
        "value": {"test": [ATTRIBUTE, PAYLOAD], "operator": WITH_VALUE},
    }

    test = blocks.ChoiceBlock(choices=TESTS, default=DONE, label=_("If the person…"))
    event = blocks.ChoiceBlock(choices=catalogue.choices, required=False, label=_("What"))
    times = blocks.IntegerBlock(required=False, min_value=1, default=1, label=_("At least how often"))
    window = blocks.ChoiceBlock(choices=WINDOWS, default=SINCE_ENTRY, label=_("When"))
    days = blocks.IntegerBlock(required=False, min_value=1, max_value=LONGEST_DAYS, label=_("How many days"))
    conditions = ConditionsBlock(required=False, label=_("Only if"), collapsed=True)
    scope = blocks.ChoiceBlock(choices=SCOPES, default="sequence", label=_("Where"))
    step = StepChoiceBlock(required=False, max_length=64, label=_("Which text"))
    address = blocks.CharBlock(
        required=False,
        max_length=255,
        label=_("Address contains"),
        help_text=_("Part of where the link leads, such as /coffee/. Empty: any link."),
    )
    how = blocks.ChoiceBlock(choices=HOW, default=ANYTHING, label=_("What they wrote"))
    words = blocks.CharBlock(
        required=False,
        max_length=255,
        label=_("Words"),
        help_text=_("Any of these, with commas between: yes, yes please, ok. Capitals do not matter."),
    )
    measure = blocks.ChoiceBlock(choices=MEASURES, default="count", label=_("What is counted"))
    compared = blocks.ChoiceBlock(choices=COMPARED, default="at_least", label=_("Test"))
    number = blocks.DecimalBlock(required=False, min_value=0, decimal_places=2, default=1, label=_("Number"))
    currency = blocks.CharBlock(
        required=False, max_length=3, label=_("Currency"), help_text=_("Such as EUR. Empty: any.")
    )
    bought_days = blocks.IntegerBlock(
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        label=_("In the last days"),
        help_text=_("Empty: ever."),
    )
    group = blocks.ChoiceBlock(choices=GROUPS, default="marketing", label=_("Texts"))
    topic = blocks.CharBlock(
        required=False, max_length=64, label=_("Topic"), help_text=_("Empty: in general.")
    )
    segment = SegmentChoiceBlock(label=_("Segment"))
    stage = blocks.ChoiceBlock(choices=LIFE_STAGES, required=False, label=_("Stage as a customer"))
    interest = InterestChoiceBlock(label=_("Interest"))
    by = blocks.ChoiceBlock(choices=BY, default="", required=False, label=_("How we know"))
    property = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Detail"),
        help_text=_(
            "first_name, last_name, language, region, zone, tags, the name of an attribute, event.total and "
            "the like for what the event that started it tells, or webhook.points.total for an answer."
        ),
    )
    operator = blocks.ChoiceBlock(choices=OPERATORS, default="is", label=_("Test"))
    value = blocks.CharBlock(required=False, max_length=255, label=_("Value"))

    class Meta:
        icon = "help"
        label = _("And also")
        form_classname = "struct-block drip-branch-test"


FIELDS = tuple(BranchTest.base_blocks)


def compiled(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the test as the engine reads it."""
    return _COMPILED[value.get("test") or DONE](value)


def _event(value: Mapping[str, Any]) -> dict[str, Any]:
    window, times = value.get("window") or SINCE_ENTRY, value.get("times") or 1
    test = {
        "kind": "event",
        "event": value.get("event") or "",
        "conditions": to_json(value.get("conditions")),
        "negate": value.get("test") == NOT_DONE,
        "since": window,
    }
    # Left out where it is as usual, so that a sequence that has not changed makes no new version.
    if times > 1:
        test["times"] = times
    if window == LAST_DAYS:
        test["days"] = value.get("days") or 0
    return test


def _property(kind: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda value: {
        "kind": kind,
        "property": (value.get("property") or "").strip(),
        "operator": value.get("operator") or "is",
        "value": value.get("value") or "",
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    found = _property("attribute")(value)
    return {**found, "value": attributes.kept(found["property"], found["value"])}


def _clicked(value: Mapping[str, Any]) -> dict[str, Any]:
    scope = value.get("scope") or "sequence"
    return {
        "kind": "clicked",
        "scope": scope,
        "step": (value.get("step") or "") if scope == "step" else "",
        "address": (value.get("address") or "").strip(),
    }


def _replied(value: Mapping[str, Any]) -> dict[str, Any]:
    how = value.get("how") or ANYTHING
    words = words_of(value.get("words") or "") if how != ANYTHING else []
    return {"kind": "replied", "how": how, "words": words}


def _purchases(value: Mapping[str, Any]) -> dict[str, Any]:
    measure = value.get("measure") or "count"
    return {
        "kind": "purchases",
        "measure": measure,
        "operator": value.get("compared") or "at_least",
        "number": str(value.get("number") if value.get("number") is not None else ""),
        "days": (value.get("bought_days") or 0) if measure != "days_since" else 0,
        "currency": (value.get("currency") or "").strip().upper() if measure == "total" else "",
    }


def _permission(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "permission",
        "group": value.get("group") or PurposeGroup.MARKETING.value,
        "topic": (value.get("topic") or "").strip(),
        "negate": value.get("test") == NOT_PERMITTED,
    }


def _segment(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "segment",
        "segment": int(value.get("segment") or 0),
        "negate": value.get("test") == NOT_IN_SEGMENT,
    }


def _stage(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "stage",
        "stage": value.get("stage") or "",
        "negate": value.get("test") == NOT_IN_STAGE,
    }


def _interest(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "interest",
        "interest": int(value.get("interest") or 0),
        "by": value.get("by") or "",
        "negate": value.get("test") == NOT_INTERESTED,
    }


_COMPILED: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    DONE: _event,
    NOT_DONE: _event,
    CLICKED: _clicked,
    REPLIED: _replied,
    PURCHASES: _purchases,
    ATTRIBUTE: _attribute,
    PAYLOAD: _property("payload"),
    PERMITTED: _permission,
    NOT_PERMITTED: _permission,
    IN_SEGMENT: _segment,
    NOT_IN_SEGMENT: _segment,
    IN_STAGE: _stage,
    NOT_IN_STAGE: _stage,
    INTERESTED: _interest,
    NOT_INTERESTED: _interest,
}


def faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is missing, each beside its field."""
    test = value.get("test") or DONE
    if test not in _COMPILED:
        yield Fault(field="test", message=str(_("Choose what to ask of the person.")))
    elif test in (DONE, NOT_DONE):
        yield from _faults_of_event(value)
    elif test in (ATTRIBUTE, PAYLOAD):
        if not (value.get("property") or "").strip():
            yield Fault(field="property", message=str(_("Say which detail of the person to test.")))
        elif value.get("operator") in WITH_VALUE and not value.get("value"):
            yield Fault(field="value", message=str(_("Fill in the value to compare with.")))
        elif test == ATTRIBUTE:
            yield from _faults_of_attribute(value)
    elif test == CLICKED and value.get("scope") == "step" and not value.get("step"):
        yield Fault(field="step", message=str(_("Choose the text whose link is meant.")))
    elif test == REPLIED and (value.get("how") or ANYTHING) != ANYTHING:
        if not words_of(value.get("words") or ""):
            yield Fault(field="words", message=str(_("Fill in the words to look for.")))
    elif test in (IN_SEGMENT, NOT_IN_SEGMENT) and not value.get("segment"):
        yield Fault(field="segment", message=str(_("Choose the segment.")))
    elif test in (IN_STAGE, NOT_IN_STAGE) and not value.get("stage"):
        yield Fault(field="stage", message=str(_("Choose the stage.")))
    elif test in (INTERESTED, NOT_INTERESTED) and not value.get("interest"):
        yield Fault(field="interest", message=str(_("Choose the interest.")))
    elif test == PURCHASES and value.get("number") is None:
        yield Fault(field="number", message=str(_("Fill in the number to compare with.")))


def _faults_of_attribute(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what a declared attribute cannot be asked: a number whether it contains something, or to be "blue"."""
    asked = _attribute(value)
    with_value = asked["value"] if asked["operator"] in WITH_VALUE else ""
    if attributes.rule_fault(asked["property"], asked["operator"], ""):
        yield Fault(field="operator", message=attributes.rule_fault(asked["property"], asked["operator"], ""))
    elif fault := attributes.rule_fault(asked["property"], asked["operator"], with_value):
        yield Fault(field="value", message=fault)


def _faults_of_event(value: Mapping[str, Any]) -> Iterator[Fault]:
    event = value.get("event") or ""
    if not event:
        yield Fault(field="event", message=str(_("Choose what the person must have done.")))
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
    if value.get("window") == LAST_DAYS and not value.get("days"):
        yield Fault(field="days", message=str(_("Say how many days to look back.")))
