"""Send people different ways by chance; the same person always the same way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step

_WHOLE = 2**64


def drawn(*, person: int, step_id: str) -> float:
    """
    Return this person's number at this step, from 0 up to 1: evenly spread, and the same for ever.

    No row keeps it: a replay, a second pass and a new version of the sequence all draw the same.
    """
    digest = hashlib.sha256(f"{person}:{step_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _WHOLE


def chosen(ways: Sequence[Mapping[str, Any]], share: float) -> str:
    """Return the key of the way whose part of the whole *share* falls into."""
    whole = sum(int(way["weight"]) for way in ways)
    reached = 0
    for way in ways:
        reached += int(way["weight"])
        if share * whole < reached:
            return str(way["key"])
    return str(ways[-1]["key"])


class Kind(StepKind):
    acts = False

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        ways: Sequence[Mapping[str, Any]] = step.settings["ways"]
        # Who entered, not who speaks for them since a merge: else a merge would change the way.
        share = drawn(person=facts.entered_as or facts.contact_id, step_id=step.id)
        path = chosen(ways, share)
        by_chance = Decision(
            step=step.id,
            rule={"name": "random_split", "weights": [int(way["weight"]) for way in ways], "path": path},
            value=round(share, 4),
            outcome=path,
        )
        return GoOn(path=path, decisions=(by_chance,))
