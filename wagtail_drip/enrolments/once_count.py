"""Whom something that goes out once would reach, and whom not and why: by the gate's own answers, a batch at a time.

Nothing is locked and nothing is written but the sums, so that it may go through a million people while the shop
sells; of two workers that count the same batch only one adds it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError

from wagtail_drip.compliance.types import Decision, Verdict
from wagtail_drip.content import compose
from wagtail_drip.content.types import TextToCompose
from wagtail_drip.core import actions as core
from wagtail_drip.core import claims, clock
from wagtail_drip.core.traces import trace_of
from wagtail_drip.enrolments import audience, entry, occasions, once_clashes, querysets
from wagtail_drip.enrolments.audience import Place, Some
from wagtail_drip.enrolments.once_models import OnceCount
from wagtail_drip.messaging import imagined
from wagtail_drip.messaging.types import EXPIRES_AFTER, LANE_SEND_ONCE, Claimed, MessageDraft
from wagtail_drip.segments import querysets as segments
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.flow import Flow, Step
from wagtail_drip.sequences.triggers import Timed
from wagtail_drip.sequences.types import Running

logger = logging.getLogger(__name__)

CHUNK, CHUNKS = 500, 2
TRIES = 5
LEASE_SECONDS = 60.0
# Whose segment is not counted yet is asked about again after so long.
SOON = timedelta(seconds=10)
ENTRY, WORDING, NO_VALUE = "entry:", "compose_error", "missing_variable"


@dataclass(kw_only=True)
class Counts:
    """
    :ivar going: how many would be texted at that moment.
    :ivar later: how many when their rules allow, by what puts it off.
    :ivar never: how many not at all, by why: a skip reason, or ``entry:`` and a refusal.
    :ivar segments: of all that would be texted, now or later; *longest* of the longest text.
    :ivar clashing: how many of them get another marketing text that day; *clashes* by its sequence.
    """

    going: int = 0
    later: dict[str, int] = field(default_factory=dict)
    never: dict[str, int] = field(default_factory=dict)
    segments: int = 0
    longest: int = 0
    clashing: int = 0
    clashes: dict[str, int] = field(default_factory=dict)

    @property
    def texted(self) -> int:
        return self.going + sum(self.later.values())

    def add(self, other: Counts) -> None:
        self.going += other.going
        self.segments += other.segments
        self.longest = max(self.longest, other.longest)
        self.clashing += other.clashing
        for mine, theirs in (
            (self.later, other.later),
            (self.never, other.never),
            (self.clashes, other.clashes),
        ):
            for name, n in theirs.items():
                mine[name] = mine.get(name, 0) + n


def counts_of(row: OnceCount) -> Counts:
    return Counts(**row.found)


def moment_of(running: Running, *, now: datetime) -> datetime:
    """Return the moment that is asked about: its date, or now."""
    timed = running.flow.timed
    return max(timed.starts_at or now, now) if timed is not None else now


def ask(running: Running, *, now: datetime) -> None:
    """Have it counted anew from the beginning, in the background."""
    fresh: dict[str, Any] = {
        "version_id": running.version_id,
        "at": moment_of(running, now=now),
        "started_at": now,
        "counted_at": None,
        "due_at": now,
        "cursor": 0,
        "position": 0,
        "total": 0,
        "found": asdict(Counts()),
        "attempts": 0,
        "error": "",
    }
    claims.insert_new([OnceCount(sequence_id=running.sequence_id, **fresh)], unique=["sequence"])
    OnceCount.objects.filter(sequence_id=running.sequence_id).update(**fresh)


def count_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Count a few batches of what was asked for; return how many people were looked at."""
    now = now or clock.now()
    done = 0
    for pk in list(
        OnceCount.objects.filter(due_at__lte=now).order_by("due_at", "pk").values_list("pk", flat=True)
    ):
        done += _alone(pk, chunks=CHUNKS, limit=limit or CHUNK, now=now)
    return done


def count_a_batch(sequence_id: int, *, now: datetime) -> int:
    """Count the first batch at once, which is all there is of a small shop; return how many were looked at."""
    pk = OnceCount.objects.filter(sequence_id=sequence_id).values_list("pk", flat=True).first()
    return _alone(pk, chunks=1, limit=CHUNK, now=now) if pk is not None else 0


def _alone(pk: int, *, chunks: int, limit: int, now: datetime) -> int:
    token = claims.take_lease(f"once count {pk}", seconds=LEASE_SECONDS)
    if token is None:
        return 0
    try:
        return _count(pk, chunks=chunks, limit=limit, now=now)
    finally:
        claims.release_lease(f"once count {pk}", token)


def _count(pk: int, *, chunks: int, limit: int, now: datetime) -> int:
    done = 0
    for _ in range(chunks):
        row = OnceCount.objects.filter(pk=pk, due_at__lte=now).first()
        if row is None:
            break
        try:
            done += _batch(row, limit=limit, now=now)
        except Exception as error:
            if isinstance(error, OperationalError | InterfaceError):
                raise  # Nothing is wrong with what is counted: the database is busy, or went away.
            trace = trace_of(error)
            logger.error("Whom sequence %s would reach could not be counted.\n%s", row.sequence_id, trace)
            again = now + SOON * 2**row.attempts if row.attempts + 1 < TRIES else None
            OnceCount.objects.filter(pk=pk).update(attempts=row.attempts + 1, due_at=again, error=trace)
            break
    return done


def _batch(row: OnceCount, *, limit: int, now: datetime) -> int:
    mine = OnceCount.objects.filter(pk=row.pk, started_at=row.started_at, cursor=row.cursor)
    running = sequences.live([row.sequence_id]).get(row.sequence_id)
    timed = running.flow.timed if running is not None else None
    if running is None or timed is None or running.version_id != row.version_id:
        mine.update(due_at=None)  # Whoever looks at the page asks for the version that is there then.
        return 0
    if not segments.are_counted(timed.segments):
        mine.update(due_at=now + SOON)
        return 0
    people = audience.meant(running.flow, after=row.cursor).order_by("pk")
    ids = list(people.values_list("pk", flat=True)[:limit])
    found = counts_of(row)
    found.add(of(running, timed, ids, at=row.at, now=now))
    is_last = len(ids) < limit
    position, total = row.position + len(ids), row.total
    if not is_last and row.position and not total:
        # By a worker: whoever looks at the page of a big shop does not wait for it.
        total = audience.meant(running.flow).count()
    mine.update(
        found=asdict(found),
        cursor=ids[-1] if ids else row.cursor,
        position=position,
        total=position if is_last or 0 < total < position else total,
        counted_at=now if is_last else None,
        due_at=None if is_last else now,
        attempts=0,
        error="",
    )
    return len(ids)


def of(running: Running, timed: Timed, ids: Sequence[int], *, at: datetime, now: datetime) -> Counts:
    """Return what would become of these people, in a number of queries that does not grow with them."""
    found = Counts()
    if not ids:
        return found
    flow, place = running.flow, audience.place_of(running)
    never: Counter[str] = Counter()
    later: Counter[str] = Counter()
    earlier = querysets.earlier_runs({running.sequence_id}, ids)
    coming = []
    for pk in ids:
        refusal = entry.why_not(
            flow.entry,
            key=occasions.once_key(timed),
            earlier=earlier.get((running.sequence_id, pk), ()),
            now=at,
            by_occasion=True,
        )
        if refusal is None:
            coming.append(pk)
        else:
            never[f"{ENTRY}{refusal.value}"] += 1
    step = first_text(flow)
    messages = imagined_texts(running, step, coming, place, at=at)
    texted: list[int] = []
    decided = imagined.verdicts(messages, at=at, now=now)
    words = compose.imagine(
        [text_of(message) for message, decision in zip(messages, decided, strict=True) if goes(decision)],
        now=at,
    )
    for message, decision in zip(messages, decided, strict=True):
        text = words.get(message.key)
        if text is None:
            never[decision.reason] += 1
        elif text.error:
            never[WORDING] += 1
        elif text.missing:
            never[NO_VALUE] += 1
        else:
            texted.append(message.contact_id)
            found.segments += text.segments
            found.longest = max(found.longest, text.segments)
            if decision.verdict is Verdict.SEND:
                found.going += 1
            else:
                later[decision.reason] += 1
    clashes = once_clashes.clashes(
        texted, but_for=running.sequence_id, site_id=place.site_id, zone=place.zone, at=at, now=now
    )
    found.later, found.never = dict(later), dict(never)
    found.clashes = {str(sequence_id): len(people) for sequence_id, people in clashes.items()}
    found.clashing = len({pk for people in clashes.values() for pk in people})
    return found


def goes(decision: Decision) -> bool:
    """Tell whether a text would go at all, now or later."""
    return decision.verdict in (Verdict.SEND, Verdict.DEFER)


def first_text(flow: Flow) -> Step | None:
    """Return the first step that texts, as an editor reads them."""
    return next((step for step in flow.in_order() if step.kind == "send_message"), None)


def imagined_texts(
    running: Running, step: Step | None, ids: Sequence[int], place: Place, *, at: datetime
) -> list[Claimed]:
    """Return what the outbox would hold for these people by that step; nothing is written."""
    if step is None:
        return []
    flow, settings = running.flow, step.settings
    site = core.site_settings(place.site_id)
    purpose = settings.get("purpose") or flow.purpose
    hours = settings.get("expires_hours")
    expires_at = at + (timedelta(hours=hours) if hours else EXPIRES_AFTER[purpose])
    return [
        imagined.imagine(
            MessageDraft(
                key=f"imagined:{pk}",
                contact_id=pk,
                site_id=place.site_id,
                purpose=purpose,
                topic=settings.get("topic") or flow.topic,
                pinned_text_id=settings.get("text_id"),
                sequence_id=running.sequence_id,
                version_id=running.version_id,
                step_id=step.id,
                due_at=at,
                expires_at=expires_at,
                track_links=settings.get("track_links", True),
                ignores_windows=settings.get("ignores_windows", False),
                lane=LANE_SEND_ONCE,
                priority=flow.priority,
            ),
            site,
            number=pk,
            now=at,
        )
        for pk in ids
    ]


def text_of(message: Claimed) -> TextToCompose:
    return TextToCompose(
        message_key=message.key,
        contact_id=message.contact_id,
        site_id=message.site_id,
        pinned_text_id=message.pinned_text_id,
        sequence_id=message.sequence_id,
        step_id=message.step_id,
        track_links=message.track_links,
    )


def a_few(running: Running, *, n: int, of: int) -> list[int]:
    """Return the ids of a few of the audience, by chance and the same ones until it is published anew."""
    people = audience.audience(running.flow, audience.place_of(running))
    # Many more than are wanted where there are many, for they are taken in the order of their places.
    some = Some.about(n * 5, of=of, seed=running.version_id)
    return list(some.of(people).values_list("pk", flat=True)[:n])


def same(row: OnceCount | None, running: Running) -> bool:
    """Tell whether what was counted is what is published now."""
    return row is not None and row.version_id == running.version_id
