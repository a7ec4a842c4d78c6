from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks
from wagtail.blocks import BlockGroup

from wagtail_drip.sequences.blocks import branch_test, branch_words
from wagtail_drip.sequences.blocks.base import Fault, PathBlock, StepBlock, Way, listed_ways
from wagtail_drip.sequences.blocks.branch_test import BranchTest

MATCHES = [("all", _("all of them hold")), ("any", _("any of them holds"))]


class AlsoBlock(blocks.StreamBlock):
    test = BranchTest()


class _Also(blocks.StructBlock):
    """What a way has beside its first test."""

    match = blocks.ChoiceBlock(choices=MATCHES, default="all", label=_("With several tests, when"))
    also = AlsoBlock(required=False, label=_("More tests"), collapsed=True)


class FurtherWay(BranchTest, _Also, PathBlock):
    list_meta = {"label": _("Or else, if…"), "collapsed": True}

    class Meta:
        icon = "sliders"
        label = _("Another way")
        label_format = "{name}"
        form_classname = "struct-block drip-branch-test"
        form_layout = BlockGroup(
            children=["name", *(each for each in branch_test.FIELDS if each != "conditions"), "steps"],
            settings=["conditions", "match", "also"],
        )


class Block(BranchTest, _Also, StepBlock):
    kind = "branch"
    order = 40
    branches = {"yes": _("Yes, then…"), "no": _("No, then…")}
    path_names = {"yes": _("Yes"), "no": _("No")}
    path_lists = {"more": FurtherWay}

    name = blocks.CharBlock(required=False, max_length=60, label=_("Name of this path"))

    class Meta:
        icon = "sliders"
        label = _("If / else")
        group = _("Timing and decisions")
        description = _("Goes on differently with people by what they did or who they are.")
        form_classname = "struct-block drip-branch-test"
        form_layout = BlockGroup(
            children=[
                *(each for each in branch_test.FIELDS if each != "conditions"),
                "yes",
                "more",
                "no",
            ],
            settings=["conditions", "match", "also", "name"],
        )

    def ways(self, value: Any) -> list[Way]:
        further = list(listed_ways(value.get("more"), first=2))
        named = (value.get("name") or "").strip()
        yes, no = self.path_names["yes"], self.path_names["no"]
        above_yes, above_no = self.branches["yes"], self.branches["no"]
        if further:
            yes = above_yes = _("Path %(number)d") % {"number": 1}
            no = above_no = _("Otherwise")
        return [
            Way(key="yes", label=named or above_yes, name=named or yes, steps=value.get("yes") or ()),
            *further,
            Way(key="no", label=above_no, name=no, steps=value.get("no") or ()),
        ]

    def settings_of(self, value: Any) -> dict[str, Any]:
        first = _way("yes", value)
        further = [
            _way(way.key, child.value)
            for way, child in zip(
                listed_ways(value.get("more"), first=2), value.get("more") or (), strict=True
            )
        ]
        if not further and len(first["tests"]) == 1:
            return {"test": first["tests"][0]}
        return {"ways": [first, *further], "else": "no"}

    def in_words(self, value: Any) -> str:
        words = str(_("If %(test)s") % {"test": branch_words.in_words(value)})
        more = len(value.get("also") or ())
        if more:
            words += ngettext(", and %(n)d more test", ", and %(n)d more tests", more) % {"n": more}
        others = len(value.get("more") or ())
        if others:
            words += " " + ngettext("(or %(n)d other way)", "(or %(n)d other ways)", others) % {"n": others}
        return words

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        yield from branch_test.faults(value)
        yield from _faults_of_also(value, field="also", of="")
        further = list(value.get("more") or ())
        for way, child in zip(listed_ways(further, first=2), further, strict=True):
            of = _("“%(path)s”: ") % {"path": way.name}
            for fault in branch_test.faults(child.value):
                yield Fault(field="more", message=of + fault.message)
            yield from _faults_of_also(child.value, field="more", of=of)
        if not any(way.steps for way in self.ways(value)):
            yield Fault(message=str(_("Add at least one step under “Yes” or “No”.")))


def _way(key: str, value: Any) -> dict[str, Any]:
    others = [branch_test.compiled(child.value) for child in value.get("also") or ()]
    return {
        "key": key,
        "match": (value.get("match") or "all") if others else "all",
        "tests": [branch_test.compiled(value), *others],
    }


def _faults_of_also(value: Any, *, field: str, of: str) -> Iterator[Fault]:
    for child in value.get("also") or ():
        for fault in branch_test.faults(child.value):
            yield Fault(field=field, message=of + fault.message)
