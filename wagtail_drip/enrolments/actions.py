"""The only ways into and out of an enrolment from outside a walk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from wagtail_drip import signals
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.enrolments import entry, querysets
from wagtail_drip.enrolments.carry_out import why_cancelled
from wagtail_drip.enrolments.entry import Earlier
from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.record import Measure, tally, tell
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState, ExitReason
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState
from wagtail_drip.sequences.types import Running


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Somebody would like to come in.

    :param key: what asked for it, at most 64 characters: the same key again enters nobody twice.
    :param since: goals and exits count what is recorded after it: the trigger's own moment.
    """

    into: Running
    contact_id: int
    site_id: int
    key: str
    since: datetime
    trigger: Seen | None = None


def admit(wishes: Sequence[Wish], *, now: datetime) -> list[Enrolment]:
    """
    Let in whom the sequences' rules let in, and return the new enrolments.

    In the caller's transaction; merged contacts are read through, erased ones never enter. The same wishes
    again let nobody in.
    """
    heads = contacts.resolve_merged({wish.contact_id for wish in wishes})
    # Locked in order before rows that point at them are inserted: MariaDB's foreign keys lock them too.
    people = claims.lock_in_order(Contact.objects.filter(pk__in=set(heads.values()), erased_at=None))
    present = {contact.pk for contact in people}
    runs = querysets.earlier_runs({wish.into.sequence_id for wish in wishes}, present)
    rows = []
    for wish in wishes:
        contact_id = heads[wish.contact_id]
        rules, earlier = wish.into.flow.entry, runs.setdefault((wish.into.sequence_id, contact_id), [])
        key = entry.dedupe_key(wish.into.flow, wish.trigger)
        if contact_id not in present or not entry.may_enter(rules, key=key, earlier=earlier, now=now):
            continue
        earlier.append(Earlier(dedupe_key=key, entered_at=now, is_running=True))
        rows.append(
            Enrolment(
                sequence_id=wish.into.sequence_id,
                version_id=wish.into.version_id,
                contact_id=contact_id,
                site_id=wish.site_id,
                event_id=wish.trigger.id if wish.trigger else None,
                dedupe_key=key,
                entry_key=entry.entry_key(rules, key=wish.key, now=now),
                step_id=wish.into.flow.start or "",
                due_at=now,
                entered_at=now,
                since=wish.since,
            )
        )
    return _inserted(sorted(rows, key=lambda row: (row.contact_id, row.sequence_id)), now=now)


def _inserted(rows: list[Enrolment], *, now: datetime) -> list[Enrolment]:
    if not rows:
        return []
    people = {row.contact_id for row in rows}
    within = Enrolment.objects.filter(
        sequence_id__in={row.sequence_id for row in rows}, contact_id__in=people
    )
    before = set(within.values_list("pk", flat=True))
    claims.insert_new(rows, unique=["sequence", "contact", "dedupe_key", "entry_key"])
    # The contacts are locked, so whatever is new among their runs is ours.
    entered = list(within.exclude(pk__in=before).order_by("pk"))
    counted: Counter[Measure] = Counter((row.site_id, row.sequence_id, "", "entered") for row in entered)
    tally(counted, now=now)
    tell(signals.sequence_entered, [row.pk for row in entered])
    return entered


@transaction.atomic
def enrol(
    *, contact_id: int, sequence_id: int, site_id: int, now: datetime, key: str = ""
) -> Enrolment | None:
    """
    Let one contact into a live sequence without a trigger, by the sequence's own rules of re-entry.

    :param key: what asked for it; by default the moment, so that "every time" means every call.
    :return: None if the sequence is not live, or its rules let the contact not in.
    """
    runtime = SequenceRuntime.objects.filter(
        sequence_id=sequence_id, state=RuntimeState.LIVE, version__isnull=False
    ).first()
    if runtime is None or runtime.version_id is None:
        return None
    running = Running(
        sequence_id=sequence_id,
        version_id=runtime.version_id,
        site_id=site_id,
        flow=sequences.flows([runtime.version_id])[runtime.version_id],
    )
    wish = Wish(into=running, contact_id=contact_id, site_id=site_id, key=key or now.isoformat(), since=now)
    entered = admit([wish], now=now)
    return entered[0] if entered else None


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
    heads = contacts.resolve_merged({row.contact_id for row in rows})
    claims.lock_in_order(Contact.objects.filter(pk__in={*heads, *heads.values()}))


def wake(pks: Iterable[int], *, now: datetime) -> None:
    """Have these walk at once; who is parked, as soon as their sequence goes on."""
    ids = list(pks)
    if not ids:
        return
    moving = (EnrolmentState.ACTIVE, EnrolmentState.WAITING)
    Enrolment.objects.filter(pk__in=ids, state__in=moving).update(due_at=now)
    Enrolment.objects.filter(pk__in=ids, state=EnrolmentState.PAUSED).update(parked_due_at=now)
