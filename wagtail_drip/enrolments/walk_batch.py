"""Gathers the facts of a batch and walks each; one that raises fails with its trace, and its neighbours go on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError

from wagtail_drip.enrolments import gather
from wagtail_drip.enrolments.advanced import Advanced, Moving
from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.steps.base import Position
from wagtail_drip.enrolments.walk import Visited, Walked, walk
from wagtail_drip.sequences import querysets as sequences

logger = logging.getLogger(__name__)


def walk_batch(enrolments: Sequence[Moving], *, now: datetime) -> list[Advanced]:
    """Walk each; one that raises fails with its trace, and its neighbours go on."""
    flows = sequences.flows({enrolment.version_id for enrolment in enrolments})
    facts = gather.facts_for(enrolments, flows, now=now)
    batch = []
    for enrolment in enrolments:
        position = position_of(enrolment)
        try:
            flow, known = flows[enrolment.version_id], facts[enrolment.pk]
            walked = walk(flow, position, known, now, skips=enrolment.skips.split())
            batch.append(Advanced(enrolment=enrolment, flow=flow, facts=known, walked=walked))
        except Exception as error:  # noqa: BLE001 -- a step's mistake, whatever it is, is its own enrolment's end
            logger.error(
                "Enrolment %s failed at step %s.\n%s", enrolment.pk, enrolment.step_id, trace_of(error)
            )
            batch.append(Advanced(enrolment=enrolment, walked=_failed(position, error, now)))
    return batch


def position_of(enrolment: Moving) -> Position:
    return Position(
        step_id=enrolment.step_id,
        visit=enrolment.visit,
        entered_at=enrolment.entered_step_at,
        memory=enrolment.memory,
    )


def _failed(position: Position, error: Exception, now: datetime) -> Walked:
    why = Decision(
        step=position.step_id, rule={"name": "error"}, value=type(error).__name__, outcome="failed"
    )
    visited = Visited(
        visit=position.visit if position.entered_at else position.visit + 1,
        step_id=position.step_id,
        kind="",
        entered_at=position.entered_at or now,
        left_at=now,
        decisions=(why,),
        is_new=position.entered_at is None,
    )
    return Walked(
        position=position, state="failed", exit_reason="error", visits=(visited,), error=trace_of(error)
    )


def trace_of(error: BaseException) -> str:
    """Return where *error* came from and what it is; a database's own words quote the row, and are left out."""
    frames = "".join(traceback.format_tb(error.__traceback__))[-4000:]
    words = "" if isinstance(error, DatabaseError) else f": {error}"
    return f"{frames}{type(error).__qualname__}{words}"
