from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks import BlockGroup

from wagtail_drip.core.listed import listed
from wagtail_drip.sequences.blocks.base import Fault, PathBlock, StepBlock, listed_ways

FEWEST, MOST = 2, 5


class SplitWay(PathBlock):
    list_meta = {"label": _("Paths")}

    weight = blocks.IntegerBlock(
        required=False,
        min_value=1,
        max_value=1000,
        default=50,
        label=_("Share"),
        help_text=_("Compared with the others: 50 and 50 is half each, 90 and 10 is nine in ten."),
    )

    class Meta:
        icon = "arrow-right"
        label = _("Path")
        form_classname = "struct-block drip-branch-test"
        form_layout = BlockGroup(children=["name", "weight", "steps"])


class Block(StepBlock):
    kind = "random_split"
    order = 42
    path_lists = {"paths": SplitWay}

    class Meta:
        icon = "grid"
        label = _("Split at random")
        group = _("Timing and decisions")
        description = _("Sends people different ways by chance; the same person always the same way.")

    def settings_of(self, value: Any) -> dict[str, Any]:
        paths = value.get("paths") or ()
        return {
            "ways": [
                {"key": way.key, "weight": child.value.get("weight") or 0}
                for way, child in zip(listed_ways(paths), paths, strict=True)
            ]
        }

    def in_words(self, value: Any) -> str:
        paths = value.get("paths") or ()
        whole = sum(child.value.get("weight") or 0 for child in paths)
        if not whole:
            return str(_("Split at random: not set yet"))
        shares = [
            f"{way.name} {(child.value.get('weight') or 0) / whole:.0%}"
            for way, child in zip(listed_ways(paths), paths, strict=True)
        ]
        return str(_("By chance: %(shares)s") % {"shares": listed(shares)})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        paths = list(value.get("paths") or ())
        if not FEWEST <= len(paths) <= MOST:
            yield Fault(
                field="paths",
                message=str(
                    _("A split has %(fewest)d to %(most)d paths; this one has %(count)d.")
                    % {"fewest": FEWEST, "most": MOST, "count": len(paths)}
                ),
            )
        for way, child in zip(listed_ways(paths), paths, strict=True):
            if not child.value.get("weight"):
                yield Fault(
                    field="paths",
                    message=str(_("Give “%(path)s” a share: 1 or more.") % {"path": way.name}),
                )
        if paths and not any(way.steps for way in listed_ways(paths)):
            yield Fault(message=str(_("Add at least one step to one of the paths.")))
