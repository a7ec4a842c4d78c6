"""What django-q2 runs: the one-minute tick and the drains. And one pass, which everything else loops over.

Correctness never depends on django-q2. Its tasks carry no ids: all state is in tables, so a task that is
lost, late or run twice changes nothing but the moment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, close_old_connections, connection

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock, databases, keys, traces
from wagtail_drip.core.models import Lease
from wagtail_drip.stages import STAGES

logger = logging.getLogger(__name__)

TICK = "tick"
TICK_SCHEDULE = "wagtail_drip tick"
POLL_SECONDS = 1.0
DRAIN_SECONDS = 90.0
FOREGROUND_SECONDS = 120.0
ALONE_SECONDS = 20.0  # with one worker the site's own tasks wait for us to return
SQLITE_WRITER = "sqlite:writer"
PATIENCE_SECONDS = 10.0
MAX_PASSES = 10_000

# On SQLite one process at a time does these: its transactions keep every other writer waiting.
# Until then others wait for one that was killed: a batch is short, a gateway may take its time.
ONE_AT_A_TIME = {"advance": 10, "send": 60}


def one_pass(*, now: datetime | None = None, slot: str = "0") -> int:
    """
    Do a batch of everything that is due, in order, and return how many rows that were; 0 when idle.

    A stage that fails is logged and does not stop the others.
    """
    if not settings.ENABLED:
        return 0
    done = 0
    for name, stage in STAGES.items():
        present = now or clock.now()
        try:
            if name in ONE_AT_A_TIME:
                with _alone(name, present) as is_ours:
                    done += stage(present, slot) if is_ours else 0
            else:
                done += stage(present, slot)
        except Exception as error:  # noqa: BLE001 -- a stage stops no other
            logger.error("The stage %s failed; the pass goes on.\n%s", name, traces.trace_of(error))
            _hang_up_if_cut_off()
    return done


def _hang_up_if_cut_off() -> None:
    """Close a connection whose other end has gone, so that the next statement opens a new one."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


@contextmanager
def _alone(name: str, now: datetime) -> Iterator[bool]:
    """Yield whether this process may do a stage that only one may do on SQLite."""
    from wagtail_drip.enrolments import querysets as enrolments
    from wagtail_drip.messaging.models import Message

    if connection.vendor != "sqlite":
        yield True
        return
    due = {"advance": enrolments.due(now), "send": Message.objects.filter(due_at__lte=now)}[name]
    if not due.exists():
        yield False
        return
    token = _waited_for_lease(seconds=ONE_AT_A_TIME[name])
    if token is None:
        yield False
        return
    try:
        yield True
    finally:
        claims.release_lease(SQLITE_WRITER, token)


def _waited_for_lease(*, seconds: float) -> str | None:
    """Take the right to write on SQLite; whoever has it gives it back after a batch, so it is worth waiting for."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        token = claims.take_lease(SQLITE_WRITER, seconds=seconds)
        if token is not None or time.monotonic() > give_up_at:
            return token
        time.sleep(0.05)


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


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The right to drain under a number; whoever took it last has it."""

    name: str
    token: str


def tick() -> None:
    """Enqueue the drains of the next minute; of several ticks at once only one does."""
    from django_q.tasks import async_task

    token = claims.take_lease(TICK, seconds=30)
    if token is None:
        return
    note_alive()
    watch()
    if not settings.ENABLED:
        return
    clusters, workers = clusters_and_workers()
    for slot in range(1, number_of_drains(workers=workers, clusters=clusters) + 1):
        async_task(
            "wagtail_drip.tasks.drain",
            slot,
            q_options={"save": False, "task_name": f"wagtail_drip drain {slot}"},
        )


def watch() -> None:
    """Look after ourselves, once a minute whoever ticks: what waits too long, who is silent, what fails."""
    if claims.take_lease("watch", seconds=50) is None:
        return
    for name, look in WATCHES.items():
        try:
            look(clock.now())
        except Exception as error:  # noqa: BLE001 -- one that fails stops neither the others nor the work
            logger.error("The watch %s failed.\n%s", name, traces.trace_of(error))


def _watchdog(now: datetime) -> None:
    """Log what has waited too long; the admin and ``drip_check`` show it as well."""
    from wagtail_drip.reports import watchdog

    for name, number in watchdog.ask(watchdog.each_tick(), now=now).items():
        logger.warning("The watchdog found %s %s.", number, name)


def _overdue_receipts(now: datetime) -> None:
    from wagtail_drip.messaging import overdue

    overdue.doubt_due(now=now)


def _sequences(now: datetime) -> None:
    from wagtail_drip.reports import health

    health.look_after(now=now)


def _alarms(now: datetime) -> None:
    from wagtail_drip.reports import alarms

    alarms.look(now=now)


def _old_moves(now: datetime) -> None:
    from wagtail_drip.enrolments import forgetting

    forgetting.forget_moves(now=now)


def _old_imports(now: datetime) -> None:
    from wagtail_drip.privacy import import_actions

    import_actions.sweep(now=now)


def _old_data(now: datetime) -> None:
    from wagtail_drip.privacy import retention

    retention.forget_daily(now=now)


WATCHES: dict[str, Callable[[datetime], None]] = {
    "watchdog": _watchdog,
    "overdue receipts": _overdue_receipts,
    "sequences": _sequences,
    "alarms": _alarms,
    "old moves": _old_moves,
    "old imports": _old_imports,
    "old data": _old_data,
}


def note_alive() -> None:
    """Note that somebody works, for the health check: each tick, and workers in the foreground meanwhile."""
    present = clock.lease_now()
    if not Lease.objects.filter(name=TICK).update(started_at=present):
        claims.insert_new([Lease(name=TICK, until=present, started_at=present)], unique=["name"])


def number_of_drains(*, workers: int, clusters: int = 1) -> int:
    """Return how many drains run side by side: of each cluster one worker stays free for the site's own tasks."""
    return max(1, min(settings.DRAINS, workers - clusters))


def clusters_and_workers() -> tuple[int, int]:
    """
    Return how many clusters of our name run, on all hosts, and how many workers they have together.

    They tell each other through a Redis broker, or a cache that processes share; else we know of our own alone.
    """
    from django_q.conf import Conf
    from django_q.status import Stat

    try:
        running = [len(stat.workers) for stat in Stat.get_all() if stat.workers]
    except Exception as error:  # noqa: BLE001 -- each broker and cache has errors of its own
        logger.warning("The other clusters could not be counted.\n%s", traces.trace_of(error))
        running = []
    return (len(running), sum(running)) if sum(running) > Conf.WORKERS else (1, Conf.WORKERS)


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
    return loop(seize(slot, seconds=seconds), seconds=seconds)


def loop(slot: Slot, *, seconds: float | None, should_stop: Callable[[], bool] = lambda: False) -> int:
    """
    Pass after pass in a slot that is ours, polling once a second, until somebody takes it from us.

    :param seconds: how long at the most; None for ever.
    :param should_stop: asked between passes.
    :return: how many rows were done.
    """
    databases.refuse_unless_safe()
    if seconds is None:
        note_alive()
        watch()
    began = time.monotonic()
    total = 0
    while not should_stop() and (seconds is None or time.monotonic() - began < seconds):
        done = one_pass(slot=slot.name)
        total += done
        try:
            is_ours = _keep(slot, seconds=seconds)
        except Error as error:
            # The database restarts, or cannot be reached: it is asked again, as long as this loop may run.
            logger.error("The slot %s could not be looked up.\n%s", slot.name, traces.trace_of(error))
            _hang_up_if_cut_off()
            is_ours, done = True, 0
        if not is_ours:
            return total
        if not done:
            close_old_connections()
            time.sleep(POLL_SECONDS)
    leave(slot)
    return total


def seize(number: int, *, seconds: float) -> Slot:
    """Make the numbered slot ours, whoever has it: the newer drain goes on, and the older one ends."""
    slot = Slot(name=f"drain:{number}", token=keys.new_token())
    until = clock.lease_now() + timedelta(seconds=seconds)
    rows = Lease.objects.filter(name=slot.name)
    if not rows.update(token=slot.token, until=until):
        claims.insert_new([Lease(name=slot.name, until=until)], unique=["name"])
        rows.update(token=slot.token, until=until)
    return slot


def seize_free_slot() -> Slot:
    """Take the lowest number above the drains' that nobody holds: for workers in the foreground."""
    number = settings.DRAINS
    while True:
        number += 1
        name = f"drain:{number}"
        token = claims.take_lease(name, seconds=FOREGROUND_SECONDS)
        if token is not None:
            return Slot(name=name, token=token)


def leave(slot: Slot) -> None:
    claims.release_lease(slot.name, slot.token)


def _keep(slot: Slot, *, seconds: float | None) -> bool:
    """Tell whether the slot is still ours; one without an end is renewed when half of its lease is over."""
    row = Lease.objects.filter(name=slot.name, token=slot.token).first()
    if row is None:
        return False
    if seconds is None and row.until - clock.lease_now() < timedelta(seconds=FOREGROUND_SECONDS / 2):
        note_alive()
        watch()
        return claims.take_lease(slot.name, seconds=FOREGROUND_SECONDS, token=slot.token) is not None
    return True


def make_schedule_after_migrate(**_: Any) -> None:
    """Make the tick's schedule, once: hear ``post_migrate``."""
    from django_q.conf import Conf
    from django_q.models import Schedule

    tables = set(connection.introspection.table_names())
    if not {Schedule._meta.db_table, Lease._meta.db_table} <= tables:
        return
    if Schedule.objects.filter(name=TICK_SCHEDULE).exists():
        return
    # Schedule.name is not unique: under a lease two migrating hosts cannot make two.
    token = claims.take_lease("schedule", seconds=60)
    if token is None:
        return
    Schedule.objects.get_or_create(
        name=TICK_SCHEDULE,
        defaults={
            "func": "wagtail_drip.tasks.tick",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
            "repeats": -1,
            "cluster": Conf.CLUSTER_NAME,
        },
    )
    claims.release_lease("schedule", token)
