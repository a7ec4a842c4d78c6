"""A message that is only thought of: the gate's own questions, asked without a row, a lock or a write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from wagtail_drip.compliance import policy, rulebook, times
from wagtail_drip.compliance.jurisdictions import Rule
from wagtail_drip.compliance.times import Obstacle
from wagtail_drip.compliance.types import Decision, Question, Reason, Verdict
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import actions, facts, gate, holds
from wagtail_drip.messaging.states import DeferReason
from wagtail_drip.messaging.types import COLUMNS, Claimed, MessageDraft

# A text that is put off so often is put off for ever.
MOST_DEFERRALS = 20
# What would have to change, for each reason that one change takes away.
_TAKEN_AWAY: Mapping[str, Mapping[str, object]] = {
    Reason.NO_CONSENT: {"permission": True},
    Reason.UNSUBSCRIBED: {"permission": True},
    Reason.SUPPRESSED: {"is_suppressed": False},
    Reason.RESTRICTED: {"is_restricted": False},
    Reason.NOT_OPEN_YET: {"is_open": True},
    Reason.CONTACT_PAUSED: {"paused_until": None},
    Reason.FREQUENCY_CAP: {"pressure": None},
}

_BY_THE_CLOCK = frozenset(
    {
        Reason.QUIET_HOURS,
        Reason.SEND_WINDOW,
        Reason.CONTACT_HOURS,
        Reason.BLACKOUT_DATE,
        Reason.WINDOW_CLOSED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """
    What the gate would say of one message at one moment.

    :param decision: its verdict.
    :param next_at: when it may go at the earliest, if nothing else changes; None where only a person can help.
    :param obstacles: everything that stands in the way at that moment, not only what is asked first.
    :param looser: the legal hours that it obeys, where they let go what the shipped ones would hold back.
    """

    at: datetime
    decision: Decision
    next_at: datetime | None
    obstacles: tuple[Obstacle, ...] = ()
    looser: Rule | None = None


def imagine(draft: MessageDraft, site: SiteSettings, *, number: int, now: datetime) -> Claimed:
    """
    Return *draft* as a worker would hold it, without writing anything.

    :param number: tells it apart from others; made negative, so that it is no message's id.
    """
    row = {
        **actions.as_row(draft, site, {}, now),
        "id": -number,
        "segments": 0,
        "encoding": "",
        "generation": 0,
        "attempts": 0,
        "handed_over_at": None,
    }
    return Claimed._make(row[name] for name in COLUMNS)


def outlooks(asked: Sequence[tuple[Claimed, datetime]], *, now: datetime) -> list[Outlook]:
    """
    Return what the gate would say of each message at its own moment, in a fixed number of queries.

    Reads as the gate does, but under no lock: it tells what holds now, not what will hold then. What would go
    counts for the caps of those that are asked of after it, and of a later moment.

    :param now: as of when holds, caps and the shop's facts are read.
    """
    if not asked:
        return []
    messages = [message for message, _ in asked]
    people = facts.read_people({message.contact_id for message in messages})
    known = [(message, at) for message, at in asked if message.contact_id in people]
    rules = rulebook.read(min(at for _, at in asked).date())
    found = gate.read_facts([message for message, _ in known], people, now, rules)
    answers = {
        message.id: _under_pressure(message, question, found.held, guard, at)
        for (message, at), question, guard in zip(known, found.questions, found.guards, strict=True)
    }
    nobody = Decision(verdict=Verdict.SKIP, reason=Reason.NO_PHONE)
    return [
        answers.get(message.id)
        or Outlook(at=at, decision=nobody, next_at=None, obstacles=(_plain(nobody.reason, at),))
        for message, at in asked
    ]


def verdicts(messages: Sequence[Claimed], *, at: datetime, now: datetime) -> list[Decision]:
    """
    Return what the gate would say of each message at one moment, in a fixed number of queries, and no more than that.

    For many people: nothing is asked beyond the first obstacle.

    :param now: as of when holds, caps and the shop's facts are read.
    """
    if not messages:
        return []
    people = facts.read_people({message.contact_id for message in messages})
    known = [message for message in messages if message.contact_id in people]
    found = gate.read_facts(known, people, now, rulebook.read(at.date()))
    decided = {message.id: decision for message, decision in gate.decide(known, found, at)}
    nobody = Decision(verdict=Verdict.SKIP, reason=Reason.NO_PHONE)
    return [decided.get(message.id, nobody) for message in messages]


def _under_pressure(
    message: Claimed, question: Question, held: holds.OpenHolds, guard: str, at: datetime
) -> Outlook:
    """Ask of one message with what its contact will have had by then; the list of it is shared by theirs."""
    pressure = question.pressure
    if pressure is None:
        return _outlook(message, gate.Facts(questions=[question], held=held, guards=[guard]), at)
    had = [sent for sent in pressure.sent if sent.at <= at]
    before = len(had)
    alone = question._replace(pressure=pressure._replace(sent=had))
    outlook = _outlook(message, gate.Facts(questions=[alone], held=held, guards=[guard]), at)
    pressure.sent.extend(had[before:])
    return outlook


def _outlook(message: Claimed, found: gate.Facts, at: datetime) -> Outlook:
    decision = _ask(message, found, at)
    return Outlook(
        at=at,
        decision=decision,
        next_at=_next(message, found, decision, at),
        obstacles=tuple(_obstacles(message, found, at)),
        looser=times.looser_rule(found.questions[0]),
    )


def _ask(message: Claimed, found: gate.Facts, at: datetime) -> Decision:
    ((_, decision),) = gate.decide([message], found, at)
    return decision


def _next(message: Claimed, found: gate.Facts, decision: Decision, at: datetime) -> datetime | None:
    for _ in range(MOST_DEFERRALS):
        if decision.verdict is Verdict.SEND:
            return at
        if decision.verdict is not Verdict.DEFER or decision.until is None or decision.until <= at:
            return None
        at = decision.until
        decision = _ask(message, found, at)
    return None


def _plain(reason: str, at: datetime) -> Obstacle:
    return Obstacle(reason, at, None, {})


def _obstacles(message: Claimed, found: gate.Facts, at: datetime) -> list[Obstacle]:
    """Ask again and again as if what stood in the way were gone, until it would go or nothing takes it away."""
    question: Question = found.questions[0]
    obstacles: list[Obstacle] = []
    while True:
        decision = policy.decide(question, now=at)
        if decision.verdict is Verdict.SEND:
            break
        if decision.reason in _BY_THE_CLOCK:
            # The rules of time say more of themselves: which law, which hours, which day, and until when.
            obstacles += times.next_possible(question, now=at).obstacles or (_plain(decision.reason, at),)
            break
        told = {"detail": decision.detail} if decision.detail else {}
        obstacles.append(Obstacle(decision.reason, at, decision.until, told))
        if decision.reason not in _TAKEN_AWAY or len(obstacles) > len(_TAKEN_AWAY):
            break
        question = question._replace(**_TAKEN_AWAY[decision.reason])  # type: ignore[arg-type]
    if found.guards[0]:
        obstacles.append(_plain(found.guards[0], at))
    if found.held.stops(message):
        obstacles.append(_plain(DeferReason.HELD, at))
    return obstacles
