"""
Changing the state of messages that a worker holds: one UPDATE, fenced by the worker's token.

A worker whose lease ran out finds that the row carries another's token, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wagtail_drip.core import states
from wagtail_drip.messaging import rowwise, tallies
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import TRANSITIONS, MessageState
from wagtail_drip.messaging.types import Claimed


def move(
    messages: Sequence[Claimed],
    *,
    token: str,
    before: MessageState,
    after: MessageState,
    now: datetime,
    per_row: Mapping[str, Sequence[Any]] | None = None,
    segments: Sequence[int] | None = None,
    **changes: Any,
) -> list[Claimed]:
    """
    Move those of *messages* that still are *before* and ours to *after*, and append their tallies.

    Call it in a transaction. The token stays in the row, so that we can tell which ones were ours. Messages that are
    *before* scheduled have none: this transaction has locked them, and they get it now.

    :param per_row: columns whose values differ, each with one value per message.
    :param segments: what the tallies count, where it is not yet in the message.
    :return: those that moved.
    :raises ForbiddenTransition: if the table knows no such way.
    """
    if not messages:
        return []
    if not states.is_allowed(TRANSITIONS, before, after):
        raise states.ForbiddenTransition(f"A message may not go from {before} to {after}.")
    changed = {"state": str(after), **changes}
    only = {"state": str(before)}
    if before is MessageState.SCHEDULED:
        changed["lease_token"] = token
    else:
        only["lease_token"] = token
    ids = [message.id for message in messages]
    written = rowwise.update(Message, ids, same=changed, per_row=per_row, only=only)
    moved = list(messages)
    if written != len(ids):
        ours = set(
            Message.objects.filter(pk__in=ids, lease_token=token, state=after).values_list("pk", flat=True)
        )
        moved = [message for message in messages if message.id in ours]
    sizes = dict(zip(ids, segments, strict=True)) if segments else {}
    tallies.append(
        tallies.Change(
            message.site_id,
            message.sequence_id,
            message.step_id,
            before,
            after,
            message.handed_over_at or now,
            sizes.get(message.id, message.segments),
        )
        for message in moved
    )
    return moved
