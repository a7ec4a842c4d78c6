"""What django-q2 runs: the one-minute tick and the drains. And one pass, which everything else loops over.

Correctness never depends on django-q2. Its tasks carry no ids: all state is in tables, so a task that is
lost, late or run twice changes nothing but the moment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import close_old_connections, connection

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock, databases
from wagtail_drip.core.models import Lease

logger = logging.getLogger(__name__)

TICK = "tick"
SCHEDULE = "wagtail_drip tick"
POLL_SECONDS = 1.0
DRAIN_SECONDS = 90.0
ALONE_SECONDS = 20.0  # with one worker the site's own tasks wait for us to return
SQLITE_WRITER = "sqlite:writer"
MAX_PASSES = 10_000

Stage = Callable[[datetime], int]


def stages(slot: str) -> list[tuple[str, Stage]]:
    """Return what one pass does, in its order."""
    # Imported when a pass runs: every web process imports this file for the schedule, and few make a pass.
    from wagtail_drip.enrolments import match_events, run_due, upgrade
    from wagtail_drip.inbox import receive
    from wagtail_drip.messaging import read_callbacks, recovery, send_due
    from wagtail_drip.reports import rollup
    from wagtail_drip.stores import abandonment, intake

    return [
        ("callbacks", lambda now: read_callbacks.read_due(now=now)),
        ("inbox", lambda now: receive.receive_due(now=now)),
        ("notices", lambda now: intake.take_in_due(now=now)),
        ("carts", lambda now: abandonment.sweep_due(now=now)),
        ("match", lambda now: match_events.match_due(now=now)),
        ("moves", lambda now: upgrade.park_due(now=now)),
        ("advance", lambda now: run_due.run_due(now=now, slot=f"advance:{slot}")),
        ("send", lambda now: send_due.send_due(now=now)),
        ("recovery", lambda now: recovery.recover_due(now=now)),
        ("rollups", lambda now: rollup.fold_due(now=now)),
    ]


# On SQLite one process at a time does these: its transactions keep every other writer waiting.
ONE_AT_A_TIME = frozenset({"advance", "send"})


def one_pass(*, now: datetime | None = None, slot: str = "0") -> int:
    """
    Do a batch of everything that is due, in order, and return how many rows that were; 0 when idle.

    A stage that fails is logged and does not stop the others.
    """
    if not settings.ENABLED:
        return 0
    done = 0
    for name, stage in stages(slot):
        present = now or clock.now()
        try:
            if name in ONE_AT_A_TIME:
                with _alone(name, present) as is_ours:
                    done += stage(present) if is_ours else 0
            else:
                done += stage(present)
        except Exception:
            logger.exception("The stage %s failed; the pass goes on.", name)
    return done


@contextmanager
def _alone(name: str, now: datetime) -> Iterator[bool]:
    """Yield whether this process may do a stage that only one may do on SQLite."""
    from wagtail_drip.enrolments import querysets as enrolments
    from wagtail_drip.messaging.models import Message

    if connection.vendor != "sqlite":
        yield True
        return
    due = {"advance": enrolments.due(now), "send": Message.objects.filter(due_at__lte=now)}[name]
    token = claims.take_lease(SQLITE_WRITER, seconds=60) if due.exists() else None
    if token is None:
        yield False
        return
    try:
        yield True
    finally:
        claims.release_lease(SQLITE_WRITER, token)


def run_until_idle(*, now: datetime | None = None, slot: str = "0") -> int:
    """Pass after pass until nothing is due; return how many rows were done."""
    total = 0
    for _ in range(MAX_PASSES):
        done = one_pass(now=now, slot=slot)
        total += done
        if not done:
            return total
    logger.warning("Still not idle after %s passes; going on at the next call.", MAX_PASSES)
    return total


def tick() -> None:
    """Enqueue the drains of the next minute; of several ticks at once only one does."""
    from django_q.conf import Conf
    from django_q.tasks import async_task

    token = claims.take_lease(TICK, seconds=30)
    if token is None:
        return
    Lease.objects.filter(name=TICK).update(started_at=clock.lease_now())
    if not settings.ENABLED:
        return
    for slot in range(1, number_of_drains(workers=Conf.WORKERS) + 1):
        async_task(
            "wagtail_drip.tasks.drain",
            slot,
            q_options={"save": False, "task_name": f"wagtail_drip drain {slot}"},
        )


def number_of_drains(*, workers: int) -> int:
    """Return how many drains run side by side: one worker stays free for the site's own tasks where it can."""
    return max(1, min(settings.DRAINS, workers - 1))


def drain_seconds(*, workers: int, timeout: float | None, retry: float | None) -> float:
    """Return how long a drain may take before django-q2 would kill it, or run it again."""
    if workers <= 1:
        return ALONE_SECONDS
    bounds = [DRAIN_SECONDS, *(bound - 10 for bound in (timeout, retry) if bound)]
    return max(1.0, min(bounds))


def drain(slot: int) -> int:
    """Loop over passes in the numbered slot until the next tick's drain takes it, or the time is over."""
    from django_q.conf import Conf

    seconds = drain_seconds(workers=Conf.WORKERS, timeout=Conf.TIMEOUT, retry=Conf.RETRY)
    return loop(f"drain:{slot}", seconds=seconds)


def loop(name: str, *, seconds: float | None) -> int:
    """
    Take the slot *name*, from whoever has it, and drain until somebody takes it from us.

    :param seconds: how long at the most; None for ever.
    :return: how many rows were done.
    """
    databases.refuse_unless_safe()
    token = seize(name, seconds=seconds)
    began = time.monotonic()
    total = 0
    while seconds is None or time.monotonic() - began < seconds:
        done = one_pass(slot=name)
        total += done
        if not _still_ours(name, token):
            return total
        if not done:
            time.sleep(POLL_SECONDS)
            close_old_connections()
    claims.release_lease(name, token)
    return total


def seize(name: str, *, seconds: float | None) -> str:
    """Make the slot ours, whoever has it: the newer drain goes on and the older ends."""
    from wagtail_drip.core import keys

    present = clock.lease_now()
    token = keys.new_token()
    until = present + timedelta(seconds=(seconds or DRAIN_SECONDS) + 30)
    slots = Lease.objects.filter(name=name)
    if not slots.update(token=token, until=until):
        claims.insert_new([Lease(name=name, token=token, until=until)], unique=["name"])
        slots.update(token=token, until=until)
    return token


def _still_ours(name: str, token: str) -> bool:
    return Lease.objects.filter(name=name, token=token).exists()


def tick_age() -> timedelta | None:
    """Return how long ago the last tick ran, by the database's clock; None if none ever did."""
    last = Lease.objects.filter(name=TICK).values_list("started_at", flat=True).first()
    return clock.lease_now() - last if last else None


def make_schedule_after_migrate(**_: Any) -> None:
    """Make the tick's schedule, once: hear ``post_migrate``."""
    from django_q.conf import Conf
    from django_q.models import Schedule

    tables = set(connection.introspection.table_names())
    if not {Schedule._meta.db_table, Lease._meta.db_table} <= tables:
        return
    if Schedule.objects.filter(name=SCHEDULE).exists():
        return
    # Schedule.name is not unique: under a lease two migrating hosts cannot make two.
    token = claims.take_lease("schedule", seconds=60)
    if token is None:
        return
    Schedule.objects.get_or_create(
        name=SCHEDULE,
        defaults={
            "func": "wagtail_drip.tasks.tick",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
            "repeats": -1,
            "cluster": Conf.CLUSTER_NAME,
        },
    )
    claims.release_lease("schedule", token)
