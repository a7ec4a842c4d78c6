"""
From what a provider reports to the state of a message.

Receipts come late, twice and in any order, and may beat our own note of the hand-over. Each is kept once; a
message only ever moves forward (``states.TRANSITIONS``): delivered outranks everything, and what is worse than
what we know already changes nothing. A receipt that finds no message is asked about again for ten minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wagtail_drip.core import claims, keys
from wagtail_drip.core.states import sources
from wagtail_drip.gateways.types import Outcome, ReceiptStatus, StatusEvent
from wagtail_drip.messaging import bad_numbers, opt_outs, rowwise, tallies
from wagtail_drip.messaging.models import Message, Receipt
from wagtail_drip.messaging.states import TRANSITIONS, MessageState
from wagtail_drip.messaging.types import COLUMNS, Claimed, own_reference

S = MessageState
_BATCH = 500
# A receipt may beat the commit of the outcome by so much; what matches nothing for longer is somebody else's.
_MATCHED_FOR = timedelta(minutes=10)
_FIRST_PAUSE_SECONDS = 5

AFTER: dict[str, MessageState] = {
    ReceiptStatus.ACCEPTED: S.SENT,
    ReceiptStatus.SENT: S.SENT,
    ReceiptStatus.DELIVERED: S.DELIVERED,
    ReceiptStatus.UNDELIVERED: S.UNDELIVERED,
    ReceiptStatus.EXPIRED: S.UNDELIVERED,
    ReceiptStatus.FAILED: S.FAILED,
    ReceiptStatus.UNKNOWN: S.UNKNOWN,
}
# Of several receipts for one message in one batch the one that is furthest along counts.
_RANK = (S.UNKNOWN, S.SENT, S.FAILED, S.UNDELIVERED, S.DELIVERED)
_SETTLED = frozenset({S.DELIVERED, S.UNDELIVERED, S.FAILED})


class _Row(NamedTuple):
    """What matching reads of a receipt; the fields stand in the order of ``_ROW``."""

    id: int
    gateway: str
    reference: str
    provider_id: str
    status: str
    code: str
    detail: str
    number_hash: str
    price: Any
    currency: str
    recorded_at: datetime
    attempts: int


_ROW = _Row._fields


class _Matched(NamedTuple):
    message: Claimed
    state: str
    receipt: _Row


def keep(events: Sequence[tuple[str, StatusEvent]], *, now: datetime) -> None:
    """Keep each report of a gateway (by alias) once; it is matched by ``match_due``."""
    claims.insert_new([_receipt(alias, event, now) for alias, event in events], unique=_ONCE)


_ONCE = ["gateway", "reference", "provider_id", "number_hash", "status", "part"]


def _receipt(alias: str, event: StatusEvent, now: datetime) -> Receipt:
    is_matchable = bool(event.reference or event.provider_id)
    # What the code means outlives the parsing: an opt-out, or a dead number, that only a receipt tells of.
    code = f"{_MEANINGS.get(event.outcome, '')}{event.code or ''}"
    return Receipt(
        gateway=alias,
        reference=event.reference[:64],
        provider_id=event.provider_id[:128],
        number_hash=keys.number_hash(event.number) if event.number else "",
        status=event.status,
        part=event.part,
        code=code[:64],
        detail=event.detail[:255],
        segments=event.segments,
        price=event.price,
        currency=event.currency[:3],
        at=event.at,
        recorded_at=now,
        due_at=now if is_matchable else None,
    )


_OPTED_OUT, _BAD_NUMBER = "opted_out:", "bad_number:"
_MEANINGS: dict[Outcome | None, str] = {Outcome.OPTED_OUT: _OPTED_OUT, Outcome.BAD_NUMBER: _BAD_NUMBER}


def match_due(*, now: datetime, limit: int | None = None) -> int:
    """Match receipts with messages and move these on; return how many receipts were looked at."""
    size = claims.batch_limit(limit or _BATCH)
    return claims.retried(lambda: _match(size, now))


def _match(limit: int, now: datetime) -> int:
    due: Any = Receipt.objects.filter(due_at__lte=now).order_by("due_at", "id").values_list(*_ROW)
    rows = [_Row._make(row) for row in claims.claim(due, limit=limit)]
    if not rows:
        return 0
    owners = _owners(rows)
    ours = [(owners[row.id], row) for row in rows if row.id in owners]
    opted_out = [message for message, row in ours if row.code.startswith(_OPTED_OUT)]
    failed = [
        bad_numbers.Failed(message, row.code.removeprefix(_BAD_NUMBER), row.number_hash)
        for message, row in ours
        if row.code.startswith(_BAD_NUMBER)
    ]
    recovered = bad_numbers.with_failures(
        {message.contact_id for message, row in ours if AFTER[row.status] is S.DELIVERED}
    )
    # All at once, so that they are locked in order; and before the messages.
    bad_numbers.lock({*(each.message.contact_id for each in failed), *recovered, *_contacts(opted_out)})
    opt_outs.believe(opted_out, now=now)
    _advance(_locked(ours), now)
    bad_numbers.note(failed, now=now)
    bad_numbers.judge({each for hashes in recovered.values() for each in hashes}, now=now)
    _attach(rows, owners)
    _park([row for row in rows if row.id not in owners], now)
    return len(rows)


def _contacts(messages: Sequence[Claimed]) -> set[int]:
    return {message.contact_id for message in messages}


def _owners(rows: Sequence[_Row]) -> dict[int, Claimed]:
    """Return the message of each receipt: by our own reference first, then by the provider's id."""
    references = {own_reference(row.reference) for row in rows} - {""}
    # The index holds what a worker has had.
    posted: Any = Message.objects.filter(reference__in=references, lease_token__gt="").values_list(*COLUMNS)
    messages = {message.reference: message for message in map(Claimed._make, posted)}
    owners = {
        row.id: messages[own_reference(row.reference)]
        for row in rows
        if own_reference(row.reference) in messages
        and messages[own_reference(row.reference)].gateway == row.gateway
    }
    others = [row for row in rows if row.id not in owners and row.provider_id]
    if others:
        known: Any = Message.objects.filter(
            gateway__in={row.gateway for row in others},
            provider_id__in={row.provider_id for row in others},
            provider_id__gt="",  # as the index has it
        ).values_list("provider_id", *COLUMNS)
        by_id = {(rest[_GATEWAY], provider_id): Claimed._make(rest) for provider_id, *rest in known}
        owners |= {
            row.id: by_id[row.gateway, row.provider_id]
            for row in others
            if (row.gateway, row.provider_id) in by_id
        }
    return owners


_GATEWAY = COLUMNS.index("gateway")


def _locked(pairs: Sequence[tuple[Claimed, _Row]]) -> list[_Matched]:
    """Lock the messages, and return the receipt that counts for each with the state in which it found it."""
    best: dict[int, tuple[Claimed, _Row]] = {}
    for message, row in pairs:
        known = best.get(message.id)
        if known is None or _RANK.index(AFTER[known[1].status]) < _RANK.index(AFTER[row.status]):
            best[message.id] = (message, row)
    columns: Any = Message.objects.filter(pk__in=list(best)).values_list("pk", "state", "handed_over_at")
    return [
        _Matched(best[pk][0]._replace(handed_over_at=handed_over_at), state, best[pk][1])
        for pk, state, handed_over_at in claims.lock_in_order(columns)
    ]


def _advance(matched: Sequence[_Matched], now: datetime) -> None:
    """Move each message to where its receipt says, if its table allows that from where it is."""
    grouped: defaultdict[tuple[str, MessageState, str], list[_Matched]] = defaultdict(list)
    for each in matched:
        reached = AFTER[each.receipt.status]
        if each.state in sources(TRANSITIONS, reached):
            grouped[each.state, reached, _why(each.receipt)].append(each)
    changes = []
    for (before, after, why), moved in sorted(grouped.items()):
        Message.objects.filter(pk__in=[each.message.id for each in moved], state=before).update(
            state=after,
            reason=why if after in _SETTLED and after != S.DELIVERED else "",
            lease_until=None,
            settled_at=now if after in _SETTLED else None,
        )
        changes += [
            tallies.Change(
                each.message.site_id,
                each.message.sequence_id,
                each.message.step_id,
                before,
                after,
                each.message.handed_over_at or now,
                each.message.segments,
            )
            for each in moved
        ]
    tallies.append(changes)
    _price(matched)


def _why(row: _Row) -> str:
    if row.status == ReceiptStatus.EXPIRED:
        return "expired"
    return (row.code.removeprefix(_OPTED_OUT).removeprefix(_BAD_NUMBER) or row.status)[:64]


def _price(matched: Sequence[_Matched]) -> None:
    """Note what the messages cost; some providers write it as a negative number."""
    priced = [each for each in matched if each.receipt.price is not None]
    rowwise.update(
        Message,
        [each.message.id for each in priced],
        per_row={
            "price": [abs(each.receipt.price) for each in priced],
            "currency": [each.receipt.currency for each in priced],
        },
    )


def _attach(rows: Sequence[_Row], owners: dict[int, Claimed]) -> None:
    """Write down whose receipts these are; they are done with."""
    ours = [row for row in rows if row.id in owners]
    rowwise.update(
        Receipt,
        [row.id for row in ours],
        per_row={"message_id": [owners[row.id].id for row in ours]},
        same={"due_at": None},
    )


def _park(rows: Sequence[_Row], now: datetime) -> None:
    """Ask again later about receipts whose message is not there yet; after ten minutes no more."""
    again: defaultdict[int, list[int]] = defaultdict(list)
    given_up = []
    for row in rows:
        if now - row.recorded_at >= _MATCHED_FOR:
            given_up.append(row.id)
        else:
            again[row.attempts].append(row.id)
    Receipt.objects.filter(pk__in=given_up).update(due_at=None)
    for attempts, ids in sorted(again.items()):
        Receipt.objects.filter(pk__in=ids).update(
            due_at=now + timedelta(seconds=_FIRST_PAUSE_SECONDS * 2**attempts), attempts=attempts + 1
        )
