"""Deletes what publishing kept of each person, once it can no longer be undone; their numbers stay with the version."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, OuterRef, Q, QuerySet

from wagtail_drip.core import claims
from wagtail_drip.enrolments.models import VersionMove
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.choices import Choice
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion

# For whoever asks what a publish of last month did to somebody.
KEPT = timedelta(days=30)
CHUNK = 1000
CHUNKS_AT_ONCE = 10


def forget_moves(*, now: datetime, size: int = CHUNK, chunks: int = CHUNKS_AT_ONCE) -> int:
    """Delete some of the moves that cannot be undone any more, and return how many; called again and again."""
    done = 0
    for version_id in _over(now, limit=chunks):
        for _ in range(chunks):
            gone = claims.retried(partial(_forget, version_id, size=size, now=now))
            done += gone
            if gone < size or done >= size * chunks:
                break
        if done >= size * chunks:
            break
    return done


def _over(now: datetime, *, limit: int) -> list[int]:
    """Return some of the versions with old moves that nobody can take back: another was published, or it has been undone."""
    in_force = SequenceRuntime.objects.filter(version_id=OuterRef("pk"))
    moves = _old(now).filter(to_version_id=OuterRef("pk"))
    rows = SequenceVersion.objects.filter(
        ~Exists(in_force) | Q(undone_at__isnull=False),
        Exists(moves),
        moves_due_at=None,
        # Says the same as its moves' own moments, but is asked every minute: a million of last week's are not read.
        published_at__lt=now - KEPT,
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def _old(now: datetime) -> QuerySet[VersionMove]:
    return VersionMove.objects.filter(applied_at__lt=now - KEPT)


def _forget(version_id: int, *, size: int, now: datetime) -> int:
    held = claims.claim(SequenceVersion.objects.filter(pk=version_id).order_by("pk"), limit=1)
    if not held:
        return 0
    rows = list(
        _old(now).filter(to_version_id=version_id).order_by().values_list("pk", "choice", "undone_at")[:size]
    )
    counts = Counter("undone" if undone_at else became(Choice(choice)) for _pk, choice, undone_at in rows)
    VersionMove.objects.filter(pk__in=[pk for pk, *_rest in rows]).delete()
    sequences.keep_moves_as_counts(held[0], counts)
    return len(rows)


def became(choice: Choice) -> str:
    """Return under which word a move is counted: moved, stayed, left."""
    return {Choice.STAY: "stayed", Choice.LEAVE: "left"}.get(choice, "moved")
