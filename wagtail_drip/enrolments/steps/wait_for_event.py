"""Wait until something happens to the contact, but no longer than so long; each way out has its path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts, Needs, Seen
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind, Wait, settings_of
from wagtail_drip.enrolments.steps.wait_duration import CALENDAR, end_of_wait
from wagtail_drip.events.conditions import EventTest, conditions_from_json
from wagtail_drip.sequences.flow import Step

HAPPENED, TIMED_OUT = "happened", "timed_out"
SINCE_ENTRY, SINCE_HERE = "entry", "here"


class Kind(StepKind):
    acts = False
    lengths = ("amount", "unit")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(
            events=frozenset({self.event(settings)}),
            zone=settings["unit"] in CALENDAR,
        )

    def event(self, settings: Mapping[str, Any]) -> str:
        return str(settings["event"])

    def awaited(self, settings: Mapping[str, Any], facts: Facts, *, after: datetime) -> list[Seen]:
        """Return what was waited for and was recorded after *after*, oldest first."""
        test = EventTest(
            event=self.event(settings), conditions=conditions_from_json(settings.get("conditions"))
        )
        return facts.matching(test, after=after)

    def rule(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a timeline says was waited for."""
        return {"event": self.event(settings), "conditions": list(settings.get("conditions") or ())}

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        settings = settings_of(step, position)
        amount, unit = int(settings["amount"]), str(settings["unit"])
        until = end_of_wait(position.began_at, amount=amount, unit=unit, zone=facts.zone_info)
        after = position.began_at if settings.get("since") == SINCE_HERE else facts.since
        # Whoever looks late decides as if in time: what came after the wait was over did not end it.
        found = [seen for seen in self.awaited(settings, facts, after=after) if seen.recorded_at <= until]
        rule = {"name": step.kind, **self.rule(settings), "amount": amount, "unit": unit}
        since = after.isoformat()
        if found:
            # The moment, not the event's own words: a reply is the contact's, and is erased with them.
            happened = Decision(
                step=step.id,
                rule=rule,
                value=found[0].recorded_at.isoformat(),
                outcome=HAPPENED,
                since=since,
            )
            return GoOn(path=HAPPENED, decisions=(happened,))
        if now >= until:
            late = Decision(step=step.id, rule=rule, outcome=TIMED_OUT, since=since)
            return GoOn(path=TIMED_OUT, decisions=(late,))
        waits = Decision(step=step.id, rule=rule, outcome=until.isoformat(), since=since)
        return Wait(until=until, event=self.event(settings), memory=position.memory, decisions=(waits,))
