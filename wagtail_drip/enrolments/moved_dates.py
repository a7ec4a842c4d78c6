"""
A date moved that a text in the outbox is about: the text must not leave with the old one.

A text that only its own wait lies behind is taken back, and its run waits anew for the new date: it is as if the
wait had not been over yet. Where more has come of that wait than this one text, doing it over would do something
twice: the text then stays and tells the new date.

What happens while texts wait changes nothing else: an event that cancels is the business of exit rules.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.enrolments import actions, gather, targets
from wagtail_drip.enrolments.advanced import Moving
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.record import Measure, tally
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState
from wagtail_drip.enrolments.steps.wait_until_date import REACHED
from wagtail_drip.events import catalogue
from wagtail_drip.events.models import Event
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING, SkipReason
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState

_GO_ON = (RuntimeState.LIVE, RuntimeState.PAUSED, RuntimeState.DRAINING)


@dataclass(frozen=True, kw_only=True)
class _Stale:
    """
    A text that tells what is no longer so.

    :ivar event: its event's properties as they stand now.
    """

    text: Message
    run: Enrolment
    flow: Flow
    event: Mapping[str, Any]

    @property
    def visit(self) -> int:
        return int(self.text.key.split(":")[2])

    def has_moved(self, name: str) -> bool:
        return bool(self.text.variables.get("event", {}).get(name) != self.event.get(name))


def follow(events: Iterable[Event], *, now: datetime) -> None:
    """Bring what waits in the outbox up to *events*, in the caller's transaction and a fixed number of queries."""
    told = [event for event in events if event.contact_id is not None and _tells_a_date(event.name)]
    if not told:
        return
    stale = _stale(told, now=now)
    if not stale:
        return
    back = _who_waits_anew(stale)
    if back:
        _wait_anew(back, now=now)
    gone = {each.text.pk for each, _step_id in back}
    messaging.tell_anew(
        {
            each.text.pk: {**each.text.variables, "event": dict(each.event)}
            for each in stale
            if each.text.pk not in gone
        },
        now=now,
    )


def _tells_a_date(name: str) -> bool:
    known = catalogue.find(name)
    return known is not None and bool(known.date_property)


def _stale(told: Sequence[Event], *, now: datetime) -> list[_Stale]:
    """Lock the runs that *told* may be about and their people, and return their texts that are out of date."""
    heads = contacts.resolve_merged({event.contact_id for event in told if event.contact_id is not None})
    family = {*heads, *heads.values()}
    family |= set(Contact.objects.filter(merged_into__in=family).values_list("pk", flat=True))
    waiting = Message.objects.filter(contact_id__in=family, state__in=PENDING, enrolment_id__isnull=False)
    theirs = Q(contact_id__in=family, running=1) | Q(
        pk__in=list(waiting.values_list("enrolment_id", flat=True))
    )
    runs = list(Enrolment.objects.filter(theirs).values_list("pk", "version_id"))
    flows = sequences.flows({version_id for _pk, version_id in runs})
    names = {event.name for event in told}
    followed = [pk for pk, version_id in runs if _follows(flows[version_id], names)]
    if not followed:
        return []
    # Whoever advances one of them has committed its text once we have the lock, and we read texts after that.
    locked = claims.lock_in_order(Enrolment.objects.filter(pk__in=followed))
    actions.lock_people(locked)
    texts = claims.lock_in_order(Message.objects.filter(enrolment_id__in=followed, state__in=PENDING))
    if not texts:
        return []
    by_id = {run.pk: run for run in locked}
    moving = [Moving(**{name: getattr(run, name) for name in Moving._fields}) for run in locked]
    facts = gather.facts_for(moving, flows, now=now)
    found = []
    for text in texts:
        run = by_id[text.enrolment_id or 0]
        event = _event_as_it_stands(facts[run.pk], flows[run.version_id])
        if event and event != text.variables.get("event"):
            found.append(_Stale(text=text, run=run, flow=flows[run.version_id], event=event))
    return found


def _follows(flow: Flow, names: set[str]) -> bool:
    return any(names.intersection(each.get("moved", ())) for each in flow.follows)


def _event_as_it_stands(facts: Facts, flow: Flow) -> dict[str, Any]:
    """Return what a text of this run would tell of its event if it were written now."""
    if facts.trigger is None:
        return {}
    known = dict(facts.trigger.properties)
    for each in flow.follows:
        for seen in facts.about_the_same(each):
            known |= seen.properties
    return known


def _who_waits_anew(stale: Sequence[_Stale]) -> list[tuple[_Stale, str]]:
    """Return whose text is all that came of a wait whose date has moved, and the step to wait at."""
    visits: dict[int, list[StepVisit]] = defaultdict(list)
    ids = [each.run.pk for each in stale]
    for visit in StepVisit.objects.filter(enrolment_id__in=ids).order_by("enrolment_id", "visit"):
        visits[visit.enrolment_id].append(visit)
    runtimes = {each.run.sequence_id for each in stale}
    going = set(
        SequenceRuntime.objects.filter(sequence_id__in=runtimes, state__in=_GO_ON).values_list(
            "sequence_id", flat=True
        )
    )
    again = Enrolment.objects.filter(
        sequence_id__in=runtimes, contact_id__in=[each.run.contact_id for each in stale], running=1
    )
    running = {row[:3]: row[3] for row in again.values_list("sequence_id", "contact_id", "dedupe_key", "pk")}
    found = []
    for each in stale:
        run = each.run
        step_id = _wait_behind(each, visits[run.pk])
        may = run.sequence_id in going and run.state in (*RUNNING, EnrolmentState.COMPLETED)
        other = running.get((run.sequence_id, run.contact_id, run.dedupe_key), run.pk)
        if step_id and may and other == run.pk:
            found.append((each, step_id))
    return found


def _wait_behind(stale: _Stale, visits: Sequence[StepVisit]) -> str:
    """Return the wait for the date that moved, if nothing was done since it was over but queue the text; else ''."""
    for visit in reversed(visits):
        step = stale.flow.steps.get(visit.step_id)
        if visit.visit == stale.visit:
            continue
        if step is None or targets.acts(visit.kind):
            return ""
        settings = step.settings
        if visit.visit < stale.visit and settings.get("follow") and stale.has_moved(settings["property"]):
            return visit.step_id if visit.path == REACHED else ""
    return ""


def _wait_anew(back: Sequence[tuple[_Stale, str]], *, now: datetime) -> None:
    pks = [each.run.pk for each, _step_id in back]
    messaging.cancel_pending(enrolment_ids=pks, reason=SkipReason.DATE_MOVED.value, now=now)
    StepVisit.objects.filter(enrolment_id__in=pks, left_at=None).update(left_at=now)
    groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
    counted: Counter[Measure] = Counter()
    for each, step_id in back:
        run = each.run
        groups[step_id, run.state == EnrolmentState.PAUSED].append(run.pk)
        if run.state == EnrolmentState.COMPLETED:
            counted[run.site_id, run.sequence_id, step_id, "completed"] -= 1
    for (step_id, is_parked), some in groups.items():
        Enrolment.objects.filter(pk__in=some).update(
            state=EnrolmentState.PAUSED if is_parked else EnrolmentState.ACTIVE,
            running=1,
            ended_at=None,
            step_id=step_id,
            entered_step_at=None,
            memory={},
            waits_for="",
            waits_since=None,
            due_at=None if is_parked else now,
            parked_due_at=now if is_parked else None,
        )
    tally(counted, now=now)
