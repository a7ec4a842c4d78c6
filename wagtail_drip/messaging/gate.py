"""
The gate: one transaction that lets messages through and commits that they are handed over.

The statements are separate and in this order, and each shortcut was shown to leak: the contacts are locked
exclusively, in primary-key order; only then is read what we decide by; then the messages are marked, fenced by
the worker's token; then it commits. Whoever withdraws, suppresses, merges, erases, or records a reply, a click
or an exit takes the same lock first, so that it either committed before we read or waits until we are done.
Locking and reading in one statement sends after an opt-out has committed: the database waits for the lock and
returns the row as its snapshot showed it before. docs/explanation/the_gate.md tells the whole story.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DataError, IntegrityError
from django.db.models import QuerySet

from wagtail_drip.compliance import policy, rulebook
from wagtail_drip.compliance.time_rules import TimeRules
from wagtail_drip.compliance.types import Decision, Question, Verdict, defer, skip
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.core import claims, traces
from wagtail_drip.core.prepared import prepared
from wagtail_drip.messaging import claiming, facts, fenced, guards, holds, ledger, pressure, settling
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import DeferReason, MessageState
from wagtail_drip.messaging.types import Claimed, People, Ready

logger = logging.getLogger(__name__)

# A store whose notices cannot be read yet is asked again after so long.
STORE_BEHIND_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was read after the locks: a question per message, the open holds, and the guards' verdicts."""

    questions: Sequence[Question]
    held: holds.OpenHolds
    guards: Sequence[str]


def hand_over(
    ready: Sequence[Ready], *, token: str, now: datetime, rules: TimeRules | None = None
) -> list[Ready]:
    """
    Return those of *ready* that may go; they are committed as handed over, each to the number returned.

    The others are skipped, put off or expired, each with its reason.

    :param rules: the pass's rules of time; read here where there are none.
    """
    rules = rules or rulebook.read(now.date())
    try:
        return claims.retried(lambda: _hand_over(ready, token=token, now=now, rules=rules))
    except (DataError, IntegrityError) as error:
        # Something in one of them cannot be written. Alone, it stops nobody else.
        if len(ready) == 1:
            logger.error("Message %s cannot be written.\n%s", ready[0].message.id, traces.trace_of(error))
            claims.retried(lambda: settling.fail([ready[0].message], token=token, now=now))
            return []
        half = len(ready) // 2
        return [
            *hand_over(ready[:half], token=token, now=now, rules=rules),
            *hand_over(ready[half:], token=token, now=now, rules=rules),
        ]


def may_repeat(messages: Sequence[Claimed], *, token: str, now: datetime) -> dict[int, str]:
    """
    Return the number for each message, handed over before, that might be posted once more: by its id.

    Writes nothing but the lease of those. A message's own ledger row is not counted.
    """
    return claims.retried(lambda: _may_repeat(messages, token=token, now=now))


def _hand_over(ready: Sequence[Ready], *, token: str, now: datetime, rules: TimeRules) -> list[Ready]:
    messages = [each.message for each in ready]
    people = lock_contacts(ready)
    known, stray = _with_people(messages, people)
    found = read_facts(known, people, now, rules)
    decisions = decide(known, found, now)

    going = {message.id for message, decision in decisions if decision.verdict is Verdict.SEND}
    settling.refuse([pair for pair in decisions if pair[0].id not in going], token=token, now=now)
    settling.give_back(stray, token=token, now=now)
    return mark(
        [
            each._replace(number=people[each.message.contact_id].active_phone or "")
            for each in ready
            if each.message.id in going
        ],
        token=token,
        before=MessageState.CLAIMED,
        now=now,
    )


def _may_repeat(messages: Sequence[Claimed], *, token: str, now: datetime) -> dict[int, str]:
    people = _lock(contacts.resolve_merged({message.contact_id for message in messages}))
    known, _ = _with_people(messages, people)
    found = read_facts(known, people, now, rulebook.read(now.date()), is_final=False)
    going = {
        message.id: people[message.contact_id].active_phone or ""
        for message, decision in decide(known, found, now)
        if decision.verdict is Verdict.SEND
    }
    Message.objects.filter(pk__in=list(going), lease_token=token).update(lease_until=claiming.lease_end())
    return going


def lock_contacts(ready: Sequence[Ready]) -> People:
    """
    Lock every contact of *ready*, and whom they were merged into, and return who speaks for each.

    Who was merged is known from when the text was written. Who was merged since then is missing, unless into
    somebody else who was locked.
    """
    return _lock({each.message.contact_id: each.contact_id for each in ready})


def _lock(speakers: Mapping[int, int]) -> People:
    claims.require_transaction()
    return facts.heads(speakers, _locked({*speakers, *speakers.values()}))


@prepared
def _locked(contact_ids: Collection[int]) -> QuerySet[Any]:
    return claims.in_order(facts.people_rows(contact_ids))


def read_facts(
    messages: Sequence[Claimed], people: People, now: datetime, rules: TimeRules, *, is_final: bool = True
) -> Facts:
    """
    Read what the decision rests on. Only ever after ``lock_contacts``, in statements of its own.

    :param is_final: whether the messages are handed over for the first time: see ``pressure.read``.
    """
    return Facts(
        questions=facts.questions(messages, people, now=now, rules=rules, is_final=is_final),
        held=holds.open_holds(now),
        guards=guards.verdicts(messages, people, now=now),
    )


def decide(messages: Sequence[Claimed], found: Facts, now: datetime) -> list[tuple[Claimed, Decision]]:
    """Return what becomes of each message by what was read, and by what becomes of those of higher priority."""

    def of(position: int) -> Decision:
        return _decision(
            messages[position], found.questions[position], found.guards[position], found.held, now
        )

    return list(zip(messages, pressure.decide_in_order(messages, found.questions, of, now=now), strict=True))


def _decision(
    message: Claimed, question: Question, guard: str, held: holds.OpenHolds, now: datetime
) -> Decision:
    decision = policy.decide(question, now=now)
    if decision.verdict is not Verdict.SEND:
        return decision
    if guard == DeferReason.STORE_BEHIND:
        return defer(guard, now + timedelta(seconds=STORE_BEHIND_SECONDS))
    if guard:
        return skip(guard)
    if held.stops(message):
        return defer(DeferReason.HELD, now)
    return decision


def _with_people(messages: Sequence[Claimed], people: People) -> tuple[list[Claimed], list[Claimed]]:
    """Part off the messages whose contact was merged into somebody between our reading of it and our lock."""
    known = [message for message in messages if message.contact_id in people]
    return known, [message for message in messages if message.contact_id not in people]


def mark(going: Sequence[Ready], *, token: str, before: MessageState, now: datetime) -> list[Ready]:
    """Write down that *going* are handed over, in the transaction in which they were decided, and return them."""
    moved = fenced.move(
        [each.message for each in going],
        token=token,
        before=before,
        after=MessageState.HANDED_OVER,
        now=now,
        per_row={
            "body": [each.body for each in going],
            "segments": [each.segments for each in going],
            "encoding": [each.encoding for each in going],
        },
        segments=[each.segments for each in going],
        handed_over_at=now,
        due_at=None,
        lease_until=claiming.lease_end() if going else None,
        defer_reason="",
        detail="",
    )
    ledger.record(moved, now=now)
    ours = {message.id for message in moved}
    return [
        each._replace(message=each.message._replace(handed_over_at=now, segments=each.segments))
        for each in going
        if each.message.id in ours
    ]
