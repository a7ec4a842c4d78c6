"""What a step may know, and how it says what it needs to know. Pure; ``gather`` fills it in.

A walk asks nothing of the world: whatever it decides by is in here, as it was at one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wagtail_drip.enrolments.effects import UpdateContact
from wagtail_drip.events.conditions import EventTest

CONTACT_FIELDS = ("first_name", "last_name", "language", "region", "zone")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a step reads, so that facts are gathered for it and for nothing else.

    :param events: names of the events whose happening it asks for.
    :param zone: whether it reads the contact's clock; else ``Facts.zone`` is the site's.
    """

    events: frozenset[str] = frozenset()
    zone: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(events=self.events | other.events, zone=self.zone or other.zone)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An event as a walk sees it."""

    id: int
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    recorded_at: datetime
    store: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """
    All that a walk of one enrolment may know.

    :param contact_id: who is texted: the survivor, where contacts were merged.
    :param contact: CONTACT_FIELDS by name.
    :param zone: a valid time zone: the contact's own, else the number's, else the site's, where a step needs it.
    :param trigger: the event that started this enrolment.
    :param since: goals, exits and branches count what was recorded after this moment.
    :param events: what happened since, by the names that the flow needs, oldest first.
    :param ended_because: an exit reason that holds whatever the flow says (erased, merged), or ''.
    """

    contact_id: int
    contact: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    zone: str = "UTC"
    trigger: Seen | None = None
    since: datetime
    events: tuple[Seen, ...] = ()
    ended_because: str = ""

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def matching(self, test: EventTest, *, after: datetime | None = None) -> list[Seen]:
        """Return the events that pass *test* and were recorded after *after* (by default: since entering)."""
        floor = self.since if after is None else max(after, self.since)
        return [
            seen
            for seen in self.events
            if seen.recorded_at > floor and test.accepts(seen.name, seen.properties)
        ]

    def values(self) -> dict[str, Any]:
        """Return what an attribute test may read: ``language``, ``contact.language``, an attribute, ``event.total``."""
        contact = {**self.attributes, **self.contact}
        return {**contact, "contact": contact, "event": dict(self.trigger.properties) if self.trigger else {}}

    def after(self, effects: Iterable[object]) -> Facts:
        """Return the facts as they will be once *effects* are carried out, for the steps of the same walk."""
        updates = [effect for effect in effects if isinstance(effect, UpdateContact)]
        if not updates:
            return self
        contact, attributes = dict(self.contact), dict(self.attributes)
        for effect in updates:
            if effect.attribute:
                attributes[effect.attribute] = effect.value
            else:
                contact[effect.field] = effect.value
        return replace(self, contact=contact, attributes=attributes)
