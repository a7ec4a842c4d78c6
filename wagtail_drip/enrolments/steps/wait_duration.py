"""Wait for a while. Days and weeks are the contact's own: the same wall-clock time, some days on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind, Wait, settings_of
from wagtail_drip.sequences.flow import Step

ELAPSED = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}
CALENDAR = {"days": timedelta(days=1), "weeks": timedelta(weeks=1)}


def end_of_wait(began_at: datetime, *, amount: int, unit: str, zone: ZoneInfo) -> datetime:
    """
    Return when a wait that began at *began_at* is over, in UTC.

    :param unit: minutes, hours, days or weeks.
    """
    return _end(began_at.astimezone(UTC), amount, unit, zone)


@lru_cache(maxsize=1024)
def _end(began_at: datetime, amount: int, unit: str, zone: ZoneInfo) -> datetime:
    # Remembered, for a whole batch begins its wait at one moment.
    if unit in ELAPSED:
        return began_at + amount * ELAPSED[unit]
    # Add the days in wall-clock time and convert last: "after 2 days" keeps the hour on the nights the
    # clocks change. A time that does not exist moves on by the length of the gap.
    local = began_at.astimezone(zone).replace(tzinfo=None) + amount * CALENDAR[unit]
    return local.replace(tzinfo=zone).astimezone(UTC)


class Kind(StepKind):
    acts = False
    lengths = ("amount", "unit")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(zone=settings["unit"] in CALENDAR)

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        settings = settings_of(step, position)
        amount, unit = int(settings["amount"]), str(settings["unit"])
        until = end_of_wait(position.began_at, amount=amount, unit=unit, zone=facts.zone_info)
        if now >= until:
            return GoOn()
        waits = Decision(
            step=step.id,
            rule={"name": "wait_duration", "amount": amount, "unit": unit},
            value=facts.zone if unit in CALENDAR else None,
            outcome=until.isoformat(),
        )
        return Wait(until=until, memory=position.memory, decisions=(waits,))
