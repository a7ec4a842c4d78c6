"""Who gets a marketing text of another sequence on the same day, as far as can be known before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from wagtail_drip.contacts.types import PurposeGroup, group_of
from wagtail_drip.core.among import Among
from wagtail_drip.enrolments import audience, occasions, once
from wagtail_drip.enrolments.audience import Place
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.occasions import Window
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_states import UNDER_WAY
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import COUNTED_AS_SENT, PENDING
from wagtail_drip.messaging.types import AT_ONCE
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.types import Running

# A text that waits has not waited for longer than this: a step keeps it for 30 days at most.
LONGEST_WAIT = timedelta(days=40)


def clashes(
    contact_ids: Sequence[int], *, but_for: int, site_id: int, zone: str, at: datetime, now: datetime
) -> dict[int, set[int]]:
    """
    Return which of these people get, or got, a marketing text that day, by the sequence it is of.

    What went and what waits in the outbox, who comes to a text, and whom another clock's trigger is for that day:
    the week's, somebody's birthday, or a silence that is complete then if they do nothing until then. What only
    their own doing would start cannot be known.

    :param zone: in which the day is counted.
    """
    found: defaultdict[int, set[int]] = defaultdict(set)
    if not contact_ids:
        return found
    local = ZoneInfo(zone)
    day = at.astimezone(local).date()
    since, until = _begins(day, local), _begins(day + timedelta(days=1), local)
    texts = (
        Message.objects.filter(
            Q(state__in=PENDING, due_at__gte=since, due_at__lt=until)
            | Q(state__in=COUNTED_AS_SENT, handed_over_at__gte=since, handed_over_at__lt=until),
            Among("contact_id", contact_ids),
            created_at__gte=since - LONGEST_WAIT,
            sequence_id__isnull=False,
        )
        .exclude(purpose__in=AT_ONCE)
        .exclude(sequence_id=but_for)
    )
    for sequence_id, contact_id in texts.values_list("sequence_id", "contact_id"):
        found[sequence_id or 0].add(contact_id)
    for sequence_id, contact_id in _coming(contact_ids, but_for=but_for, since=max(since, now), until=until):
        found[sequence_id].add(contact_id)
    # A window holds its end and not its beginning; a day, its midnight and not the next.
    moment = timedelta(microseconds=1)
    window = Window(since=max(since, now) - moment, until=until - moment)
    for running in _by_the_clock(day, but_for=but_for, since=since, until=until, now=now):
        place = audience.place_of(running)
        if place.site_id == site_id and (theirs := _whose(running, contact_ids, window, place)):
            people = audience.audience(running.flow, place).filter(Among("pk", theirs))
            found[running.sequence_id].update(people.values_list("pk", flat=True))
    return {sequence_id: people for sequence_id, people in found.items() if people}


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _coming(
    contact_ids: Sequence[int], *, but_for: int, since: datetime, until: datetime
) -> Iterator[tuple[int, int]]:
    """Yield (sequence, contact) of whom a wait ends that day, with a text behind it."""
    rows = list(
        Enrolment.objects.filter(
            Among("contact_id", contact_ids), running=1, due_at__gte=since, due_at__lt=until
        )
        .exclude(sequence_id=but_for)
        .values_list("sequence_id", "contact_id", "version_id", "step_id", "entered_step_at")
    )
    flows = sequences.flows({version_id for _s, _c, version_id, *_rest in rows})
    for sequence_id, contact_id, version_id, step_id, begun in rows:
        if texts_next(flows[version_id], step_id, is_over=begun is not None):
            yield sequence_id, contact_id


def texts_next(flow: Flow, step_id: str, *, is_over: bool) -> bool:
    """Tell whether who stands at a step comes to a marketing text without a further wait or decision."""
    step = flow.steps.get(step_id)
    if step is not None and is_over:
        step = flow.steps.get(step.next or "")
    if step is None or step.kind != "send_message":
        return False
    return group_of(step.settings.get("purpose") or flow.purpose) is PurposeGroup.MARKETING


def _by_the_clock(
    day: date, *, but_for: int, since: datetime, until: datetime, now: datetime
) -> Iterator[Running]:
    """Yield what else a clock lets people in for on that day; what goes out once only if it was started."""
    others = [each for each in sequences.live_by_clock(now) if each.sequence_id != but_for]
    started = set(
        OnceRun.objects.filter(
            sequence_id__in=[each.sequence_id for each in others], state__in=UNDER_WAY
        ).values_list("sequence_id", "key")
    )
    for running in others:
        timed = running.flow.timed
        if timed is None or group_of(running.flow.purpose) is not PurposeGroup.MARKETING:
            continue
        is_due = timed.kind == triggers.SCHEDULE and occasions.scheduled(timed, day)
        is_of_each = timed.kind in (triggers.DATE, triggers.INACTIVE)
        if is_due or (is_of_each and texts_next(running.flow, running.flow.start or "", is_over=False)):
            yield running
        elif timed.kind == triggers.ONCE and (running.sequence_id, once.key_of(timed)) in started:
            moment = timed.starts_at or now
            if since <= moment < until:
                yield running


def _whose(running: Running, contact_ids: Sequence[int], window: Window, place: Place) -> Sequence[int]:
    """Return of these people whom the clock's trigger may concern in the window."""
    timed, most = running.flow.timed, len(contact_ids) + 1
    if timed is not None and timed.kind == triggers.DATE:
        chunk = audience.with_a_date(timed, window, place, after=0, limit=most, of=contact_ids)
    elif timed is not None and timed.kind == triggers.INACTIVE:
        chunk = audience.silent(timed, window, running, place, after=0, limit=most, of=contact_ids)
    else:
        return contact_ids
    return sorted({each.contact_id for each in chunk.candidates})
