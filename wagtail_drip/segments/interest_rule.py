"""The rule about what somebody cares about, by what they said, by what they have shown, or by either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.segments import families
from wagtail_drip.segments.rule_block import IS_NOT, WHO, RuleBlock
from wagtail_drip.segments.types import Rule
from wagtail_drip.segments.who_rules import KeptChoiceBlock
from wagtail_drip.stores import interests

EITHER, STATED, INFERRED = "", "stated", "inferred"
BY = [
    (EITHER, _("by what they said or did")),
    (STATED, _("by what they said")),
    (INFERRED, _("by what they did")),
]


def interest_choices() -> list[tuple[str, str]]:
    """Return (id as text, name) of every interest, for a choice."""
    return [
        (str(pk), name) for pk, name in sorted(interests.names().items(), key=lambda each: each[1].casefold())
    ]


class InterestChoiceBlock(KeptChoiceBlock):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"choices": interest_choices, "required": False, **options})


class InterestRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=IS_NOT, default="", required=False, label=_("The person…"))
    interest = InterestChoiceBlock(label=_("interested in"))
    by = blocks.ChoiceBlock(
        choices=BY,
        default=EITHER,
        required=False,
        label=_("How we know"),
        help_text=_("What they did fades: what they looked at long ago tells nothing of them any more."),
    )

    class Meta:
        icon = "pick"
        label = _("What they are interested in")
        group = WHO
        label_format = "{negate} {interest}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "interest": int(value.get("interest") or 0),
            "by": value.get("by") or EITHER,
            "negate": value.get("negate") == "not",
        }

    def faults(self, value: Any) -> Iterator[str]:
        if not value.get("interest"):
            yield gettext("Choose the interest. If there is none yet, name it under “Interests” first.")

    def naming(self, value: Any, names: Mapping[str, str]) -> str:
        return told(
            names.get(f"interest:{value.get('interest') or ''}", "…"),
            by=value.get("by") or EITHER,
            negate=value.get("negate") == "not",
        )


def told(interest: str, *, by: str, negate: bool) -> str:
    """Return the rule as one reads it."""
    words = {
        (STATED, False): _("they said that they are interested in “%(interest)s”"),
        (STATED, True): _("they have not said that they are interested in “%(interest)s”"),
        (INFERRED, False): _("they have shown interest in “%(interest)s”"),
        (INFERRED, True): _("they have shown no interest in “%(interest)s”"),
        (EITHER, False): _("they are interested in “%(interest)s”"),
        (EITHER, True): _("they are not known to be interested in “%(interest)s”"),
    }
    return str(words[by, negate]) % {"interest": interest}


def draws_conclusions(rule: Rule) -> bool:
    """Tell whether such a rule concludes something from what people do."""
    return str(rule.get("by") or EITHER) != STATED


def condition(rule: Rule, *, now: datetime, together: bool) -> Q:
    """Return who cares about it; what is shown stands with whoever speaks for a family."""
    found, by = Q(pk__in=[]), str(rule.get("by") or EITHER)
    if by != INFERRED:
        said = interests.stated().filter(interest=rule["interest"])
        found |= Q(pk__in=families.owners(said, together=together))
    if by != STATED:
        shown = interests.inferred(now=now).filter(interest=rule["interest"])
        found |= Q(pk__in=shown.values("contact_id"))
    return found
