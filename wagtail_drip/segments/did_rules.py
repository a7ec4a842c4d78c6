"""Rules about what somebody did: events, orders, and what became of our texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.events import catalogue
from wagtail_drip.events.condition_blocks import (
    OPERATORS,
    ConditionsBlock,
    faults_in,
    is_known_event,
    to_json,
)
from wagtail_drip.segments.rule_block import DID, IS_NOT, NEGATE, RuleBlock, plain

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
RFM = [
    ("champions", _("best: lately, often and much")),
    ("loyal", _("loyal: often, and not long ago")),
    ("new", _("new: lately, and hardly more than once")),
    ("at_risk", _("at risk: often, but not lately")),
    ("lost", _("lost: longest ago of all, and not often")),
]


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
            "number": plain(number, "0"),
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
            "number": plain(number),
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


class RhythmRule(RuleBlock):
    factor = blocks.DecimalBlock(
        required=False,
        min_value=1,
        max_value=20,
        decimal_places=1,
        default=2,
        label=_("So many times their usual gap"),
        help_text=_(
            "2: somebody who orders every 30 days has not ordered for 60. Asked of people with three orders or "
            "more; others have no rhythm yet."
        ),
    )

    class Meta:
        icon = "time"
        label = _("Late against their own rhythm")
        group = DID
        label_format = "{factor}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        factor = value.get("factor")
        return {"factor": float(factor if factor is not None else 2)}

    def in_words(self, value: Any) -> str:
        return gettext("the last order is longer ago than %(factor)s times their usual gap") % {
            "factor": plain(value.get("factor"))
        }


class RfmRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=IS_NOT, default="", required=False, label=_("The person…"))
    group = blocks.ChoiceBlock(
        choices=RFM,
        default="champions",
        label=_("among all who bought"),
        help_text=_(
            "By fifths of all buyers: how lately they bought, how often, and for how much. Most useful from a "
            "few hundred buyers on."
        ),
    )

    class Meta:
        icon = "pick"
        label = _("Best, new or lost customers (RFM)")
        group = DID
        label_format = "{negate} {group}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {"group": value.get("group") or "champions", "negate": value.get("negate") == "not"}

    def in_words(self, value: Any) -> str:
        words = {"group": dict(RFM).get(value.get("group") or "champions", "")}
        if value.get("negate") == "not":
            return gettext("they are not among the %(group)s") % words
        return gettext("they are among the %(group)s") % words


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
