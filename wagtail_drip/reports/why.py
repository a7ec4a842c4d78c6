"""One person and one sequence: what was decided, by which values, and what would happen when. Nothing is written.

All that is said of the future is said by what will decide then: ``walk``, ``entry`` and the gate's own questions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from django.db.models import Min, Q

from wagtail_drip.conf import settings
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.enrolments import carry_out, for_whom, gather, querysets, walk, why_not
from wagtail_drip.enrolments.advanced import Advanced, Moving
from wagtail_drip.enrolments.effects import Decision as Traced
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.match_events import is_matched, waited_in_vain
from wagtail_drip.enrolments.models import Enrolment, FullPeriod, StepVisit
from wagtail_drip.enrolments.states import EnrolmentState
from wagtail_drip.enrolments.walk_batch import position_of
from wagtail_drip.enrolments.why_not import Check, Full, Happening, Standing, Tried
from wagtail_drip.events.models import Event
from wagtail_drip.messaging import imagined
from wagtail_drip.messaging.imagined import Outlook
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.messaging.types import COLUMNS, Claimed, MessageDraft
from wagtail_drip.reports import their_turn
from wagtail_drip.reports.their_turn import Read, TheirTurn
from wagtail_drip.segments import querysets as segments
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.flow import Entry, Flow
from wagtail_drip.sequences.models import Sequence as Written
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.triggers import Timed

MOST_RUNS = 20
MOST_VISITS = 500
MOST_HAPPENINGS = 10
MOST_PERIODS = 200
# How far ahead is looked where nobody named a moment, and how many stops are shown.
HORIZON = timedelta(days=90)
MOST_STOPS = 60


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A step that somebody came to, with its text if it had one, and what the gate would say of that text."""

    row: StepVisit
    message: Message | None = None
    outlook: Outlook | None = None


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A step that somebody would come to, if they did nothing."""

    step_id: str
    kind: str
    at: datetime
    decisions: tuple[Traced, ...] = ()
    wake_at: datetime | None = None
    waits_for: str = ""
    outlook: Outlook | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """
    One run of the person through the sequence.

    :param ahead: where they would come until the moment asked about; the first stop is where they stand.
    :param failed: why looking ahead broke off, '' where it did not.
    """

    enrolment: Enrolment
    flow: Flow
    visits: tuple[Visit, ...]
    ahead: tuple[Stop, ...] = ()
    failed: str = ""

    @property
    def is_running(self) -> bool:
        return self.enrolment.running is not None

    @property
    def next_text(self) -> datetime | None:
        """Return when this run's next text may go at the earliest; None where none is in sight."""
        moments = [visit.outlook.next_at for visit in self.visits if visit.outlook is not None]
        moments += [stop.outlook.next_at for stop in self.ahead if stop.outlook is not None]
        return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    Why, why not, and when next.

    :param at: the moment asked about; *now* unless somebody asked "what if".
    :param gate: what would become of a text of this sequence at that moment; None before it was ever published.
    :param standing: the rules of entry that hold or refuse whatever happens.
    :param tried: the newest events that might have started it, each with the rules it was put to.
    :param turn: when a trigger that a clock pulls lets them in; None where none does, or nothing is promised.
    """

    contact: Contact
    sequence: Written
    runtime: SequenceRuntime | None
    now: datetime
    at: datetime
    is_hypothetical: bool
    zone: str
    runs: tuple[Run, ...]
    flow: Flow | None
    gate: Outlook | None
    standing: tuple[Check, ...]
    tried: tuple[Tried, ...] = field(default_factory=tuple)
    turn: TheirTurn | None = None

    @property
    def current(self) -> Run | None:
        return next((run for run in self.runs if run.is_running), None)


@dataclass(kw_only=True)
class _Asked:
    """Every message that the gate is asked about, so that it is asked once for all of them."""

    messages: list[tuple[Claimed, datetime]] = field(default_factory=list)

    def add(self, message: Claimed, at: datetime) -> int:
        self.messages.append((message, at))
        return len(self.messages) - 1

    def imagine(self, draft: MessageDraft, site: SiteSettings, *, at: datetime) -> int:
        number = len(self.messages) + 1
        return self.add(imagined.imagine(draft, site, number=number, now=at), at)


def explain(contact: Contact, sequence: Written, *, now: datetime, at: datetime | None = None) -> Answer:
    """
    Return why this person is where they are in this sequence, in a fixed number of queries.

    :param at: a moment to come, for "what if it were Saturday at ten?"; None for now.
    """
    moment = now if at is None else max(at, now)
    runtime = SequenceRuntime.objects.filter(sequence=sequence).select_related("version").first()
    who = Q(contact=contact) | Q(contact__merged_into=contact)
    rows = list(
        Enrolment.objects.filter(who, sequence=sequence)
        .select_related("version")
        .order_by("-entered_at", "-pk")[:MOST_RUNS]
    )
    wanted = {row.version_id for row in rows}
    if runtime is not None and runtime.version_id is not None:
        wanted.add(runtime.version_id)
    flows = sequences.flows(wanted)
    flow = flows[runtime.version_id] if runtime is not None and runtime.version_id is not None else None
    site = _site_of(rows, sequence)
    asked = _Asked()
    visits = _visits(rows, asked, at=moment)
    ahead = _ahead(rows, flows, site, asked, runtime, now=now, until=at)
    general = _general(contact, sequence, flow, site, asked, at=moment)
    outlooks = imagined.outlooks(asked.messages, now=moment)
    running = their_turn.running_of(sequence, runtime, flow)
    known = their_turn.read(contact, running, now=now) if running is not None else None
    standing = _standing(contact, sequence, runtime, flow, known)
    happenings = _happenings(who, sequence.pk, flow, rows)
    return Answer(
        contact=contact,
        sequence=sequence,
        runtime=runtime,
        now=now,
        at=moment,
        is_hypothetical=at is not None,
        zone=gather.zone_of(contact, site.zone),
        runs=tuple(
            Run(
                enrolment=row,
                flow=flows[row.version_id],
                visits=tuple(_told(visit, outlooks) for visit in visits.get(row.pk, ())),
                ahead=tuple(_stop(stop, outlooks) for stop in ahead[row.pk][0]) if row.pk in ahead else (),
                failed=ahead[row.pk][1] if row.pk in ahead else "",
            )
            for row in rows
        ),
        flow=flow,
        gate=outlooks[general] if general is not None else None,
        standing=tuple(why_not.standing_checks(standing, now=moment)),
        tried=tuple(why_not.tried(standing, each, now=moment) for each in happenings),
        turn=their_turn.promised(standing, running, known, now=now),
    )


def _site_of(rows: Sequence[Enrolment], sequence: Written) -> SiteSettings:
    """Return the settings of the site that texts; never made here, for a question writes nothing."""
    known = SiteSettings.objects.all()
    site_id = rows[0].site_id if rows else sequence.site_id
    if site_id is not None:
        return known.filter(site_id=site_id).first() or SiteSettings(site_id=site_id)
    found = known.filter(site__is_default_site=True).first()
    return found or SiteSettings(site_id=0)


def _visits(
    rows: Sequence[Enrolment], asked: _Asked, *, at: datetime
) -> Mapping[int, list[tuple[StepVisit, Message | None, int | None]]]:
    ids = [row.pk for row in rows]
    visits = StepVisit.objects.filter(enrolment_id__in=ids).order_by("-entered_at", "-visit")
    newest = list(visits[:MOST_VISITS]) if ids else []
    keys = {visit.message_key for visit in newest} - {""}
    messages = {row.key: row for row in Message.objects.filter(key__in=keys)} if keys else {}
    found = defaultdict(list)
    for visit in sorted(newest, key=lambda each: each.visit):
        message = messages.get(visit.message_key)
        place = None
        if message is not None and message.state in PENDING:
            # A text that was put off is asked about when it is due, unless somebody asks of a later moment.
            due = message.due_at or message.parked_due_at or at
            place = asked.add(_claimed(message), max(due, at))
        found[visit.enrolment_id].append((visit, message, place))
    return found


def _claimed(message: Message) -> Claimed:
    return Claimed._make(getattr(message, name) for name in COLUMNS)


def _told(visit: tuple[StepVisit, Message | None, int | None], outlooks: Sequence[Outlook]) -> Visit:
    row, message, place = visit
    return Visit(row=row, message=message, outlook=outlooks[place] if place is not None else None)


def _stop(stop: tuple[Stop, int | None], outlooks: Sequence[Outlook]) -> Stop:
    each, place = stop
    return each if place is None else replace(each, outlook=outlooks[place])


_Ahead = Mapping[int, tuple[list[tuple[Stop, int | None]], str]]


def _ahead(
    rows: Sequence[Enrolment],
    flows: Mapping[int, Flow],
    site: SiteSettings,
    asked: _Asked,
    runtime: SequenceRuntime | None,
    *,
    now: datetime,
    until: datetime | None,
) -> _Ahead:
    running = [row for row in rows if row.running is not None and row.state != EnrolmentState.PAUSED]
    if not running or (runtime is not None and runtime.state not in ("live", "draining")):
        return {}
    moving = {row.pk: Moving._make(getattr(row, name) for name in Moving._fields) for row in running}
    facts = gather.facts_for(list(moving.values()), flows)
    found = {}
    for row in running:
        stops: list[tuple[Stop, int | None]] = []
        failed = ""
        try:
            for stop in _walk_on(
                row, moving[row.pk], flows[row.version_id], facts[row.pk], site, asked, now=now, until=until
            ):
                stops.append(stop)
                if len(stops) >= MOST_STOPS or (until is None and stop[1] is not None):
                    break
        except Exception as error:  # noqa: BLE001 -- a step's mistake is an answer too
            failed = f"{type(error).__name__}: {error}"
        found[row.pk] = (stops, failed)
    return found


def _walk_on(
    row: Enrolment,
    moving: Moving,
    flow: Flow,
    facts: Facts,
    site: SiteSettings,
    asked: _Asked,
    *,
    now: datetime,
    until: datetime | None,
) -> Iterator[tuple[Stop, int | None]]:
    """Yield where the person would come if they did nothing: walk by walk, at each moment that wakes them."""
    position = position_of(moving)
    moment = max(row.due_at, now) if row.due_at is not None else None
    last = until or now + HORIZON
    while moment is not None and moment <= last:
        walked = walk.walk(flow, position, facts, moment)
        advanced = Advanced(enrolment=moving, flow=flow, facts=facts, walked=walked)
        texts = {draft.step_id: draft for draft in carry_out.drafts([advanced], moment)}
        for visited in walked.visits:
            waits = visited.left_at is None
            draft = texts.get(visited.step_id)
            place = asked.imagine(draft, site, at=moment) if draft is not None else None
            stop = Stop(
                step_id=visited.step_id,
                kind=visited.kind,
                at=moment,
                decisions=visited.decisions,
                wake_at=walked.wake_at if waits else None,
                waits_for=walked.waits_for if waits else "",
            )
            yield stop, place
        if walked.has_ended:
            return
        facts = walk.facts_after(walked, facts)
        position, moment = walked.position, walked.wake_at


def _general(
    contact: Contact,
    sequence: Written,
    flow: Flow | None,
    site: SiteSettings,
    asked: _Asked,
    *,
    at: datetime,
) -> int | None:
    """Ask of a text that would be due at that moment, whether or not the person is inside."""
    if flow is None or not site.site_id:
        return None
    draft = MessageDraft(
        key="why:0",
        contact_id=contact.pk,
        site_id=site.site_id,
        purpose=flow.purpose,
        topic=flow.topic,
        sequence_id=sequence.pk,
        due_at=at,
    )
    return asked.imagine(draft, site, at=at)


def _standing(
    contact: Contact,
    sequence: Written,
    runtime: SequenceRuntime | None,
    flow: Flow | None,
    known: Read | None,
) -> Standing:
    earlier = querysets.earlier_runs({sequence.pk}, {contact.pk})
    timed = flow.timed if flow is not None else None
    rules = timed or (flow.entry if flow is not None else None)
    tagged = rules is not None and bool(rules.tag or rules.without_tags)
    first = sequence.versions.aggregate(first=Min("published_at"))["first"]
    return Standing(
        flow=flow,
        state=runtime.state if runtime is not None else "",
        site_id=sequence.site_id,
        published_at=first,
        is_erased=contact.erased_at is not None,
        is_merged=contact.merged_into_id is not None,
        earlier=earlier.get((sequence.pk, contact.pk), []),
        max_age_hours=settings.TRIGGER_MAX_AGE_HOURS,
        attributes=contact.attributes,
        tags=contacts.tags([contact.pk]).get(contact.pk, frozenset()) if tagged else frozenset(),
        segments=_segments(contact, rules),
        uncounted=for_whom.uncounted([flow]) if flow is not None else frozenset(),
        full=_full(sequence),
        **(known.standing if known is not None else {}),
    )


def _segments(contact: Contact, rules: Timed | Entry | None) -> frozenset[int]:
    asked = rules.segments if rules is not None else frozenset()
    return segments.segments_of([contact.pk], asked).get(contact.pk, frozenset()) if asked else frozenset()


def _full(sequence: Written) -> list[Full]:
    """Return the newest periods in which the entry limit refused somebody, whether or not it still stands."""
    rows = FullPeriod.objects.filter(sequence=sequence).order_by("-period", "per")
    return [Full(**row) for row in rows.values(*(each.name for each in fields(Full)))[:MOST_PERIODS]]


def _happenings(who: Q, pk: int, flow: Flow | None, runs: Sequence[Enrolment]) -> list[Happening]:
    if flow is None or flow.trigger is None:
        return []
    started = {run.event_id for run in runs}
    rows = Event.objects.filter(who, name=flow.trigger.event).order_by("-recorded_at", "-pk")
    return [
        Happening(
            event=gather.seen(row),
            site_id=row.site_id,
            is_read=is_matched(row, pk),
            is_set_aside=row.match_due_at is None and bool(row.error),
            is_backfilled=row.source == "backfill",
            has_started=row.pk in started,
            waited_in_vain=waited_in_vain(row, pk),
        )
        for row in rows[:MOST_HAPPENINGS]
    ]
