"""The clock of a test: it stops at every moment when something is due, and lets it happen."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta

from django.db import connection

from wagtail_drip import tasks
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, OutsideCall, TriggerCheck
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.messaging.models import Callback, InboundText, Message, Receipt
from wagtail_drip.stores.models import Cart

# Every column that something waits by. Segments are not among them: counted every few minutes for ever, they would
# make a week of hundreds of stops. They are counted wherever else time stops, and where it arrives.
WAITING = (
    (Notice, "due_at"),
    (TriggerCheck, "due_at"),
    (Event, "match_due_at"),
    (Cart, "sweep_due_at"),
    (Enrolment, "due_at"),
    (OutsideCall, "due_at"),
    (Message, "due_at"),
    (Callback, "due_at"),
    (InboundText, "due_at"),
    (Receipt, "due_at"),
)


def run() -> int:
    """Do everything that is due now, and return how many rows that were."""
    return tasks.run_until_idle()


def advance(*, minutes: float = 0, hours: float = 0, days: float = 0, weeks: float = 0) -> None:
    """
    Let time pass, doing everything at the moment it falls due, as workers would have.

    Needs ``WAGTAIL_DRIP["CLOCK_SHIFT"] = True``.
    """
    advance_to(clock.now() + timedelta(minutes=minutes, hours=hours, days=days, weeks=weeks))


def advance_to(moment: datetime) -> None:
    """Let time pass until *moment*, aware; a moment that has passed changes nothing but runs what is due."""
    run()
    while (upcoming := next_due(after=clock.now())) is not None and upcoming <= moment:
        _move_to(upcoming)
        run()
    _move_to(moment)
    run()


def advance_to_noon() -> None:
    """Let time pass until the next weekday's noon in UTC, when every sending window in Europe is open."""
    day = clock.now().date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    advance_to(datetime.combine(day, time(12), tzinfo=UTC))


def next_due(*, after: datetime) -> datetime | None:
    """Return the next moment for which something waits; None if nothing does."""
    # Written here: Django would take longer to write ten questions than the databases take to answer them all.
    asked = " UNION ALL ".join(
        f"SELECT MIN({column}) AS due_at FROM {model._meta.db_table} WHERE {column} > %s"  # noqa: S608 -- our own names
        for model, column in WAITING
    )
    moment = connection.ops.adapt_datetimefield_value(after)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT MIN(due_at) FROM ({asked}) AS waiting", [moment] * len(WAITING))  # noqa: S608
        soonest = cursor.fetchone()[0]
    if isinstance(soonest, str):
        soonest = datetime.fromisoformat(soonest)
    return soonest if soonest is None or soonest.tzinfo else soonest.replace(tzinfo=connection.timezone)


def _move_to(moment: datetime) -> None:
    # The time machine counts whole seconds: rather a little late than not yet due.
    distance = math.ceil((moment - clock.now()).total_seconds())
    if distance > 0:
        clock.shift_by(timedelta(seconds=distance))
