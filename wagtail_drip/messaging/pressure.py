"""
How near each contact is to its caps, and what becomes of several messages of one contact.

Counted first, in one query for all: most people are nowhere near. Only of those for whom it could matter is read
what exactly they had and when, and what of higher priority waits for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet

from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.compliance.frequency_caps import WEEK, Limits, Pressure, Sent, rules_of
from wagtail_drip.compliance.types import Decision, Question, Verdict
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.core import clock
from wagtail_drip.core.among import Among
from wagtail_drip.core.caps import default_caps
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import ledger
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.states import DeferReason, MessageState
from wagtail_drip.messaging.types import AT_ONCE, TEST_LICENCE, Claimed, People, Person

# A place under a cap is kept for a message that is due within so long ...
KEPT_FOR = WEEK
# ... and no longer than this after it was due: what is stuck must not stop the others.
LATE_AT_MOST = timedelta(minutes=10)
_NO_LIMITS = Limits()
_MANY = 1_000_000
_ABOUT = ("site_id", "purpose", "topic")
# A message put off for one of these neither goes soon nor needs its place.
_NEEDS_NO_PLACE = frozenset({DeferReason.FREQUENCY_CAP.value, DeferReason.HELD.value})


class _Waiting(NamedTuple):
    priority: int
    sent: Sent


def read(
    messages: Sequence[Claimed],
    people: People,
    sites: Mapping[int, SiteSettings],
    *,
    now: datetime,
    is_final: bool,
) -> Mapping[int, Pressure]:
    """
    Return what bears on the caps of each message that might not have room, by its id, in at most five queries.

    :param is_final: whether the gate asks. Only then is the last place left to a message of higher priority, and
        counted what people had who were merged into the contact: before, it would cost more than it saves.
    """
    asked = [
        message for message in messages if message.purpose not in AT_ONCE and message.licence != TEST_LICENCE
    ]
    if not asked:
        return {}
    rules = compliance.rules(list(sites.values()), now=now)
    most = _strictest(each.strictest() for each in rules.values())
    heads = {people[message.contact_id].id: people[message.contact_id] for message in asked}
    if most == _NO_LIMITS and not any(_own(head) != _NO_LIMITS for head in heads.values()):
        return {}
    speaks_for = {head: head for head in heads} | {m.contact_id: people[m.contact_id].id for m in asked}
    if is_final:
        speaks_for = contacts.merged_into(heads) | speaks_for
    counted = ledger.counted(messages, speaks_for, now=now)
    had: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for contact_id, week, month in ledger.counts(counted, now=now):
        before = had[speaks_for[contact_id]]
        had[speaks_for[contact_id]] = before[0] + week, before[1] + month
    near, over = set(), set()
    for head_id, number in Counter(people[message.contact_id].id for message in asked).items():
        left = _left(heads[head_id], had.get(head_id, (0, 0)), number, most)
        if left <= 0:
            near.add(head_id)
        if left < 0:
            over.add(head_id)
    waiting = _waiting(messages, speaks_for, near, now) if is_final and near else {}
    over |= waiting.keys()
    if not over:
        return {}
    sent = _sent(counted, speaks_for, over)
    return {
        message.id: Pressure(
            message.site_id,
            message.purpose,
            message.topic,
            message.sequence_id,
            rules[message.site_id] if message.site_id in rules else rules_of(default_caps()),
            _own(people[message.contact_id]),
            sent[people[message.contact_id].id],
            [
                each.sent
                for each in waiting.get(people[message.contact_id].id, ())
                if each.priority > message.priority
            ],
        )
        for message in asked
        if people[message.contact_id].id in over
    }


def decide_in_order(
    messages: Sequence[Claimed],
    questions: Sequence[Question],
    decide: Callable[[int], Decision],
    *,
    now: datetime,
) -> list[Decision]:
    """
    Return what *decide* says of each position, asked in the order of priority.

    What goes is counted for those that come after it, and what waits has its place kept.
    """
    found = {
        position: decide(position) for position, question in enumerate(questions) if question.pressure is None
    }
    rest = [position for position in range(len(messages)) if position not in found]
    rest.sort(key=lambda position: -messages[position].priority)
    for order, position in enumerate(rest):
        message, pressure = messages[position], questions[position].pressure
        decision = found[position] = decide(position)
        if pressure is None:
            continue
        if decision.verdict is Verdict.SEND:
            pressure.sent.append(_as_sent(message, now))
        elif decision.verdict is Verdict.DEFER and decision.reason not in _NEEDS_NO_PLACE:
            for other in rest[order + 1 :]:
                theirs = questions[other].pressure
                if (
                    theirs is not None
                    and theirs.sent is pressure.sent
                    and messages[other].priority < message.priority
                ):
                    theirs.kept.append(_as_sent(message, decision.until or now))
    return [found[position] for position in range(len(messages))]


def _as_sent(message: Claimed, at: datetime) -> Sent:
    return Sent(at, message.site_id, message.purpose, message.topic)


def _own(person: Person) -> Limits:
    return Limits(person.most_per_week, person.most_per_month)


def _strictest(given: Iterable[Limits]) -> Limits:
    return Limits(
        *(min((one for one in of if one is not None), default=None) for of in zip(*given, strict=True))
    )


def _left(person: Person, had: tuple[int, int], going: int, most: Limits) -> int:
    """Return how many more could go to a person than do now: at the least, whatever they are about."""
    left = _MANY
    for span, limit in enumerate((most.week, most.month)):
        if limit is not None:
            left = min(left, limit - had[span] - going)
    for span, limit in enumerate((person.most_per_week, person.most_per_month)):
        if limit is not None:
            left = min(left, limit - had[span] - going)
    return left


def _waiting(
    messages: Sequence[Claimed], speaks_for: Mapping[int, int], near: Collection[int], now: datetime
) -> Mapping[int, list[_Waiting]]:
    """Return what of higher priority waits for each of those people, soonest first."""
    lowest = min(message.priority for message in messages)
    theirs = [contact_id for contact_id, head in speaks_for.items() if head in near]
    scheduled = Q(state=MessageState.SCHEDULED, due_at__gt=now - LATE_AT_MOST, due_at__lte=now + KEPT_FOR)
    claimed = Q(state=MessageState.CLAIMED, lease_until__gt=clock.lease_now())
    rows = (
        Message.objects.filter(scheduled | claimed, Among("contact_id", theirs), priority__gt=lowest)
        .exclude(purpose__in=AT_ONCE)
        .exclude(Among("pk", [message.id for message in messages]))
        .values_list("contact_id", "priority", "due_at", *_ABOUT)
    )
    found: defaultdict[int, list[_Waiting]] = defaultdict(list)
    for contact_id, priority, due_at, site_id, purpose, topic in rows:
        found[speaks_for[contact_id]].append(_Waiting(priority, Sent(due_at or now, site_id, purpose, topic)))
    return found


def _sent(
    counted: QuerySet[SendLedger], speaks_for: Mapping[int, int], over: Collection[int]
) -> Mapping[int, list[Sent]]:
    theirs = [contact_id for contact_id, head in speaks_for.items() if head in over]
    found: dict[int, list[Sent]] = {head: [] for head in over}
    rows = counted.filter(Among("contact_id", theirs))
    for contact_id, at, site_id, purpose, topic in rows.values_list("contact_id", "handed_over_at", *_ABOUT):
        found[speaks_for[contact_id]].append(Sent(at, site_id, purpose, topic))
    return found
