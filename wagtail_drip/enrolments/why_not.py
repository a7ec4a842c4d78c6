"""Why somebody is not in a sequence, rule by rule, by the same functions that let people in.

Decides over rows that were read already, as ``entry`` does: what it says no to, ``admit`` says no to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from wagtail_drip.contacts import dates
from wagtail_drip.enrolments import entry
from wagtail_drip.enrolments.entry import Earlier, Refusal
from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.enrolments.once_states import OnceState
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.flow import Entry, Flow
from wagtail_drip.sequences.triggers import Timed


class EntryRule(StrEnum):
    """Every rule that can keep somebody out; the admin has a sentence for each."""

    NEVER_PUBLISHED = "never_published"
    SEQUENCE_STATE = "sequence_state"
    ERASED = "erased"
    MERGED = "merged"
    BEFORE_PUBLISHING = "before_publishing"
    SITE = "site"
    CONDITION = "condition"
    SET_ASIDE = "set_aside"
    UNREAD = "unread"
    FRESH = "fresh"
    ALREADY_INSIDE = "already_inside"
    REENTRY = "reentry"
    BACKFILLED = "backfilled"
    NO_DATE = "no_date"
    NO_TAG = "no_tag"
    NOT_IN_SEGMENT = "not_in_segment"
    LEFT_OUT_BY_TAG = "left_out_by_tag"
    LEFT_OUT_BY_SEGMENT = "left_out_by_segment"
    UNCOUNTED = "uncounted"
    NEVER_HAPPENED = "never_happened"
    NOT_IN_AUDIENCE = "not_in_audience"
    TRIGGER_SET_ASIDE = "trigger_set_aside"
    NOT_STARTED = "not_started"
    HELD_BACK = "held_back"
    NOT_THEN = "not_then"
    FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Check:
    """
    One rule, asked of one person.

    :param rule: with the values an editor gave it, as in ``effects.Decision``; ``name`` is an ``EntryRule``.
    :param value: what was read.
    :param next_at: from when on the rule lets them in; None where only something else than time changes it.
    """

    rule: Mapping[str, Any]
    holds: bool
    value: Any = None
    next_at: datetime | None = None

    @property
    def name(self) -> str:
        return str(self.rule["name"])


# News is read within a moment, but in a rush, when a limit binds, a queue may stand before it.
RUSH = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Full:
    """An hour or a day in which the entry limit refused somebody, *n* times, from *first_at* to *last_at*."""

    per: str
    period: datetime
    most: int
    n: int
    first_at: datetime
    last_at: datetime

    def refused(self, asked_at: datetime) -> bool:
        """
        Tell whether it refused who asked then, and whom no other rule kept out.

        Once it is full it stays so to its end, and whoever asked after that was the last to be refused, or
        asked before them.
        """
        return self.first_at - RUSH <= asked_at <= self.last_at


def full_check(periods: Sequence[Full], asked_at: datetime) -> Check | None:
    """Return why somebody who asked to come in at that moment found no room; None where there was some."""
    for full in periods:
        if full.refused(asked_at):
            rule = {
                "name": EntryRule.FULL,
                "most": full.most,
                "per": full.per,
                "period": full.period.isoformat(),
            }
            return Check(rule=rule, holds=False, value=full.n)
    return None


@dataclass(frozen=True, kw_only=True)
class Happening:
    """
    One event that might have started the sequence.

    :param is_read: whether it was matched; one that was not yet may still let them in.
    :param is_set_aside: whether matching failed for good.
    :param is_backfilled: whether it was brought in from the past, where no trigger may fire.
    :param has_started: whether it did start a run of this person.
    :param waited_in_vain: whether a segment of the sequence was not counted until it was too old.
    """

    event: Seen
    site_id: int
    is_read: bool = True
    is_set_aside: bool = False
    is_backfilled: bool = False
    has_started: bool = False
    waited_in_vain: bool = False


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What became of one happening: all rules that it was put to."""

    happening: Happening
    checks: tuple[Check, ...]

    @property
    def refused_by(self) -> Check | None:
        return next((check for check in self.checks if not check.holds), None)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """
    What is known of the sequence and of the person before any event is looked at.

    :ivar uncounted: the segments that an event's trigger asks for and that are still being counted.
    :ivar last_at: of a trigger by silence: when its event last happened; *is_here*: on a site that counts.
    :ivar is_in_audience: of a trigger that goes to many: whether it would go to this person now.
    :ivar is_set_aside: whether looking at the clock's trigger failed for good.
    :ivar once: how far something is that goes out once: '' while nobody has started it; None of all others.
    :ivar rest_at: when the rest of it goes, if nothing holds it back.
    :ivar full: when the entry limit refused somebody.
    """

    flow: Flow | None
    state: str = ""
    site_id: int | None = None
    published_at: datetime | None = None
    is_erased: bool = False
    is_merged: bool = False
    earlier: Sequence[Earlier] = field(default_factory=tuple)
    max_age_hours: float = 6
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: Collection[str] = ()
    segments: Collection[int] = ()
    uncounted: Collection[int] = ()
    last_at: datetime | None = None
    is_here: bool = True
    is_in_audience: bool = True
    is_set_aside: bool = False
    once: str | None = None
    rest_at: datetime | None = None
    full: Sequence[Full] = ()


def standing_checks(standing: Standing, *, now: datetime) -> list[Check]:
    """Return the rules that are asked whatever happens: the sequence runs, and the person may come (again)."""
    checks = []
    if standing.flow is None:
        checks.append(Check(rule={"name": EntryRule.NEVER_PUBLISHED}, holds=False))
    else:
        state = {"name": EntryRule.SEQUENCE_STATE}
        checks.append(Check(rule=state, holds=standing.state == "live", value=standing.state))
    if standing.is_erased:
        checks.append(Check(rule={"name": EntryRule.ERASED}, holds=False))
    if standing.is_merged:
        checks.append(Check(rule={"name": EntryRule.MERGED}, holds=False))
    if standing.flow is not None and not standing.flow.entry.keyed:
        checks.append(_again(standing.flow, standing.earlier, key="", now=now))
    if standing.flow is not None and standing.flow.timed is not None:
        checks += _by_the_calendar(standing.flow.timed, standing)
    return checks


def _by_the_calendar(timed: Timed, standing: Standing) -> list[Check]:
    """Return what a trigger that a clock pulls must find of the person at all."""
    checks = []
    if timed.kind == triggers.DATE:
        date = standing.attributes.get(timed.attribute)
        rule = {"name": EntryRule.NO_DATE, "attribute": timed.attribute, "yearly": timed.yearly}
        checks.append(Check(rule=rule, holds=date_of(timed, standing.attributes) is not None, value=date))
    if timed.kind == triggers.INACTIVE:
        last = standing.last_at.isoformat() if standing.last_at is not None else None
        rule = {"name": EntryRule.NEVER_HAPPENED, "event": timed.event}
        checks.append(Check(rule=rule, holds=last is not None, value=last))
        if not standing.is_here:
            checks.append(Check(rule={"name": EntryRule.SITE, "site": standing.site_id}, holds=False))
    if timed.kind in (triggers.SCHEDULE, triggers.ONCE):
        found = _for_whom(timed, standing)
        checks += found
        if all(check.holds for check in found):
            # Who has no tag, or is left out, is outside for that, whatever they agreed to.
            checks.append(Check(rule={"name": EntryRule.NOT_IN_AUDIENCE}, holds=standing.is_in_audience))
    if standing.is_set_aside:
        checks.append(Check(rule={"name": EntryRule.TRIGGER_SET_ASIDE}, holds=False))
    if standing.once in ("", OnceState.STOPPED):
        checks.append(Check(rule={"name": EntryRule.NOT_STARTED}, holds=False, value=standing.once))
    if standing.once in (OnceState.WATCHING, OnceState.HELD):
        rule = {"name": EntryRule.HELD_BACK}
        checks.append(Check(rule=rule, holds=False, value=standing.once, next_at=standing.rest_at))
    return checks


def _for_whom(rules: Timed | Entry, standing: Standing) -> list[Check]:
    """Return whom it is for and whom it leaves out, by the tags and segments of today."""
    checks = []
    if rules.tag:
        rule: dict[str, Any] = {"name": EntryRule.NO_TAG, "tag": rules.tag}
        holds = rules.tag in standing.tags
        checks.append(Check(rule=rule, holds=holds, value=sorted(standing.tags)))
    if rules.segment:
        rule = {"name": EntryRule.NOT_IN_SEGMENT, "segment": rules.segment}
        checks.append(Check(rule=rule, holds=rules.segment in standing.segments))
    if rules.without_tags:
        left_out = sorted(set(rules.without_tags) & set(standing.tags))
        rule = {"name": EntryRule.LEFT_OUT_BY_TAG, "tags": left_out}
        checks.append(Check(rule=rule, holds=not left_out, value=left_out))
    if rules.without_segments:
        outside = sorted(set(rules.without_segments) & set(standing.segments))
        rule = {"name": EntryRule.LEFT_OUT_BY_SEGMENT, "segments": outside}
        checks.append(Check(rule=rule, holds=not outside, value=outside))
    return checks


def date_of(timed: Timed, attributes: Mapping[str, Any]) -> tuple[int | None, int, int] | None:
    """Return (year, month, day) of the date that a trigger goes by; None where it could never fall."""
    found = dates.read_date(attributes.get(timed.attribute))
    return found if found is not None and (timed.yearly or found[0] is not None) else None


def tried(standing: Standing, happening: Happening, *, now: datetime) -> Tried:
    """Return every rule that one event was, or at *now* would be, put to."""
    flow, event = standing.flow, happening.event
    if flow is None or flow.trigger is None:
        return Tried(happening=happening, checks=())
    if happening.has_started:
        return Tried(happening=happening, checks=())
    checks = []
    if happening.is_backfilled:
        checks.append(Check(rule={"name": EntryRule.BACKFILLED}, holds=False))
    too_early = standing.published_at is not None and event.recorded_at < (
        standing.published_at - timedelta(days=flow.entry.existing_days)
    )
    if standing.published_at is not None and too_early:
        before = {"name": EntryRule.BEFORE_PUBLISHING, "published_at": standing.published_at.isoformat()}
        checks.append(Check(rule=before, holds=False, value=event.recorded_at.isoformat()))
    is_here = standing.site_id in (None, happening.site_id)
    checks.append(Check(rule={"name": EntryRule.SITE, "site": standing.site_id}, holds=is_here))
    checks += [
        Check(
            rule={
                "name": EntryRule.CONDITION,
                "property": condition.property,
                "operator": condition.operator,
                "value": condition.value,
            },
            holds=condition.holds(event.properties),
            value=condition.read(event.properties),
        )
        for condition in flow.trigger.conditions
    ]
    if flow.entry.segments and not happening.is_read:
        checks.append(Check(rule={"name": EntryRule.UNCOUNTED}, holds=not standing.uncounted))
    if happening.waited_in_vain:
        rule = {"name": EntryRule.UNCOUNTED, "hours": standing.max_age_hours, "in_vain": True}
        checks.append(Check(rule=rule, holds=False))
    # As of today: nobody writes down what was so when the event was read.
    checks += _for_whom(flow.entry, standing)
    if happening.is_set_aside:
        checks.append(Check(rule={"name": EntryRule.SET_ASIDE}, holds=False))
    if not happening.is_read:
        fresh = entry.is_fresh(event.recorded_at, max_age_hours=standing.max_age_hours, now=now)
        checks.append(Check(rule={"name": EntryRule.FRESH, "hours": standing.max_age_hours}, holds=fresh))
        checks.append(Check(rule={"name": EntryRule.UNREAD}, holds=False))
    key = entry.dedupe_key(flow, event)
    # As it was when the event came: who had been inside by then.
    before_it = [run for run in standing.earlier if run.entered_at < event.recorded_at]
    checks.append(_again(flow, before_it, key=key, now=event.recorded_at))
    if happening.is_read and all(check.holds for check in checks):
        # What we know today would have let them in: it was the moment. Nobody writes down when an event was read.
        rule = {
            "name": EntryRule.NOT_THEN,
            "hours": standing.max_age_hours,
            "most": flow.entry.most,
            "is_for_some": flow.entry.is_for_some,
        }
        not_then = Check(rule=rule, holds=False)
        checks.append(full_check(standing.full, event.recorded_at) or not_then)
    return Tried(happening=happening, checks=tuple(checks))


def _again(flow: Flow, earlier: Sequence[Earlier], *, key: str, now: datetime) -> Check:
    """Return what the rule of re-entry says, by ``entry.why_not`` itself."""
    rules, by_occasion = flow.entry, flow.timed is not None
    refusal = entry.why_not(rules, key=key, earlier=earlier, now=now, by_occasion=by_occasion)
    holds = refusal is None
    same = [run for run in earlier if by_occasion or run.dedupe_key == key]
    newest = max((run.entered_at for run in same), default=None)
    rule = {"name": EntryRule.REENTRY, "reentry": rules.reentry, "days": rules.days, "key": key}
    if refusal is Refusal.INSIDE:
        rule["name"] = EntryRule.ALREADY_INSIDE
    next_at = None
    if refusal is Refusal.TOO_SOON and newest is not None:
        next_at = newest + timedelta(days=max(rules.days, 1))
    return Check(
        rule=rule, holds=holds, value=newest.isoformat() if newest is not None else None, next_at=next_at
    )
