"""Go on at another step of the same sequence, so many times at most; then on with what follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step

JUMP = "jump"
NAME = "jump_to"
# However often an editor lets people round, and however many jumps there are: nobody goes round for ever.
MOST_JUMPS = 100


class Kind(StepKind):
    acts = False
    counts_passes = True

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(passed=frozenset({NAME}))

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        times = min(int(step.settings["times"]), MOST_JUMPS)
        before = facts.passed.get(step.id, 0)
        jumps = before < times and sum(facts.passed.values()) < MOST_JUMPS
        decision = Decision(
            step=step.id,
            rule={"name": NAME, "times": times},
            value=before,
            outcome="jumped" if jumps else "went_on",
        )
        return GoOn(path=JUMP if jumps else "", decisions=(decision,))
