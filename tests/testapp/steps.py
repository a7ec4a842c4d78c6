from __future__ import annotations

from wagtail import blocks

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.steps.base import GoOn, StepKind
from wagtail_drip.sequences.blocks.base import Fault, StepBlock


class RegionBlock(StepBlock):
    kind = "shop_region"
    branches = {"here": "In our country", "abroad": "Abroad"}
    country = blocks.CharBlock(required=False, max_length=2, label="Country", help_text="Two letters.")

    class Meta:
        icon = "globe"
        label = "Here or abroad"
        group = "Our shop"

    def faults(self, value, *, trigger_event):
        if not value.get("country"):
            yield Fault(field="country", message="Fill in a country.")


class RegionKind(StepKind):
    def run(self, step, position, facts, now):
        region = facts.values()["region"]
        path = "here" if region == step.settings["country"] else "abroad"
        why = Decision(step=step.id, rule={"name": "shop_region"}, value=region, outcome=path)
        return GoOn(path=path, decisions=(why,))
