"""Steps in the browser: our definition of a struct block, which writes the summary of a collapsed step."""

from __future__ import annotations

from typing import Any

from django import forms
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.telepath import register
from wagtail.blocks.struct_block import StructBlockAdapter

from wagtail_drip.events.condition_blocks import ConditionBlock, ExitRuleBlock
from wagtail_drip.segments.rule_block import RuleBlock
from wagtail_drip.sequences.blocks.base import PathBlock, StepBlock
from wagtail_drip.sequences.blocks.branch_test import BranchTest


class StepBlockAdapter(StructBlockAdapter):
    """The Python half of ``step-blocks.js``."""

    js_constructor = "wagtail_drip.blocks.Step"

    def js_args(self, block: Any) -> list[Any]:
        name, children, meta = super().js_args(block)
        meta["showWhen"] = getattr(block, "show_when", {})
        meta["isStep"] = isinstance(block, StepBlock)
        meta["paths"] = list(getattr(block, "branches", {}))
        meta["pathNames"] = {key: str(name) for key, name in getattr(block, "path_names", {}).items()}
        return [name, children, meta]

    @property
    def media(self) -> forms.Media:
        return super().media + forms.Media(
            js=[
                versioned_static("wagtail_drip/js/segments.js"),
                versioned_static("wagtail_drip/js/editor-data.js"),
                versioned_static("wagtail_drip/js/step-blocks.js"),
            ],
            css={"all": [versioned_static("wagtail_drip/css/editor.css")]},
        )


def register_adapters() -> None:
    """Tell telepath; called once from wagtail_hooks."""
    for block in (StepBlock, PathBlock, BranchTest, ConditionBlock, ExitRuleBlock, RuleBlock):
        register(StepBlockAdapter(), block)
