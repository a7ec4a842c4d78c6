"""One kind of rule each: its fields, what they come to as data, what is missing, and how one reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.apps import apps
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.contacts import cleaning
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

WHO, DID = _("Who they are"), _("What they did")
LONGEST_DAYS = 3650
MEASURES = [
    ("count", _("number of orders")),
    ("total", _("amount spent")),
    ("days_since", _("days since the last order")),
]
COMPARED = [("at_least", _("is at least")), ("at_most", _("is at most"))]
HOW = [
    ("received", _("received")),
    ("clicked", _("clicked a link in")),
    ("replied", _("replied to")),
    ("ignored", _("neither clicked nor answered, of those received,")),
]
GROUPS = [
    (PurposeGroup.MARKETING.value, _("marketing texts")),
    (PurposeGroup.TRANSACTIONAL.value, _("texts about their orders and appointments")),
]
NEGATE = [("", _("has")), ("not", _("has not"))]
IS_NOT = [("", _("is")), ("not", _("is not"))]


class RuleBlock(blocks.StructBlock):
    """Nothing is required in the form itself: an unfinished rule can be counted around, and ``faults`` says what is missing."""

    show_when: ClassVar[Mapping[str, Mapping[str, list[str]]]] = {}

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        raise NotImplementedError

    def faults(self, value: Any) -> Iterator[str]:
        yield from ()

    def in_words(self, value: Any) -> str:
        return str(self.label)


def _days() -> blocks.IntegerBlock:
    return blocks.IntegerBlock(
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        label=_("In the last days"),
        help_text=_("Empty: ever."),
    )


def _times() -> blocks.IntegerBlock:
    return blocks.IntegerBlock(required=False, min_value=1, default=1, label=_("At least how often"))


def _plain(number: Any, missing: str = "…") -> str:
    """Return a number as one writes it, whether a form or code gave it."""
    return missing if number is None else format(Decimal(str(number)).normalize(), "f")


def _within(words: str, days: int | None) -> str:
    if not days:
        return words
    return ngettext("%(what)s in the last %(n)d day", "%(what)s in the last %(n)d days", days) % {
        "what": words,
        "n": days,
    }


class EventRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=NEGATE, default="", required=False, label=_("The person…"))
    event = blocks.ChoiceBlock(choices=catalogue.choices, required=False, label=_("done this"))
    times = _times()
    days = _days()
    conditions = ConditionsBlock(required=False, label=_("Only if"), collapsed=True)

    class Meta:
        icon = "history"
        label = _("Something happened")
        group = DID
        label_format = "{negate} {event}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "event": value.get("event") or "",
            "times": value.get("times") or 1,
            "days": value.get("days") or 0,
            "conditions": to_json(value.get("conditions")),
            "negate": value.get("negate") == "not",
        }

    def faults(self, value: Any) -> Iterator[str]:
        event = value.get("event") or ""
        if not event:
            yield gettext("Choose what the person must have done.")
        elif not is_known_event(event):
            yield gettext("“%(event)s” is not an event that happens here. Choose another.") % {"event": event}
        yield from faults_in(value.get("conditions"))
        for condition in value.get("conditions") or ():
            if "." in (condition.value.get("property") or ""):
                yield gettext(
                    "“%(property)s” is a value inside another, which a segment cannot look into. For "
                    "products, use the rule about orders."
                ) % {"property": condition.value.get("property")}

    def in_words(self, value: Any) -> str:
        found = catalogue.find(value.get("event") or "")
        event = str(found.label) if found else "…"
        times = value.get("times") or 1
        if times > 1:
            event += " " + ngettext("%(n)d time or more", "%(n)d times or more", times) % {"n": times}
        conditions = to_json(value.get("conditions"))
        operators = dict(OPERATORS)
        for each in conditions:
            test = (each["property"], operators.get(each["operator"], ""), each["value"])
            event += f", {' '.join(str(word) for word in test if word)}"
        words = _within(event, value.get("days"))
        if value.get("negate") == "not":
            return gettext("this did not happen: %(event)s") % {"event": words}
        return gettext("this happened: %(event)s") % {"event": words}


class PurchasesRule(RuleBlock):
    show_when = {
        "days": {"measure": ["count", "total"]},
        "currency": {"measure": ["total"]},
    }

    measure = blocks.ChoiceBlock(choices=MEASURES, default="count", label=_("What is counted"))
    compared = blocks.ChoiceBlock(choices=COMPARED, default="at_least", label=_("Test"))
    number = blocks.DecimalBlock(required=False, min_value=0, decimal_places=2, default=1, label=_("Number"))
    currency = blocks.CharBlock(
        required=False, max_length=3, label=_("Currency"), help_text=_("Such as EUR. Empty: any.")
    )
    days = _days()
    product = blocks.CharBlock(
        required=False,
        max_length=255,
        label=_("Only orders with this product"),
        help_text=_("Its number, or a part of its name or category. Empty: any."),
    )
    coupon = blocks.CharBlock(
        required=False, max_length=64, label=_("Only orders with this coupon"), help_text=_("Empty: any.")
    )

    class Meta:
        icon = "tasks"
        label = _("What they bought")
        group = DID
        label_format = "{measure} {compared} {number}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        measure = value.get("measure") or "count"
        number = value.get("number")
        return {
            "measure": measure,
            "operator": value.get("compared") or "at_least",
            "number": _plain(number, "0"),
            "days": (value.get("days") or 0) if measure != "days_since" else 0,
            "currency": (value.get("currency") or "").strip().upper() if measure == "total" else "",
            "product": (value.get("product") or "").strip(),
            "coupon": (value.get("coupon") or "").strip(),
        }

    def faults(self, value: Any) -> Iterator[str]:
        if value.get("number") is None:
            yield gettext("Fill in the number to compare with.")

    def in_words(self, value: Any) -> str:
        number = value.get("number")
        words = gettext("the %(measure)s %(compared)s %(number)s") % {
            "measure": dict(MEASURES).get(value.get("measure") or "count", ""),
            "compared": dict(COMPARED).get(value.get("compared") or "at_least", ""),
            "number": _plain(number),
        }
        if value.get("currency") and value.get("measure") == "total":
            words += f" {value['currency'].upper()}"
        if value.get("product"):
            words = gettext("%(what)s (orders with “%(product)s”)") % {
                "what": words,
                "product": value["product"],
            }
        if value.get("coupon"):
            words = gettext("%(what)s (with the coupon “%(coupon)s”)") % {
                "what": words,
                "coupon": value["coupon"],
            }
        return words if value.get("measure") == "days_since" else _within(words, value.get("days"))


class TextsRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=NEGATE, default="", required=False, label=_("The person…"))
    how = blocks.ChoiceBlock(choices=HOW, default="clicked", label=_("done"))
    times = blocks.IntegerBlock(
        required=False, min_value=1, default=1, label=_("This many texts of ours or more")
    )
    days = _days()

    class Meta:
        icon = "mail"
        label = _("What they did with texts")
        group = DID
        label_format = "{negate} {how} {times}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "how": value.get("how") or "clicked",
            "times": value.get("times") or 1,
            "days": value.get("days") or 0,
            "negate": value.get("negate") == "not",
        }

    def in_words(self, value: Any) -> str:
        times = value.get("times") or 1
        words = ngettext("%(how)s %(n)d text", "%(how)s %(n)d texts or more", times) % {
            "how": dict(HOW).get(value.get("how") or "clicked", ""),
            "n": times,
        }
        words = _within(words, value.get("days"))
        if value.get("negate") == "not":
            return gettext("they have not: %(what)s") % {"what": words}
        return gettext("they have %(what)s") % {"what": words}


class DetailRule(RuleBlock):
    show_when = {"value": {"operator": WITH_VALUE}}

    property = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Detail"),
        help_text=_(
            "first_name, last_name, email, language, region (such as DE), zone, or the name of an attribute."
        ),
    )
    operator = blocks.ChoiceBlock(choices=OPERATORS, default="is", label=_("Test"))
    value = blocks.CharBlock(required=False, max_length=255, label=_("Value"))

    class Meta:
        icon = "user"
        label = _("A detail of the person")
        group = WHO
        label_format = "{property} {operator} {value}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "property": (value.get("property") or "").strip(),
            "operator": value.get("operator") or "is",
            "value": (value.get("value") or "").strip(),
        }

    def faults(self, value: Any) -> Iterator[str]:
        if not (value.get("property") or "").strip():
            yield gettext("Say which detail of the person to test.")
        elif value.get("operator") in WITH_VALUE and not (value.get("value") or "").strip():
            yield gettext("Fill in the value to compare with.")

    def in_words(self, value: Any) -> str:
        compared = value.get("value") if value.get("operator") in WITH_VALUE else ""
        operator = dict(OPERATORS).get(value.get("operator") or "is", "")
        return " ".join(str(word) for word in (value.get("property") or "…", operator, compared) if word)


class TagRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=NEGATE, default="", required=False, label=_("The person…"))
    tag = blocks.CharBlock(required=False, max_length=64, label=_("this tag"))

    class Meta:
        icon = "tag"
        label = _("A tag")
        group = WHO
        label_format = "{negate} {tag}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {"tag": cleaning.tag(value.get("tag") or ""), "negate": value.get("negate") == "not"}

    def faults(self, value: Any) -> Iterator[str]:
        if not cleaning.tag(value.get("tag") or ""):
            yield gettext("Write the tag, such as vip.")

    def in_words(self, value: Any) -> str:
        words = {"tag": cleaning.tag(value.get("tag") or "") or "…"}
        if value.get("negate") == "not":
            return gettext("the tag “%(tag)s” is missing") % words
        return gettext("the tag “%(tag)s” is there") % words


class ConsentRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=NEGATE, default="", required=False, label=_("The person…"))
    group = blocks.ChoiceBlock(choices=GROUPS, default="marketing", label=_("agreed to"))
    topic = blocks.CharBlock(
        required=False, max_length=64, label=_("Topic"), help_text=_("Empty: in general.")
    )

    class Meta:
        icon = "check"
        label = _("What they agreed to")
        group = WHO
        label_format = "{negate} {group} {topic}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "group": value.get("group") or PurposeGroup.MARKETING.value,
            "topic": (value.get("topic") or "").strip(),
            "negate": value.get("negate") == "not",
        }

    def in_words(self, value: Any) -> str:
        texts = str(dict(GROUPS).get(value.get("group") or "marketing", ""))
        if value.get("topic"):
            texts = f"{texts} ({value['topic']})"
        if value.get("negate") == "not":
            return gettext("they have not agreed to %(texts)s") % {"texts": texts}
        return gettext("they have agreed to %(texts)s") % {"texts": texts}


def _segments() -> list[tuple[str, str]]:
    # By its name: the model has these blocks in a field.
    segments = apps.get_model("wagtail_drip", "Segment")
    return [(str(pk), name) for pk, name in segments.objects.order_by("name").values_list("pk", "name")]


class SegmentRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=IS_NOT, default="", required=False, label=_("The person…"))
    segment = blocks.ChoiceBlock(choices=_segments, required=False, label=_("in the segment"))

    class Meta:
        icon = "group"
        label = _("Another segment")
        group = WHO
        label_format = "{negate} {segment}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {"segment": int(value.get("segment") or 0), "negate": value.get("negate") == "not"}

    def faults(self, value: Any) -> Iterator[str]:
        if not value.get("segment"):
            yield gettext("Choose the other segment.")

    def in_words(self, value: Any) -> str:
        words = {"segment": dict(_segments()).get(str(value.get("segment") or ""), "…")}
        if value.get("negate") == "not":
            return gettext("they are not in “%(segment)s”") % words
        return gettext("they are in “%(segment)s”") % words


class ShareRule(RuleBlock):
    percent = blocks.DecimalBlock(
        required=False, min_value=0, max_value=100, decimal_places=1, default=10, label=_("Per cent")
    )

    class Meta:
        icon = "rotate"
        label = _("A random share")
        group = WHO
        label_format = "{percent}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        percent = value.get("percent")
        # The rule's own id: two shares are independent, and one keeps its people when the segment is edited.
        return {"percent": float(percent if percent is not None else 0), "salt": id}

    def faults(self, value: Any) -> Iterator[str]:
        if value.get("percent") is None:
            yield gettext("Fill in how many per cent.")

    def in_words(self, value: Any) -> str:
        percent = value.get("percent")
        return gettext("the lot fell on them (%(percent)s%% of all)") % {"percent": _plain(percent)}
