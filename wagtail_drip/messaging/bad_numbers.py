"""
Numbers to which texts fail for good, again and again: after some failures in a row nothing more goes there.

Each failure is a row of its message; how many stand in a row is read from the rows and the messages' states each time.
So it does not matter how often receipts come, how late, or in which order: once all have come, the answer is the same.
A delivered text makes everything before it as if it had never been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max

from wagtail_drip import conf
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.actions import BAD_NUMBER
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.core import claims, keys
from wagtail_drip.messaging import facts
from wagtail_drip.messaging.models import Message, NumberFailure
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.messaging.types import Claimed

_FAILED = (MessageState.FAILED, MessageState.UNDELIVERED)


class Failed(NamedTuple):
    """
    A message whose number cannot receive texts.

    :ivar number_hash: of the number that it went to, where the gateway named it; '' is the contact's own.
    """

    message: Claimed
    code: str
    number_hash: str = ""


def note(failed: Sequence[Failed], *, now: datetime) -> None:
    """
    Write down failures for good, each message's once, and suppress the numbers that have had enough of them.

    Call it in a transaction, with the contacts of ``lock`` locked, once the messages have their new states.
    """
    people = facts.read_people({each.message.contact_id for each in failed}) if failed else {}
    rows = []
    for each in failed:
        person = people.get(each.message.contact_id)
        own = keys.number_hash(person.active_phone) if person is not None and person.active_phone else ""
        if each.number_hash or own:
            rows.append(
                NumberFailure(
                    message_id=each.message.id,
                    contact_id=each.message.contact_id,
                    number_hash=each.number_hash or own,
                    gateway=each.message.gateway,
                    code=each.code[:64],
                    recorded_at=now,
                )
            )
    claims.insert_new(sorted(rows, key=lambda row: row.message_id or 0), unique=["message_id"])
    judge({row.number_hash for row in rows}, now=now)


def with_failures(contact_ids: Collection[int]) -> dict[int, set[str]]:
    """Return which of these contacts had failures, and the hashes of the numbers; nearly always nobody."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    if contact_ids:
        rows = NumberFailure.objects.filter(contact_id__in=contact_ids)
        for contact_id, number_hash in rows.values_list("contact_id", "number_hash"):
            found[contact_id].add(number_hash)
    return dict(found)


def lock(contact_ids: Collection[int]) -> None:
    """Lock who speaks for these contacts, as the gate does."""
    if contact_ids:
        claims.lock_in_order(facts.people_rows(facts.with_heads(contact_ids)))


def judge(number_hashes: Collection[str], *, now: datetime) -> None:
    """Suppress those of the numbers that fail too often in a row, and lift the suppression of the others."""
    most = conf.settings.BAD_NUMBER_FAILURES
    in_a_row = _in_a_row(number_hashes)
    by_source: defaultdict[str, set[str]] = defaultdict(set)
    for number_hash, rows in in_a_row.items():
        if most and len(rows) >= most:
            gateway, code = rows[-1]
            by_source[f"gateway:{gateway} {code}".strip()].add(number_hash)
    for source, bad in sorted(by_source.items()):
        compliance.suppress_hashes(
            number_hashes=bad, scope="all", reason=BAD_NUMBER, source=source[:191], now=now
        )
    recovered = {number_hash for number_hash, rows in in_a_row.items() if not most or len(rows) < most}
    compliance.lift_hashes(number_hashes=recovered, reason=BAD_NUMBER, now=now)


def _in_a_row(number_hashes: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the gateway and code of each number's failures since its last delivered text, oldest first."""
    found: dict[str, list[tuple[str, str]]] = {number_hash: [] for number_hash in number_hashes}
    rows: Any = list(
        NumberFailure.objects.filter(
            number_hash__in=number_hashes, message__state__in=_FAILED, message__handed_over_at__isnull=False
        )
        .order_by("message__handed_over_at", "message_id")
        .values_list("number_hash", "contact_id", "message__handed_over_at", "gateway", "code")
    )
    if not rows:
        return found
    heads = contacts.resolve_merged({row[1] for row in rows})
    delivered = _last_delivered(set(heads.values()), since=rows[0][2])
    for number_hash, contact_id, handed_over_at, gateway, code in rows:
        reached_at = delivered.get(heads[contact_id])
        if reached_at is None or handed_over_at > reached_at:
            found[number_hash].append((gateway, code))
    return found


def _last_delivered(heads: Collection[int], *, since: datetime) -> dict[int, datetime]:
    """Return when each person was last handed a text that arrived, whichever of their merged contacts it was to."""
    speaks_for = contacts.speakers(heads)
    rows = Message.objects.filter(
        contact_id__in=speaks_for, state=MessageState.DELIVERED, handed_over_at__gte=since
    )
    found: dict[int, datetime] = {}
    for contact_id, at in rows.order_by().values_list("contact_id").annotate(last=Max("handed_over_at")):
        head = speaks_for[contact_id]
        found[head] = max(found.get(head, at), at)
    return found


def text_again(contact_id: int, *, now: datetime) -> bool:
    """
    Let a person's number be texted again that was found not to receive texts, and return whether it was.

    What failed until now counts no more. Whatever else suppresses the number stays: a stop is only theirs to undo.
    """
    return claims.retried(lambda: _text_again(contact_id, now=now))


@transaction.atomic
def _text_again(contact_id: int, *, now: datetime) -> bool:
    locked = claims.lock_in_order(contacts.alive().filter(pk=contact_id))
    if not locked or not locked[0].active_phone:
        return False
    phone = locked[0].active_phone
    forget(phone)
    return bool(compliance.lift_hashes(number_hashes=keys.number_hashes(phone), reason=BAD_NUMBER, now=now))


def forget(phone: str) -> None:
    """Forget what failed on the way to a number that is known to work. Its contact is locked."""
    NumberFailure.objects.filter(number_hash__in=keys.number_hashes(phone)).delete()
