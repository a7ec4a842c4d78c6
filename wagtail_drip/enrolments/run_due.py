"""The shell that moves people on: claim, gather, walk, carry out, record, commit. One screen.

No lease: one transaction claims and finishes, so a killed worker's batch is as if it had never begun.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock, garbage
from wagtail_drip.enrolments import elsewhere, passes, querysets
from wagtail_drip.enrolments.advanced import Moving
from wagtail_drip.enrolments.carry_out import carry_out
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.record import record
from wagtail_drip.enrolments.walk_batch import trace_of, walk_batch

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


@garbage.put_off()
def _advance(rows: QuerySet[Enrolment], *, size: int, now: datetime) -> int:
    """Advance one batch in one transaction; if it cannot be written, halve it until the bad row is alone."""
    claimed: list[int] = []

    def work() -> None:
        held: Any = rows.values_list(*Moving._fields)
        enrolments = [Moving._make(row) for row in claims.claim(held, limit=size)]
        claimed[:] = [enrolment.pk for enrolment in enrolments]
        batch = walk_batch(enrolments, now=now)
        others = elsewhere.hold(batch)
        carry_out(batch, now=now)
        record(elsewhere.enter(batch, others, now=now), now=now)
        elsewhere.leave(others, now=now)

    try:
        claims.retried(work)
    except Exception as error:
        if isinstance(error, OperationalError | InterfaceError):
            raise  # Nothing is wrong with the rows: a lock was held for too long, or the database went away.
        if len(claimed) == 1:
            trace = trace_of(error)
            logger.error("Enrolment %s could not be written down; it has failed.\n%s", claimed[0], trace)
            claims.retried(lambda: passes.fail(claimed[0], trace, now=now))
        elif claimed:
            middle = len(claimed) // 2
            for half in (claimed[:middle], claimed[middle:]):
                _advance(rows.filter(pk__in=half), size=len(half), now=now)
        else:
            raise
    return len(claimed)
