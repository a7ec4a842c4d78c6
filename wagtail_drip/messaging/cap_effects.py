"""
What caps would have done to the texts of the last 30 days.

Played over the send ledger and over what caps kept back: each text asks at its moment, in the order of time, by
the same rule as at the gate. Sending times and priorities are left out, and nobody can know what would have been
written under other caps: so it is an estimate, and the screen says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db.models import F
from django.db.models.functions import Coalesce

from wagtail_drip.compliance import frequency_caps
from wagtail_drip.compliance.frequency_caps import MONTH, Limits, Pressure, Rules, Sent
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.states import DeferReason, MessageState, SkipReason
from wagtail_drip.messaging.types import AT_ONCE, EXPIRES_AFTER

# So many texts are played at the most, the latest: a page must not take long.
MOST_TEXTS = 50_000
# The texts of 30 days are asked; those of the 30 days before are only counted.
LOOKS_BACK = 2 * MONTH


class Wish(NamedTuple):
    """A text that went, or that a cap kept back, at its moment."""

    contact_id: int
    at: datetime
    purpose: str
    topic: str
    sequence_id: int | None
    own: Limits


@dataclass(frozen=True, kw_only=True)
class Demand:
    """
    What was to be sent by one site in 60 days; the first 30 are only counted.

    :ivar is_partial: whether there was more than is played.
    :ivar waiting: how many texts a cap has put off at present.
    """

    site_id: int
    since: datetime
    wishes: Sequence[Wish]
    is_partial: bool
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Effect:
    """
    What came of the texts of the last 30 days.

    :ivar people: how many people a text of whom was put off or skipped.
    """

    texts: int
    put_off: int
    skipped: int
    people: int

    @property
    def at_once(self) -> int:
        return self.texts - self.put_off - self.skipped


def demand(site_id: int, *, now: datetime) -> Demand:
    """Return what was to be sent by the site lately, in three queries."""
    columns = ("purpose", "topic", "sequence_id", "contact__most_per_week", "contact__most_per_month")
    who = Coalesce("contact__merged_into_id", "contact_id")
    sent = (
        SendLedger.objects.filter(site_id=site_id, handed_over_at__gt=now - LOOKS_BACK)
        .exclude(purpose__in=AT_ONCE)
        .annotate(who=who, sequence_id=F("message__sequence_id"))
        .order_by("-handed_over_at")
        .values_list("who", "handed_over_at", *columns)[: MOST_TEXTS + 1]
    )
    kept_back = (
        Message.objects.filter(
            site_id=site_id,
            state=MessageState.SKIPPED,
            reason=SkipReason.FREQUENCY_CAP,
            settled_at__gt=now - MONTH,
            created_at__gt=now - LOOKS_BACK,
        )
        .annotate(who=who)
        .order_by("-settled_at")
        .values_list("who", "settled_at", *columns)[: MOST_TEXTS + 1]
    )
    rows = [
        Wish(who_, at, purpose, topic, sequence_id, Limits(week, month))
        for who_, at, purpose, topic, sequence_id, week, month in [*sent, *kept_back]
    ]
    rows.sort(key=attrgetter("at"), reverse=True)
    waiting = Message.objects.filter(
        site_id=site_id,
        state=MessageState.SCHEDULED,
        defer_reason=DeferReason.FREQUENCY_CAP,
        created_at__gt=now - LOOKS_BACK,
    ).count()
    return Demand(
        site_id=site_id,
        since=now - MONTH,
        wishes=rows[:MOST_TEXTS],
        is_partial=len(rows) > MOST_TEXTS,
        waiting=waiting,
    )


def effect(asked: Demand, rules: Rules) -> Effect:
    """Return what would have become of the texts under *rules*."""
    texts = put_off = skipped = people = 0
    in_order = sorted(asked.wishes, key=attrgetter("contact_id", "at"))
    for _contact_id, wishes in groupby(in_order, key=attrgetter("contact_id")):
        is_touched = False
        for fate in _fates(list(wishes), asked, rules):
            texts += 1
            put_off += fate == "put_off"
            skipped += fate == "skipped"
            is_touched = is_touched or fate != "went"
        people += is_touched
    return Effect(texts=texts, put_off=put_off, skipped=skipped, people=people)


def _fates(wishes: Sequence[Wish], asked: Demand, rules: Rules) -> Iterator[str]:
    """Yield what becomes of each text of one contact in the last 30 days."""
    sent: list[Sent] = []
    for wish in wishes:
        pressure = Pressure(
            asked.site_id, wish.purpose, wish.topic, wish.sequence_id, rules, wish.own, sent, []
        )
        capped = frequency_caps.check(pressure, at=wish.at)
        at, fate = wish.at, "went"
        if capped is not None:
            if capped.until is None or capped.until >= wish.at + EXPIRES_AFTER[wish.purpose]:
                fate = "skipped"
            else:
                at, fate = capped.until, "put_off"
        if fate != "skipped":
            sent.append(Sent(at, asked.site_id, wish.purpose, wish.topic))
        if wish.at > asked.since:
            yield fate
