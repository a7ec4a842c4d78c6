"""The rules of a segment as an owner puts them together, and what they come to: data, faults, a sentence."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.segments import types
from wagtail_drip.segments.did_rules import EventRule, PurchasesRule, RfmRule, RhythmRule, TextsRule
from wagtail_drip.segments.interest_rule import InterestRule
from wagtail_drip.segments.rule_block import RuleBlock
from wagtail_drip.segments.who_rules import (
    ConsentRule,
    DateRule,
    DetailRule,
    SegmentRule,
    ShareRule,
    StageRule,
    TagRule,
    all_names,
)

MATCHES = [
    (types.ALL, _("all of these hold")),
    (types.ANY, _("any of these holds")),
    (types.NONE, _("none of these holds")),
]


class RuleStream(blocks.StreamBlock):
    event = EventRule()
    purchases = PurchasesRule()
    rhythm = RhythmRule()
    rfm = RfmRule()
    texts = TextsRule()
    detail = DetailRule()
    tag = TagRule()
    interest = InterestRule()
    date = DateRule()
    consent = ConsentRule()
    segment = SegmentRule()
    stage = StageRule()
    share = ShareRule()


class GroupBlock(blocks.StructBlock):
    match = blocks.ChoiceBlock(choices=MATCHES, default=types.ANY, label=_("Who is meant: people of whom"))
    rules = RuleStream(required=False, label=_("Rules"))

    class Meta:
        icon = "folder-open-inverse"
        label = _("A group of rules")
        group = _("Together")
        label_format = "{match}"


class RulesBlock(RuleStream):
    group = GroupBlock()


def compiled(match: str, stream: Any) -> dict[str, Any]:
    """Return the rules as data; see ``types``."""
    return {"match": match or types.ALL, "rules": [_compiled(child) for child in stream or ()]}


def _compiled(child: Any) -> dict[str, Any]:
    if child.block_type == types.GROUP:
        return {"kind": types.GROUP, **compiled(child.value.get("match"), child.value.get("rules"))}
    block: RuleBlock = child.block
    if not child.id:
        # What was put together in code gets its id now, for a random share is drawn by it.
        child.id = str(uuid.uuid4())
    return {"kind": child.block_type, **block.compiled(child.value, id=str(child.id))}


def problems(stream: Any, *, is_in_group: bool = False) -> Iterator[str]:
    """Yield what is missing, each with the number of its rule."""
    if not stream and not is_in_group:
        yield gettext("Add at least one rule.")
    for number, child in enumerate(stream or (), start=1):
        if child.block_type == types.GROUP:
            found: Iterator[str] = problems(child.value.get("rules"), is_in_group=True)
            if not child.value.get("rules"):
                found = iter([gettext("Add a rule to this group, or remove it.")])
        else:
            found = child.block.faults(child.value)
        for message in found:
            yield gettext("Rule %(number)s: %(message)s") % {"number": number, "message": message}


def sentence(match: str, stream: Any, names: Mapping[str, str] | None = None) -> str:
    """
    Return who is meant, as one reads it: "People of whom the tag “vip” is there and …".

    :param names: ``who_rules.all_names``, where many sentences are told; else they are asked for if need be.
    """
    if names is None:
        names = all_names() if types.names_others(compiled(match, stream)) else {}
    told = [_told(child, names) for child in stream or ()]
    if not told:
        return gettext("Nobody yet: add a rule.")
    return gettext("People of whom %(rules)s.") % {"rules": _joined(match, told)}


def _told(child: Any, names: Mapping[str, str]) -> str:
    if child.block_type == types.GROUP:
        told = [_told(each, names) for each in child.value.get("rules") or ()]
        return f"({_joined(child.value.get('match'), told)})" if told else "…"
    return str(child.block.naming(child.value, names))


def _joined(match: str | None, told: list[str]) -> str:
    if match == types.NONE:
        return gettext("none of this is true: %(rules)s") % {"rules": gettext(" or ").join(told)}
    return (gettext(" or ") if match == types.ANY else gettext(" and ")).join(told)
