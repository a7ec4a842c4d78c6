"""Go the first way whose tests hold, else the last: by what the contact did, who they are, or what started this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wagtail_drip.enrolments import branch_tests
from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step

YES, NO = "yes", "no"


class Kind(StepKind):
    acts = False

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        needs = Needs()
        for way in ways_of(settings):
            for test in way["tests"]:
                needs |= branch_tests.needs_of(test)
        return needs

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        decisions: list[Decision] = []
        ways = ways_of(step.settings)
        has_several = len(ways) > 1
        for way in ways:
            answers = [branch_tests.ask(test, facts, now) for test in way["tests"]]
            of_way = {"path": way["key"]} if has_several else {}
            decisions += [
                Decision(
                    step=step.id,
                    rule={**answer.rule, **of_way},
                    value=answer.value,
                    outcome=YES if answer.holds else NO,
                    since=answer.since,
                )
                for answer in answers
            ]
            held = [answer.holds for answer in answers]
            if held and (any(held) if way["match"] == "any" else all(held)):
                return GoOn(path=way["key"], decisions=tuple(decisions))
        return GoOn(path=str(step.settings.get("else") or NO), decisions=tuple(decisions))


def ways_of(settings: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the ways in their order; one with a single test is written without the word "ways", as it always was."""
    if "ways" in settings:
        ways: Sequence[Mapping[str, Any]] = settings["ways"]
        return ways
    return ({"key": YES, "match": "all", "tests": (settings["test"],)},)
