"""Wait until before, on or after a date: one that we know of the contact, or one of what started the run.

The date is read anew at every look. One that moves moves the wait, one that is cancelled ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from wagtail_drip.enrolments import dates
from wagtail_drip.enrolments.effects import CancelPending, Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import End, GoOn, Outcome, Position, StepKind, Wait, settings_of
from wagtail_drip.sequences.flow import Step

REACHED, OTHERWISE = "reached", "otherwise"
GO_ON, EXIT = "go_on", "exit"
OF_CONTACT, OF_EVENT = "attribute", "event"
# No event tells that an attribute changed, so one looks. What an event moves wakes at once.
LOOK_EVERY = timedelta(days=1)
# As long as the column that holds what an enrolment waits for; what does not fit is seen at a daily look.
LONGEST_NAMES = 64


@dataclass(frozen=True, kw_only=True)
class _Found:
    """
    :ivar value: what stands there; None where nothing does.
    :ivar since: when we were told it, if that was after entering.
    """

    value: Any = None
    since: datetime | None = None
    is_cancelled: bool = False


class Kind(StepKind):
    acts = False
    lengths = ("direction", "amount", "unit", "time")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(events=frozenset(_names(settings)), zone=True)

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        settings = settings_of(step, position)
        found = _of_event(settings, facts) if settings["source"] == OF_EVENT else _of_contact(settings, facts)
        written = None if found.is_cancelled else dates.read(found.value, zone=facts.zone_info)
        looked_at = datetime.fromisoformat(position.memory.get("looked_at") or position.began_at.isoformat())
        # Whatever lay between two looks, at the latest when we were told, has been missed or reached by now.
        floor = max(looked_at, found.since) if found.since else looked_at
        offset = dates.Offset(
            direction=settings["direction"],
            amount=int(settings.get("amount") or 0),
            unit=settings.get("unit") or "days",
            at=time.fromisoformat(settings["time"]) if settings.get("time") else None,
        )
        moment = None
        if written is not None and settings.get("anniversary"):
            moment = dates.next_anniversary(written, offset, zone=facts.zone_info, since=looked_at)
        elif written is not None and not written.is_yearly:
            moment = dates.moment_of(written, offset, zone=facts.zone_info)
        if moment is None:
            why = "cancelled" if found.is_cancelled else "missing"
            return self._turned(step, found, facts, why, settings.get("when_missing"))
        if moment < floor:
            return self._turned(step, found, facts, "past", settings.get("when_past"))
        if now >= moment:
            return GoOn(path=REACHED, was_due_at=moment, decisions=(_decision(step, found, facts, REACHED),))
        return Wait(
            until=moment,
            look_at=min(moment, now + LOOK_EVERY),
            event=_fitting(_names(settings)),
            memory={**position.memory, "looked_at": now.isoformat()},
            decisions=(_decision(step, found, facts, moment.isoformat()),),
        )

    def _turned(self, step: Step, found: _Found, facts: Facts, why: str, choice: str | None) -> Outcome:
        """Answer for a date that cannot be waited for, as the editor chose."""
        decisions = (_decision(step, found, facts, why),)
        if choice == EXIT:
            # A reminder that still waits for its window is of something that is off.
            taken_back = (CancelPending(reason="exit_rule"),)
            return End(state="exited", reason="exit_rule", effects=taken_back, decisions=decisions)
        return GoOn(path=REACHED if choice == GO_ON else OTHERWISE, decisions=decisions)


def _decision(step: Step, found: _Found, facts: Facts, outcome: str) -> Decision:
    settings = step.settings
    rule = {
        "name": "wait_until_date",
        **{
            key: settings.get(key)
            for key in ("source", "property", "direction", "amount", "unit", "time", "anniversary")
        },
        "zone": facts.zone,
    }
    return Decision(step=step.id, rule=rule, value=found.value, outcome=outcome)


def _of_contact(settings: Mapping[str, Any], facts: Facts) -> _Found:
    return _Found(value=facts.attributes.get(settings["property"]))


def _of_event(settings: Mapping[str, Any], facts: Facts) -> _Found:
    """Return the date that the trigger told, or the newest event since about the same order or appointment."""
    trigger = facts.trigger
    if trigger is None:
        return _Found()
    found = _Found(value=trigger.properties.get(settings["property"]))
    follow = settings.get("follow") or {}
    for seen in facts.about_the_same(follow):
        if seen.name in follow.get("cancelled", ()):
            found = _Found(since=seen.recorded_at, is_cancelled=True)
        elif seen.properties.get(settings["property"]):
            found = _Found(value=seen.properties[settings["property"]], since=seen.recorded_at)
    return found


def _names(settings: Mapping[str, Any]) -> list[str]:
    follow = settings.get("follow") or {}
    return [*follow.get("cancelled", ()), *follow.get("moved", ())]


def _fitting(names: list[str]) -> str:
    fitting = ""
    for name in names:
        longer = f"{fitting} {name}".strip()
        fitting = longer if len(longer) <= LONGEST_NAMES else fitting
    return fitting
