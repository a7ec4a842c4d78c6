"""Wait until a time of day, on some weekdays, by the clock on the contact's own wall."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind, Wait, settings_of
from wagtail_drip.sequences.flow import Step


def next_time(moment: datetime, *, at: time, weekdays: Collection[int], zone: ZoneInfo) -> datetime:
    """
    Return the first moment, at or after *moment*, when it is *at* in *zone* on one of *weekdays*, in UTC.

    A time that a clock change leaves out comes as much later as the gap is long; one that comes twice
    counts the first time.

    :param weekdays: 0 is Monday, in the zone's own calendar; empty for any day.
    """
    today = moment.astimezone(zone).date()
    # A week and a day: today's time may be over, and a zone may have skipped a whole day (Samoa, 2011).
    for days in range(16):
        day = today + timedelta(days=days)
        if weekdays and day.weekday() not in weekdays:
            continue
        candidate = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if candidate >= moment:
            return candidate
    raise ValueError(f"No day of the week among {sorted(weekdays)}.")


class Kind(StepKind):
    acts = False
    lengths = ("time", "weekdays")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(zone=True)

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        settings = settings_of(step, position)
        at = time.fromisoformat(settings["time"])
        weekdays = [int(day) for day in settings.get("weekdays") or ()]
        # Counted from when the step began, so that running it again gives the same answer.
        until = next_time(position.began_at, at=at, weekdays=weekdays, zone=facts.zone_info)
        if now >= until:
            return GoOn()
        waits = Decision(
            step=step.id,
            rule={"name": "wait_until_time", "time": at.isoformat("minutes"), "weekdays": weekdays},
            value=facts.zone,
            outcome=until.isoformat(),
        )
        return Wait(until=until, memory=position.memory, decisions=(waits,))
