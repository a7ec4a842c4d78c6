"""
The short way: claim, decide, compose and hand over in one transaction, where the calls can start at once.

A message claimed for later is written once more than one that goes now, and is decided twice. So where a gateway
takes so many messages in a call that the free threads suffice for all that is claimed, they are locked, pass the
gate and are handed over in one go. The order of the gate holds: contacts are locked, and only then is read what
we decide by. While we hold messages we wait for nobody: whose contact is locked by another, like everything else
that does not simply go, is claimed in the ordinary way, and there refused, put off or tried again with its reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet

from wagtail_drip.compliance.time_rules import TimeRules
from wagtail_drip.compliance.types import Verdict
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content.types import Addressee
from wagtail_drip.core import claims, traces
from wagtail_drip.core.among import Among
from wagtail_drip.core.prepared import prepared
from wagtail_drip.gateways.base import Gateway
from wagtail_drip.messaging import claiming, composing, gate
from wagtail_drip.messaging.calls import Calls, deadline, plan
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.messaging.types import Claimed, People, Person, Ready

logger = logging.getLogger(__name__)

_COLUMNS = (*Person._fields, *Addressee._fields[1:-1])


class Taken(NamedTuple):
    """
    What was taken out of the queue.

    :ivar calls: handed over, to be posted at once, as the gateway wants them.
    :ivar claimed: under a lease, and nothing decided yet.
    """

    calls: Sequence[Sequence[Ready]]
    claimed: Sequence[Claimed]


def take(
    *, token: str, limit: int, now: datetime, under_way: Calls, rules: Callable[[], TimeRules]
) -> tuple[int, list[Claimed]]:
    """
    Take at most *limit* due messages out of the queue, and start the calls of those that can go at once.

    :param rules: gives the pass's rules of time, once there is something to ask them about.
    :return: how many were taken, and which of them are only claimed.
    """
    claimed: list[Claimed] = []

    def take_some(gateway: Gateway, due: QuerySet[Message], most: int) -> int:
        room = under_way.free * gateway.capabilities.max_recipients
        # Looked for first, outside a transaction: on SQLite a claim of nothing would stop every writer.
        number = due[: room + 1].count() if room < most else most if due.exists() else 0
        if not number:
            return 0
        leased_at = time.monotonic()
        taken = None
        if number <= room:
            taken = attempt(
                lambda: hand_over(
                    gateway, due, most=number, calls=under_way.free, token=token, now=now, rules=rules()
                )
            )
        if taken is None:
            taken = Taken([], claiming.hold(due, most, token=token))
        # At once: what is handed over and was never posted could not be told from what was.
        for call in taken.calls:
            under_way.start(gateway, call, deadline=deadline(gateway, leased_at=leased_at))
        claimed.extend(taken.claimed)
        return len(taken.claimed) + sum(map(len, taken.calls))

    return claiming.go_through(take_some, limit=limit, now=now), claimed


def attempt(work: Callable[[], Taken]) -> Taken | None:
    """Return what was taken, or None if anything at all was wrong with it: the other way knows what to do then."""
    try:
        return claims.retried(work)
    except (OperationalError, InterfaceError):
        raise  # Nothing is wrong with the messages: a lock was held for too long, or the database went away.
    except Exception as error:  # noqa: BLE001 -- the long way finds the one message that it is about
        logger.warning("A batch could not go the short way.\n%s", traces.trace_of(error))
        return None


def hand_over(
    gateway: Gateway,
    due: QuerySet[Message],
    *,
    most: int,
    calls: int,
    token: str,
    now: datetime,
    rules: TimeRules,
) -> Taken:
    """Take at most *most* messages and hand over at most *calls* of them; call it in a transaction."""
    messages = claiming.lock(due, most)
    people, known_as = lock_contacts(messages)
    known = [message for message in messages if message.contact_id in people]
    decided = gate.decide(known, gate.read_facts(known, people, now, rules), now)
    going = [message for message, decision in decided if decision.verdict is Verdict.SEND]
    written, _, _ = composing.sort_out(going, people, composing.worded(going, people, now, known_as))
    affordable, _ = composing.charge(written)
    planned = plan(gateway, affordable)
    composing.refund([each for call in planned[calls:] for each in call])
    passed = {
        each.message.id: each
        for each in gate.mark(
            [each for call in planned[:calls] for each in call],
            token=token,
            before=MessageState.SCHEDULED,
            now=now,
        )
    }
    rest = [message for message in messages if message.id not in passed]
    claiming.lease(rest, token=token)
    return Taken([[passed[each.message.id] for each in call] for call in planned[:calls]], rest)


def lock_contacts(messages: Sequence[Claimed]) -> tuple[People, Mapping[int, Addressee]]:
    """
    Lock each message's contact, and return those that nobody else has locked and what texts show of them.

    Who was merged into somebody is not among them.
    """
    claims.require_transaction()
    held = _free({message.contact_id for message in messages})
    people = {row[0]: Person._make(row[: len(Person._fields)]) for row in held}
    shown = [(row[0], *row[len(Person._fields) :], None) for row in held]
    return people, {row[0]: Addressee._make(row) for row in shown}


@prepared
def _free(contact_ids: Collection[int]) -> QuerySet[Any]:
    rows: Any = Contact.objects.filter(Among("pk", contact_ids), merged_into=None).values_list(*_COLUMNS)
    return claims.free(rows)
