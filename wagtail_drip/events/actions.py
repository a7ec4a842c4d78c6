"""The only writers of notices and events."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import router, transaction

from wagtail_drip.core import claims, inserts
from wagtail_drip.events import tallies
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.events.types import BACKFILL, EventDraft


def write_notice(
    *,
    store: str,
    kind: str,
    key: str,
    object_id: str = "",
    envelope: Mapping[str, Any] | None = None,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """
    Leave one small row for the worker, in the caller's own transaction.

    A repeated (store, key) is ignored. A failure undoes only itself: without the savepoint an error that
    the caller swallows would still lose the caller's whole transaction.

    :param key: unique in *store*; it makes a repeat harmless.
    :param envelope: what the worker needs beside *object_id*; ids rather than payloads.
    :param due_at: when the worker may take it in; *now* by default.
    """
    notice = Notice(
        store=store,
        kind=kind,
        object_id=object_id,
        envelope=dict(envelope) if envelope is not None else None,
        key=key,
        recorded_at=now,
        due_at=due_at or now,
    )
    inserts.insert_apart(notice)


def touch_key(prefix: str, object_id: object) -> str:
    """Return a key for something that may happen again at once: ``cart:15:<uuid>``."""
    return f"{prefix}:{object_id}:{uuid.uuid4().hex}"


def record_events(drafts: Collection[EventDraft]) -> None:
    """
    Record events, ignoring those whose (store, key) is there already.

    An event without a contact, or from a backfill, is kept and starts nothing.
    """
    rows = [_row(draft) for draft in drafts]
    if not any(row.contact_id is not None for row in rows):
        claims.insert_new(rows, unique=["store", "key"])
        return
    with transaction.atomic(using=router.db_for_write(Event)):
        # The tallies first: whoever brings the same event meanwhile waits, and then finds it recorded.
        held = tallies.lock(rows)
        known = tallies.known(rows)
        claims.insert_new(rows, unique=["store", "key"])
        tallies.count([row for row in rows if (row.store, row.key) not in known], held)


def record_event(draft: EventDraft) -> Event:
    """Record one event and return its row; the one that was there already, if its key is known."""
    record_events([draft])
    return Event.objects.get(store=draft.store, key=draft.key)


def finish_notices(ids: Sequence[int]) -> None:
    """Mark notices as taken in; they stay, so that a repeat of their key is known, without what they told."""
    Notice.objects.filter(pk__in=ids).update(due_at=None, error="", envelope=None)


def put_off_notice(notice: Notice, *, error: str, due_at: datetime | None) -> None:
    """Count a failed attempt; with *due_at* None the notice is parked until somebody looks."""
    Notice.objects.filter(pk=notice.pk).update(attempts=notice.attempts + 1, error=error, due_at=due_at)


def _row(draft: EventDraft) -> Event:
    starts_something = draft.contact_id is not None and draft.source != BACKFILL
    return Event(
        contact_id=draft.contact_id,
        site_id=draft.site_id,
        store=draft.store,
        name=draft.name,
        key=draft.key,
        properties=dict(draft.properties),
        source=draft.source,
        occurred_at=draft.occurred_at,
        recorded_at=draft.recorded_at,
        match_due_at=draft.recorded_at if starts_something else None,
    )
