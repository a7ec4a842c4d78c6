"""The only writers of messages, holds and callbacks that other rooms may call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.querysets import merged_into
from wagtail_drip.contacts.types import Identity, Purpose
from wagtail_drip.content import actions as content
from wagtail_drip.core import actions as core
from wagtail_drip.core import claims, inserts, keys
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.messaging import budget, ledger, tallies
from wagtail_drip.messaging.models import Callback, Hold, Message
from wagtail_drip.messaging.states import PENDING, MessageState
from wagtail_drip.messaging.types import (
    AT_ONCE,
    EXPIRES_AFTER,
    LANE_AT_ONCE,
    TEST_LICENCE,
    MessageDraft,
    sender_key,
)

S = MessageState
# What is changed at once by a person's click, so that no worker waits long for it.
_CHUNK = 500


class NotATestNumber(WagtailDripError):
    """A test message was asked for a number that is not confirmed in the site's settings."""


@transaction.atomic
def queue(drafts: Sequence[MessageDraft], *, now: datetime) -> None:
    """
    Put *drafts* into the outbox; those whose key is there already are ignored.

    Gateway and sender are the site's of this moment. Nothing is decided yet: whether a message may go is asked
    when it is due, and again in the transaction that hands it over.
    """
    if not drafts:
        return
    sites = {site_id: core.site_settings(site_id) for site_id in {draft.site_id for draft in drafts}}
    budget.open_buckets({sender_key(row.sender_gateway, row.sender_address) for row in sites.values()})
    pinned = content.pin({(draft.source_text, "") for draft in drafts if draft.source_text}, now=now)
    references = keys.new_tokens(len(drafts))
    rows = [
        as_row(draft, sites[draft.site_id], pinned, now, reference=reference)
        for draft, reference in zip(drafts, references, strict=True)
    ]
    new = inserts.insert_values(Message, rows, ignore_repeats=True)
    if new != len(rows):
        # Ours are those that carry the references just made: a repeat left the older row as it was.
        written = Message.objects.filter(Among("key", [row["key"] for row in rows]))
        ours = set(written.values_list("reference", flat=True))
        rows = [row for row in rows if row["reference"] in ours]
    tallies.append(
        tallies.Change(row["site_id"], row["sequence_id"], row["step_id"], "", S.SCHEDULED, now)
        for row in rows
    )


def cancel_pending(*, enrolment_ids: Collection[int], reason: str, now: datetime) -> int:
    """
    Cancel what these enrolments have in the outbox and has not been handed over; return how many.

    Take the lock of the enrolments' contacts first (``core.claims.lock_in_order``).
    """
    rows = Message.objects.filter(enrolment_id__in=enrolment_ids, handed_over_at=None)
    return _cancel(rows, reason=reason, now=now)


def cancel_for_contacts(
    *,
    contact_ids: Collection[int],
    reason: str,
    now: datetime,
    site_ids: Collection[int] | None = None,
    with_answers: bool = False,
    marketing_only: bool = False,
) -> int:
    """
    Cancel what waits in the outbox for these contacts and whoever was merged into them; return how many.

    Of every purpose but answers.

    An answer has a licence of its own, and the confirmation of a stop must survive the stop. Take the
    contacts' locks first.

    :param site_ids: only what these sites would send; None for every site.
    :param with_answers: answers too: the contact is to be erased.
    :param marketing_only: news of orders and bookings still go.
    """
    everybody = {*contact_ids, *merged_into(contact_ids)}
    rows = Message.objects.filter(contact_id__in=everybody)
    if not with_answers:
        rows = rows.exclude(purpose=Purpose.RESPONSE)
    if marketing_only:
        rows = rows.exclude(purpose=Purpose.TRANSACTIONAL)
    if site_ids is not None:
        rows = rows.filter(site_id__in=site_ids)
    return _cancel(rows, reason=reason, now=now)


def cancel_for_steps(
    *, enrolment_ids: Collection[int], step_ids: Collection[str], reason: str, now: datetime
) -> int:
    """
    Cancel what these enrolments have in the outbox from some of their steps; return how many.

    Take the lock of the enrolments' contacts first, as for ``cancel_pending``.
    """
    rows = Message.objects.filter(enrolment_id__in=enrolment_ids, step_id__in=step_ids, handed_over_at=None)
    return _cancel(rows, reason=reason, now=now)


def enrolments_with_pending(
    *, sequence_id: int, step_ids: Collection[str], but_for: QuerySet[Any], limit: int
) -> list[int]:
    """
    Return at most *limit* enrolments that have something in the outbox from some of a sequence's steps.

    :param but_for: the ids of enrolments to leave out, as a query.
    """
    waiting = Message.objects.filter(sequence_id=sequence_id, step_id__in=step_ids, state__in=PENDING)
    ids = waiting.exclude(enrolment_id=None).exclude(enrolment_id__in=but_for)
    found = ids.order_by("enrolment_id").values_list("enrolment_id", flat=True).distinct()[:limit]
    return [pk for pk in found if pk is not None]


@transaction.atomic
def cancel_for_sequence(*, sequence_id: int, reason: str, now: datetime, limit: int) -> int:
    """Cancel at most *limit* of what waits in the outbox from a sequence, whoever's run it was; return how many."""
    waiting = Message.objects.filter(sequence_id=sequence_id, state__in=PENDING).order_by("pk")
    # MariaDB knows no LIMIT in a subquery, so the ids travel.
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    return _cancel(Message.objects.filter(pk__in=ids), reason=reason, now=now)


@transaction.atomic
def tell_anew(variables: Mapping[int, Mapping[str, Any]], *, now: datetime) -> None:
    """
    Give messages that have not been handed over other variables, by their id.

    One that a worker has put together already is taken from it and put together again. Take the lock of the
    messages' contacts first, as for ``cancel_pending``.
    """
    if not variables:
        return
    rows = claims.lock_in_order(Message.objects.filter(pk__in=list(variables), state__in=PENDING))
    for row in rows:
        row.variables = dict(variables[row.pk])
    Message.objects.bulk_update(rows, ["variables"], batch_size=_CHUNK)
    # The worker's token no longer holds: what it put together cannot be handed over.
    Message.objects.filter(pk__in=[row.pk for row in rows], state=S.CLAIMED).update(
        state=S.SCHEDULED, due_at=now, lease_until=None, lease_token=""
    )


@transaction.atomic
def park(sequence_id: int, *, limit: int) -> int:
    """Take at most *limit* of a paused sequence's messages out of the queue; return how many."""
    rows = Message.objects.filter(sequence_id=sequence_id, state=S.SCHEDULED, due_at__isnull=False)
    return _chunk(rows, limit).update(parked_due_at=F("due_at"), due_at=None)


@transaction.atomic
def unpark(sequence_id: int, *, limit: int) -> int:
    """Put at most *limit* of a sequence's parked messages back to where they were in the queue; return how many."""
    rows = Message.objects.filter(sequence_id=sequence_id, state=S.SCHEDULED, parked_due_at__isnull=False)
    return _chunk(rows, limit).update(due_at=F("parked_due_at"), parked_due_at=None)


def ask_again(*, site_id: int | None, reasons: Collection[str], now: datetime) -> int:
    """
    Let what was put off for one of *reasons* ask the gate again now, since its rule has changed; return how many.

    :param site_id: None is every site.
    """
    asked = 0
    last = 0
    rows = Message.objects.filter(state=S.SCHEDULED, defer_reason__in=list(reasons), due_at__gt=now)
    if site_id is not None:
        rows = rows.filter(site_id=site_id)
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_CHUNK]):
        asked += Message.objects.filter(pk__in=ids, state=S.SCHEDULED, due_at__gt=now).update(due_at=now)
        last = ids[-1]
    return asked


@transaction.atomic
def hold(*, scope: str, key: str, reason: str, now: datetime, until: datetime | None = None) -> Hold:
    """
    Hand over nothing of a kind until a person lifts it; an open hold on the same is returned as it stands.

    :param scope: one of ``Hold.SCOPES``.
    :param key: as beside ``Hold.key``.
    """
    binds = Q(until=None) | Q(until__gt=now)
    found = Hold.objects.filter(binds, scope=scope, key=key, lifted_at=None).order_by("pk").first()
    if found is not None:
        return found
    return Hold.objects.create(scope=scope, key=key, reason=reason[:255], since=now, until=until)


def lift(hold_id: int, *, by: str, now: datetime) -> bool:
    """Lift a hold, and return whether it was open. What it held is due at once."""
    return bool(Hold.objects.filter(pk=hold_id, lifted_at=None).update(lifted_at=now, lifted_by=by[:191]))


def ask_caps_again(site_id: int, *, now: datetime) -> int:
    """Let what caps have put off be asked again at once, since they were changed; return how many that is."""
    return ledger.put_off(now=now).filter(site_id=site_id).update(due_at=now)


def ask_caps_again_of(contact_ids: Collection[int], *, now: datetime) -> int:
    """Let what caps have put off be asked again at once, of these contacts; return how many that is."""
    return ledger.ask_again(contact_ids, now=now)


def ask_wishes_again_of(contact_ids: Collection[int], *, now: datetime) -> int:
    """Let what the contacts' own wishes have put off be asked again at once, since they chose anew; return how many."""
    return ledger.ask_wishes_again(contact_ids, now=now)


def stop_everything(*, by: str, now: datetime) -> Hold:
    """Hand over nothing at all from now on: messages under way at the gateways are the last."""
    return hold(scope="all", key="", reason=_("Stopped by %(name)s") % {"name": by}, now=now)


@transaction.atomic
def store_callback(
    *, gateway: str, raw: Mapping[str, Any], digest: str, now: datetime, kind: str = ""
) -> bool:
    """Keep what a gateway posted to us, and return whether it was new. It is read by ``read_callbacks``."""
    if Callback.objects.filter(digest=digest).exists():
        return False
    claims.insert_new(
        [Callback(gateway=gateway, kind=kind, raw=dict(raw), digest=digest, received_at=now, due_at=now)],
        unique=["digest"],
    )
    return True


@transaction.atomic
def send_test(
    *, site_id: int, number: str, source_text: str, variables: Mapping[str, Any], now: datetime
) -> str:
    """
    Queue a text to one of the site's own staff, and return its key. Works before the site is open.

    :param number: E.164, one of the site's confirmed test numbers.
    :raises NotATestNumber: if it is not.
    """
    if number not in core.site_settings(site_id).test_numbers:
        raise NotATestNumber("Confirm this number among the staff test numbers in the settings first.")
    key = f"test:{uuid4().hex}"
    contact = contacts.identify(Identity(phone=number), now=now)
    queue(
        [
            MessageDraft(
                key=key,
                contact_id=contact.pk,
                site_id=site_id,
                purpose=Purpose.TRANSACTIONAL,
                licence=TEST_LICENCE,
                source_text=source_text,
                variables=variables,
                track_links=False,
                due_at=now,
            )
        ],
        now=now,
    )
    return key


def as_row(
    draft: MessageDraft,
    site: SiteSettings,
    pinned: Mapping[tuple[str, str], int],
    now: datetime,
    *,
    reference: str = "",
) -> dict[str, Any]:
    """Return the columns of the message that *draft* becomes; nothing is written."""
    # No instance: one of so many fields costs more than all else that is done to a row.
    return {
        "key": draft.key,
        "contact_id": draft.contact_id,
        "site_id": draft.site_id,
        "channel": draft.channel,
        "gateway": site.sender_gateway,
        "sender": site.sender_address,
        "purpose": draft.purpose,
        "topic": draft.topic,
        "lane": LANE_AT_ONCE if draft.purpose in AT_ONCE else draft.lane,
        "priority": draft.priority,
        "sequence_id": draft.sequence_id,
        "version_id": draft.version_id,
        "step_id": draft.step_id,
        "variant": draft.variant,
        "enrolment_id": draft.enrolment_id,
        "event_id": draft.event_id,
        "pinned_text_id": pinned[draft.source_text, ""] if draft.source_text else draft.pinned_text_id,
        "variables": dict(draft.variables),
        "track_links": draft.track_links,
        "body": draft.body,
        "guards": [dict(guard) for guard in draft.guards],
        "licence": draft.licence,
        "ignores_windows": draft.ignores_windows,
        "state": S.SCHEDULED.value,
        "due_at": draft.due_at,
        "expires_at": draft.expires_at or draft.due_at + EXPIRES_AFTER[draft.purpose],
        "reference": reference,
        "created_at": now,
    }


@transaction.atomic
def _cancel(rows: QuerySet[Message], *, reason: str, now: datetime) -> int:
    columns: Any = rows.filter(state__in=PENDING).values_list(
        "pk", "site_id", "sequence_id", "step_id", "state"
    )
    found = claims.lock_in_order(columns)
    # Guarded once more: on MariaDB a claim may have moved a row between our reading and our lock.
    Message.objects.filter(pk__in=[row[0] for row in found], state__in=PENDING).update(
        state=S.CANCELLED,
        reason=reason[:64],
        due_at=None,
        parked_due_at=None,
        lease_until=None,
        settled_at=now,
    )
    tallies.append(
        tallies.Change(site_id, sequence_id, step_id, state, S.CANCELLED, now)
        for _, site_id, sequence_id, step_id, state in found
    )
    return len(found)


def _chunk(rows: QuerySet[Message], limit: int) -> QuerySet[Message]:
    columns: Any = rows.order_by("pk").values_list("pk", flat=True)
    # MariaDB knows no LIMIT in a subquery, so the ids travel.
    return Message.objects.filter(pk__in=claims.claim(columns, limit=limit), state=S.SCHEDULED)
