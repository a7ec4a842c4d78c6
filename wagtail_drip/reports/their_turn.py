"""What a trigger that a clock pulls reads of one person, and when their turn comes by it. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments import audience, date_triggers, gather, turns, why_not
from wagtail_drip.enrolments.date_triggers import Looked
from wagtail_drip.enrolments.turns import Person, Turn
from wagtail_drip.enrolments.why_not import Check, EntryRule, Standing
from wagtail_drip.events.models import Event, EventTally
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import Sequence as Written
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.types import Running


@dataclass(frozen=True, kw_only=True)
class TheirTurn:
    """
    :ivar next: the turn to come, by what is known now; not after *now* where the next worker that looks lets
        them in. None where none is in sight.
    :ivar missed: the newest turn that is over, where they did not enter for it.
    :ivar since: since when without a break people may enter; what was missed before it was too early.
    :ivar full: that there was no room for them when their last turn came.
    """

    timed: triggers.Timed
    next: Turn | None
    missed: Turn | None
    since: datetime | None = None
    last_at: datetime | None = None
    full: Check | None = None


@dataclass(frozen=True, kw_only=True)
class Read:
    """What is known of the person; the rules of entry and the turn are decided by it."""

    person: Person
    looked: Looked
    is_here: bool = True
    is_in_audience: bool = True

    @property
    def standing(self) -> dict[str, Any]:
        """Return what of it the rules of entry ask: see ``why_not.Standing``."""
        return {
            "last_at": self.person.last_at,
            "is_here": self.is_here,
            "is_in_audience": self.is_in_audience,
            "is_set_aside": self.looked.is_set_aside,
            "once": self.looked.once,
            "rest_at": self.looked.rest_at,
        }


def read(contact: Contact, running: Running, *, now: datetime) -> Read | None:
    """Return what the trigger finds of somebody, as its next pass would; None where no clock pulls it."""
    timed = running.flow.timed
    if timed is None:
        return None
    place = audience.place_of(running)
    last_at, event_id, is_here = None, 0, True
    if timed.kind == triggers.INACTIVE:
        # As the trigger counts: of all rows that are the same person, the newest.
        family = Contact.objects.filter(merged_into=contact).values_list("pk", flat=True)
        tally = (
            EventTally.objects.filter(contact_id__in=[contact.pk, *family], name=timed.event)
            .order_by("-last_at")
            .first()
        )
        if tally is not None:
            last_at, event_id = tally.last_at, tally.last_event_id
            event = Event.objects.filter(pk=event_id).values_list("site_id", flat=True).first()
            is_here = running.site_id in (None, event if event is not None else place.site_id)
    to_many = timed.kind in (triggers.SCHEDULE, triggers.ONCE)
    return Read(
        person=Person(
            zone=gather.zone_of(contact, place.zone),
            date=why_not.date_of(timed, contact.attributes) if timed.kind == triggers.DATE else None,
            last_at=last_at,
            last_event_id=event_id,
        ),
        looked=date_triggers.looked(running, contact.pk, now=now),
        is_here=is_here,
        is_in_audience=not to_many or audience.audience(running.flow, place).filter(pk=contact.pk).exists(),
    )


def running_of(sequence: Written, runtime: SequenceRuntime | None, flow: Flow | None) -> Running | None:
    """Return what people enter, or would if it were live; None before it was ever published."""
    if runtime is None or runtime.version_id is None or flow is None:
        return None
    return Running(
        sequence_id=sequence.pk,
        version_id=runtime.version_id,
        site_id=sequence.site_id,
        flow=flow,
        entering_since=runtime.entering_since,
    )


def promised(
    standing: Standing, running: Running | None, known: Read | None, *, now: datetime
) -> TheirTurn | None:
    """Return the turn of somebody whom nothing but the calendar keeps out; to anybody else nothing is promised."""
    if running is None or known is None:
        return None
    # Time lifts the rule of re-entry, and each turn asks it anew.
    lasting = [
        check
        for check in why_not.standing_checks(standing, now=now)
        if not check.holds and check.name != EntryRule.REENTRY
    ]
    return None if lasting else _turn(known, running, standing, now=now)


def _turn(known: Read, running: Running, standing: Standing, *, now: datetime) -> TheirTurn | None:
    timed, looked, earlier = running.flow.timed, known.looked, standing.earlier
    if timed is None:
        return None
    if timed.kind == triggers.ONCE:
        (only,) = turns.turns(timed, known.person, since=looked.until if looked.is_over else now)
        coming = None if looked.is_over else only
        over = Turn(at=looked.until, occasion=only.occasion) if looked.is_over else None
    else:
        coming = turns.next_turn(timed, running.flow.entry, known.person, since=looked.until, earlier=earlier)
        over = turns.last_turn(timed, known.person, until=looked.until)
    has_entered = over is not None and any(run.dedupe_key == over.occasion for run in earlier)
    missed = None if has_entered else over
    return TheirTurn(
        timed=timed,
        next=coming,
        missed=missed,
        full=why_not.full_check(standing.full, missed.at) if missed is not None else None,
        since=running.entering_since,
        last_at=known.person.last_at,
    )
