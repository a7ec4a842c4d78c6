"""The shell that moves people on: claim, gather, walk, carry out, record, commit. One screen.

No lease: one transaction claims and finishes, so a killed worker's batch is as if it had never begun.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock
from wagtail_drip.enrolments import gather, passes, querysets
from wagtail_drip.enrolments.advanced import Advanced
from wagtail_drip.enrolments.carry_out import carry_out
from wagtail_drip.enrolments.effects import Decision
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.record import record
from wagtail_drip.enrolments.steps.base import Position
from wagtail_drip.enrolments.walk import Visited, Walked, walk
from wagtail_drip.sequences import querysets as sequences

logger = logging.getLogger(__name__)


def run_due(*, now: datetime | None = None, limit: int | None = None, slot: str = "advance") -> int:
    """
    Move on who is due, one batch of them, and return how many were.

    :param slot: under which name this worker notes its passes (see ``passes``).
    """
    now = now or clock.now()
    rows = querysets.due(now)
    if not rows.exists():
        return 0
    most = claims.batch_limit(limit or settings.ADVANCE_BATCH)
    with passes.sized(slot, most=most) as size:
        if size == 1:
            passes.fail_if_it_kills(rows, now=now)
        return _advance(rows, size=size, now=now)


def _advance(rows: QuerySet[Enrolment], *, size: int, now: datetime) -> int:
    """Advance one batch in one transaction; if it cannot be written, halve it until the bad row is alone."""
    claimed: list[int] = []

    def work() -> None:
        enrolments = claims.claim(rows, limit=size)
        claimed[:] = [enrolment.pk for enrolment in enrolments]
        batch = walk_all(enrolments, now=now)
        carry_out(batch, now=now)
        record(batch, now=now)

    try:
        claims.retried(work)
    except Exception as error:
        if claims.is_worth_retrying(error):
            raise  # Nothing is wrong with the rows: somebody held what we wanted for too long.
        if len(claimed) == 1:
            logger.exception("Enrolment %s could not be written down; it has failed.", claimed[0])
            trace = _trace(error)
            claims.retried(lambda: passes.fail(claimed[0], trace, now=now))
        elif claimed:
            middle = len(claimed) // 2
            for half in (claimed[:middle], claimed[middle:]):
                _advance(rows.filter(pk__in=half), size=len(half), now=now)
        else:
            raise
    return len(claimed)


def walk_all(enrolments: Sequence[Enrolment], *, now: datetime) -> list[Advanced]:
    """Walk each; one that raises fails with its trace, and its neighbours go on."""
    flows = sequences.flows({enrolment.version_id for enrolment in enrolments})
    facts = gather.facts_for(enrolments, flows)
    batch = []
    for enrolment in enrolments:
        position = position_of(enrolment)
        try:
            flow, known = flows[enrolment.version_id], facts[enrolment.pk]
            walked = walk(flow, position, known, now)
            batch.append(Advanced(enrolment=enrolment, flow=flow, facts=known, walked=walked))
        except Exception as error:
            logger.exception("Enrolment %s failed at step %s.", enrolment.pk, enrolment.step_id)
            batch.append(Advanced(enrolment=enrolment, walked=_failed(position, error, now)))
    return batch


def position_of(enrolment: Enrolment) -> Position:
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
        position=position, state="failed", exit_reason="error", visits=(visited,), error=_trace(error)
    )


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]
