"""What a step may know, and how it says what it needs to know. Pure; ``gather`` fills it in.

A walk asks nothing of the world: whatever it decides by is in here, as it was at one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from wagtail_drip.contacts.consent import NOTHING_AGREED, PermissionKey, Subscriptions
from wagtail_drip.contacts.types import Channel
from wagtail_drip.core.values import value
from wagtail_drip.enrolments.effects import ChangeTag, SetSubscription, UpdateContact
from wagtail_drip.events.conditions import EventTest

TAGS, WEBHOOK = "tags", "webhook"
CONTACT_FIELDS = ("first_name", "last_name", "language", "region", "zone")


@value
class Needs:
    """What a step reads, so that facts are gathered for it and for nothing else.

    :param events: names of the events whose happening it asks for.
    :param zone: whether it reads the contact's clock; else ``Facts.zone`` is the site's.
    :param tags: whether it reads the contact's tags; else ``Facts.tags`` is empty.
    :param segments: ids of the segments of which it asks whether the contact is in them.
    :param stage: whether it reads in which stage the contact is.
    :param interests: whether it reads what the contact cares about.
    :param subscriptions: whether it reads what the contact agreed to.
    :param answers: whether it reads what webhooks answered in this run.
    :param history: (event, days): what happened in the last so many days, entering or not; 0 for ever.
    :param purchases: whether it reads what the contact bought.
    :param passed: kinds of steps of which it asks how often this enrolment came to each.
    """

    events: frozenset[str] = frozenset()
    zone: bool = False
    tags: bool = False
    segments: frozenset[int] = frozenset()
    stage: bool = False
    interests: bool = False
    subscriptions: bool = False
    answers: bool = False
    history: frozenset[tuple[str, int]] = frozenset()
    purchases: bool = False
    passed: frozenset[str] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            events=self.events | other.events,
            zone=self.zone or other.zone,
            tags=self.tags or other.tags,
            segments=self.segments | other.segments,
            stage=self.stage or other.stage,
            interests=self.interests or other.interests,
            subscriptions=self.subscriptions or other.subscriptions,
            answers=self.answers or other.answers,
            history=self.history | other.history,
            purchases=self.purchases or other.purchases,
            passed=self.passed | other.passed,
        )

    @classmethod
    def of_property(cls, name: str) -> Needs:
        """Return what must be gathered before a test may read *name* from ``Facts.values``."""
        root = name.removeprefix("contact.").split(".")[0]
        return cls(tags=root == TAGS, answers=root == WEBHOOK)


@value
class Seen:
    """An event as a walk sees it."""

    id: int
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    recorded_at: datetime
    store: str = ""


@value
class Answer:
    """What the outside answered to one visit's call; *error* says why there are no *values*."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@value
class Bought:
    """One purchase that was not cancelled; *total* without what was refunded."""

    at: datetime
    total: Decimal
    currency: str = ""


@value
class Facts:
    """
    All that a walk of one enrolment may know.

    :param contact_id: who is texted: the survivor, where contacts were merged.
    :param contact: CONTACT_FIELDS by name.
    :param zone: a valid time zone: the contact's own, else the number's, else the site's, where a step needs it.
    :param trigger: the event that started this enrolment.
    :param since: goals, exits and branches count what was recorded after this moment.
    :param events: what happened since, by the names that the flow needs, oldest first.
    :param tags: the contact's tags, where a step needs them.
    :param segments: those of the segments that a step asks for in which the contact is.
    :param stage: in which stage the contact is, where a step needs it; '' for none.
    :param stated: ids of the interests that the contact told us, where a step needs them.
    :param inferred: until when each interest lasts that the contact has shown, by its id, where a step needs it.
    :param subscriptions: what the contact agreed to on the enrolment's site, where a step needs it.
    :param answers: what webhooks answered in this run, by visit, where a step needs it.
    :param entered_as: the contact that entered, whoever it was merged into since; 0 where nobody entered.
    :param sequence_id: whose flow this is; 0 for one that was never saved.
    :param history: what happened before entering and since, by the names that a step needs, oldest first.
    :param purchases: what the contact bought, oldest first, where a step needs it.
    :param passed: how often this enrolment came to each step of the kinds that a step asks of.
    :param ended_because: an exit reason that holds whatever the flow says (erased, merged), or ''.
    """

    contact_id: int
    contact: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    zone: str = "UTC"
    trigger: Seen | None = None
    since: datetime
    events: tuple[Seen, ...] = ()
    tags: frozenset[str] = frozenset()
    segments: frozenset[int] = frozenset()
    stage: str = ""
    stated: frozenset[int] = frozenset()
    inferred: Mapping[int, datetime] = field(default_factory=dict)
    subscriptions: Subscriptions = NOTHING_AGREED
    answers: Mapping[int, Answer] = field(default_factory=dict)
    entered_as: int = 0
    sequence_id: int = 0
    history: tuple[Seen, ...] = ()
    purchases: tuple[Bought, ...] = ()
    passed: Mapping[str, int] = field(default_factory=dict)
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

    def about_the_same(self, follow: Mapping[str, Any]) -> list[Seen]:
        """
        Return the later events about the same order, cart or appointment as the trigger, oldest first.

        :param follow: by which ``key`` they are known, and which events have ``moved`` or ``cancelled`` it.
        """
        key = follow.get("key") or ""
        about = str(self.trigger.properties.get(key) or "") if self.trigger else ""
        names = {*follow.get("moved", ()), *follow.get("cancelled", ())}
        return [
            seen
            for seen in self.events
            if about
            and seen.name in names
            and seen.recorded_at > self.since
            and str(seen.properties.get(key) or "") == about
        ]

    def having_passed(self, step_id: str) -> Facts:
        """Return the facts once the enrolment has come to this step once more."""
        return replace(self, passed={**self.passed, step_id: self.passed.get(step_id, 0) + 1})

    def values(self) -> dict[str, Any]:
        """Return what an attribute test may read: ``language``, ``contact.language``, ``tags``, ``event.total``."""
        contact = {**self.attributes, **self.contact, TAGS: sorted(self.tags)}
        return {
            **contact,
            "contact": contact,
            "event": dict(self.trigger.properties) if self.trigger else {},
            WEBHOOK: self.answered(),
        }

    def answered(self) -> dict[str, dict[str, Any]]:
        """Return what webhooks answered, by name, the latest where one was asked twice: ``webhook.points.total``."""
        return {
            answer.name: {**answer.values, "answered": not answer.error}
            for _visit, answer in sorted(self.answers.items())
        }

    def after(self, effects: Iterable[object]) -> Facts:
        """Return the facts as they will be once *effects* are carried out, for the steps of the same walk."""
        known = self
        for effect in effects:
            if isinstance(effect, UpdateContact) and effect.attribute:
                known = replace(known, attributes={**known.attributes, effect.attribute: effect.value})
            elif isinstance(effect, UpdateContact):
                known = replace(known, contact={**known.contact, effect.field: effect.value})
            elif isinstance(effect, ChangeTag):
                tag = {effect.tag}
                known = replace(known, tags=known.tags | tag if effect.add else known.tags - tag)
            elif isinstance(effect, SetSubscription):
                key = PermissionKey(effect.group, Channel.SMS, effect.topic)
                known = replace(known, subscriptions=known.subscriptions.after(key, effect.granted))
        return known
