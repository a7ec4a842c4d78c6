"""The only ways into and out of an enrolment from outside a walk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from wagtail_drip import signals
from wagtail_drip.contacts.speaking import lock_speakers
from wagtail_drip.core import claims
from wagtail_drip.core.among import Among
from wagtail_drip.enrolments import entry, querysets, volumes
from wagtail_drip.enrolments.carry_out import why_cancelled
from wagtail_drip.enrolments.entry import Earlier, Refusal
from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.enrolments.models import Enrolment, OutsideCall, StepVisit
from wagtail_drip.enrolments.record import Measure, tally, tell
from wagtail_drip.enrolments.states import RUNNING, CallState, EnrolmentState, ExitReason
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.types import Running


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Somebody would like to come in.

    :param key: what asked for it, at most 64 characters: the same key again enters nobody twice.
    :param since: goals and exits count what is recorded after it: the trigger's own moment.
    :param occasion: what a clock's trigger is about (``birthday:2027``): nobody enters twice for it.
    """

    into: Running
    contact_id: int
    site_id: int
    key: str
    since: datetime
    trigger: Seen | None = None
    occasion: str = ""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What became of wishes.

    :ivar waiting: how many of *entered* wait at the first step until there is room for them.
    :ivar refused: why the others did not enter, by the wish's place; a place is in it or has entered.
    """

    entered: list[Enrolment]
    waiting: int
    refused: Mapping[int, Refusal]


def admit(wishes: Sequence[Wish], *, now: datetime) -> Admission:
    """
    Let in whom the sequences' rules let in.

    In the caller's transaction; merged contacts are read through, erased ones never enter. The same wishes
    again let nobody in.
    """
    # Locked in order before rows that point at them are inserted: MariaDB's foreign keys lock them too.
    speakers = lock_speakers({wish.contact_id for wish in wishes})
    heads = {pk: speaker.pk for pk, speaker in speakers.items()}
    present = {speaker.pk for speaker in speakers.values() if speaker.erased_at is None}
    runs = querysets.earlier_runs({wish.into.sequence_id for wish in wishes}, present)
    refused: dict[int, Refusal] = {}
    let_in: dict[int, str] = {}
    for place, wish in enumerate(wishes):
        contact_id = heads.get(wish.contact_id, 0)
        earlier = runs.setdefault((wish.into.sequence_id, contact_id), [])
        key = wish.occasion or entry.dedupe_key(wish.into.flow, wish.trigger)
        reason = (
            Refusal.NOBODY
            if contact_id not in present
            else entry.why_not(
                wish.into.flow.entry,
                key=key,
                earlier=earlier,
                now=now,
                by_occasion=wish.into.flow.timed is not None,
            )
        )
        if reason is not None:
            refused[place] = reason
            continue
        earlier.append(Earlier(dedupe_key=key, entered_at=now, is_running=True))
        let_in[place] = key
    starts = volumes.starts([(place, wishes[place]) for place in let_in], now=now)
    rows, places = [], {}
    for place, key in let_in.items():
        wish, start = wishes[place], starts.get(place, now)
        if start is None:
            refused[place] = Refusal.FULL
            continue
        rules = wish.into.flow.entry
        row = Enrolment(
            sequence_id=wish.into.sequence_id,
            version_id=wish.into.version_id,
            contact_id=heads[wish.contact_id],
            site_id=wish.site_id,
            event_id=wish.trigger.id if wish.trigger else None,
            dedupe_key=key,
            entry_key="" if wish.occasion else entry.entry_key(rules, key=wish.key, now=now),
            step_id=wish.into.flow.start or "",
            due_at=start,
            entered_at=now,
            since=wish.since,
        )
        rows.append(row)
        places[_key_of(row)] = place
    entered = _inserted(sorted(rows, key=lambda row: (row.contact_id, row.sequence_id)), now=now)
    for key_of in places.keys() - {_key_of(row) for row in entered}:
        # The same key asked before, and its run is over.
        refused[places[key_of]] = Refusal.ENTERED_BEFORE
    waiting = sum(1 for row in entered if row.due_at is not None and row.due_at > now)
    return Admission(entered=entered, waiting=waiting, refused=refused)


def _key_of(row: Enrolment) -> tuple[int, int, str, str]:
    return (row.sequence_id, row.contact_id, row.dedupe_key, row.entry_key)


def _inserted(rows: list[Enrolment], *, now: datetime) -> list[Enrolment]:
    if not rows:
        return []
    people = {row.contact_id for row in rows}
    within = Enrolment.objects.filter(
        Among("contact_id", people), sequence_id__in={row.sequence_id for row in rows}
    )
    before = set(within.values_list("pk", flat=True))
    claims.insert_new(rows, unique=["sequence", "contact", "dedupe_key", "entry_key"])
    # The contacts are locked, so whatever is new among their runs is ours.
    new = within.exclude(Among("pk", before)) if before else within
    entered = list(new.order_by("pk"))
    counted: Counter[Measure] = Counter((row.site_id, row.sequence_id, "", "entered") for row in entered)
    tally(counted, now=now)
    tell(signals.sequence_entered, [row.pk for row in entered])
    return entered


@transaction.atomic
def enrol(
    *,
    contact_ids: Sequence[int],
    sequence_id: int,
    site_id: int,
    now: datetime,
    key: str = "",
) -> Admission | None:
    """
    Let contacts into a live sequence without its trigger, by its own rules of re-entry and volume.

    :param key: what asked for it; by default the moment, so that "every time" means every call.
    :return: None if the sequence is not live.
    """
    running = sequences.live([sequence_id]).get(sequence_id)
    if running is None:
        return None
    wishes = [
        Wish(
            into=running,
            contact_id=contact_id,
            site_id=site_id,
            key=key or now.isoformat(),
            since=now,
        )
        for contact_id in contact_ids
    ]
    return admit(wishes, now=now)


@transaction.atomic
def exit(
    *,
    now: datetime,
    contact_id: int | None = None,
    sequence_id: int | None = None,
    enrolment_ids: Iterable[int] | None = None,
    reason: ExitReason = ExitReason.REMOVED_BY_STAFF,
) -> int:
    """
    Take people out now, and take back their texts that have not left; return how many enrolments ended.

    :param enrolment_ids: these; otherwise all running ones of the contact, of the sequence, or of both.
    """
    rows = Enrolment.objects.filter(running=1)
    if enrolment_ids is not None:
        rows = rows.filter(pk__in=list(enrolment_ids))
    elif contact_id is None and sequence_id is None:
        return 0
    if contact_id is not None:
        rows = rows.filter(contact_id=contact_id)
    if sequence_id is not None:
        rows = rows.filter(sequence_id=sequence_id)
    return take_out(claims.lock_in_order(rows), reason=reason, now=now)


def take_out(rows: Sequence[Enrolment], *, reason: ExitReason, now: datetime) -> int:
    """End enrolments that the caller has locked in this transaction."""
    if not rows:
        return 0
    pks = [row.pk for row in rows]
    lock_people(rows)
    Enrolment.objects.filter(pk__in=pks, state__in=RUNNING).update(
        state=EnrolmentState.EXITED,
        exit_reason=reason,
        running=None,
        due_at=None,
        parked_due_at=None,
        waits_for="",
        waits_since=None,
        ended_at=now,
    )
    StepVisit.objects.filter(enrolment_id__in=pks, left_at=None).update(left_at=now)
    messaging.cancel_pending(enrolment_ids=pks, reason=why_cancelled(reason), now=now)
    counted: Counter[Measure] = Counter((row.site_id, row.sequence_id, row.step_id, "exited") for row in rows)
    tally(counted, now=now)
    tell(signals.sequence_exited, pks)
    return len(rows)


def lock_people(rows: Iterable[Enrolment]) -> None:
    """Take the gate's lock on the contacts of *rows* and on whom they were merged into, who is texted for them."""
    lock_speakers({row.contact_id for row in rows})


def wake(pks: Iterable[int], *, now: datetime) -> None:
    """Have these walk at once; who is parked, as soon as their sequence goes on."""
    ids = list(pks)
    if not ids:
        return
    moving = (EnrolmentState.ACTIVE, EnrolmentState.WAITING)
    Enrolment.objects.filter(pk__in=ids, state__in=moving).update(due_at=now)
    Enrolment.objects.filter(pk__in=ids, state=EnrolmentState.PAUSED).update(parked_due_at=now)


def call_again(call_id: int, *, now: datetime) -> bool:
    """
    Have what was given up tried anew under its own key, as often as at first; return whether it was given up.

    It is made whether or not its run still waits for it, but never for a contact who was erased.
    """
    given_up = OutsideCall.objects.filter(
        pk=call_id, state=CallState.FAILED, enrolment__contact__erased_at=None
    )
    return bool(
        given_up.update(
            state=CallState.WAITING, due_at=now, attempts=0, error="", settled_at=None, asked_again_at=now
        )
    )
