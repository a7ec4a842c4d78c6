"""Claims, locks, leases and inserts that ignore repeats: the only place that locks rows.

Loops run at READ COMMITTED. PostgreSQL and MariaDB claim with ``FOR UPDATE SKIP LOCKED``; SQLite has one
writer at a time (``BEGIN IMMEDIATE``), which is lock enough.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Model, QuerySet

from wagtail_drip.core import clock, inserts, keys
from wagtail_drip.core import rows as reading
from wagtail_drip.exceptions import WagtailDripError

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Model)
T = TypeVar("T")

# PostgreSQL: deadlock, serialisation, lock not available. MariaDB: deadlock, lock wait, changed since read.
_RETRYABLE_SQLSTATES = frozenset({"40P01", "40001", "55P03"})
_RETRYABLE_MARIADB = frozenset({1213, 1205, 1020})


class NotInATransaction(WagtailDripError):
    """Rows can be claimed or locked only inside ``transaction.atomic()``."""


def require_transaction() -> None:
    """:raises NotInATransaction: if there is none: a lock would end before anything is done under it."""
    if not connection.in_atomic_block:
        raise NotInATransaction(
            "Claim and lock inside transaction.atomic(); a lock ends with its transaction."
        )


def claim(rows: QuerySet[M], *, limit: int) -> list[M]:
    """
    Return at most *limit* of *rows*, locked for this transaction, skipping what others hold.

    *rows* must carry its own order and no joins. On SQLite the transaction itself is the lock.
    """
    require_transaction()
    return reading.read(_skipping_locked(rows)[:limit])


def lock_in_order(rows: QuerySet[M]) -> list[M]:
    """
    Lock all *rows* exclusively, in primary-key order, waiting for whoever holds one.

    This is the lock that a hand-over and every withdrawal take first (engine: the gate). Read what you
    decide by only after it returns, in statements of their own.
    """
    require_transaction()
    return reading.read(in_order(rows))


def in_order(rows: QuerySet[M]) -> QuerySet[M]:
    """Return the query by which ``lock_in_order`` locks."""
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(no_key=connection.features.has_select_for_no_key_update)
    return rows.order_by("pk")


def free(rows: QuerySet[M]) -> QuerySet[M]:
    """Return the query that locks those of *rows* that nobody else holds; for who must not wait for a lock."""
    return _skipping_locked(rows).order_by("pk")


def _skipping_locked(rows: QuerySet[M]) -> QuerySet[M]:
    if not connection.features.has_select_for_update_skip_locked:
        return rows
    return rows.select_for_update(skip_locked=True, no_key=connection.features.has_select_for_no_key_update)


def insert_new(rows: Sequence[M], *, unique: Sequence[str]) -> None:
    """
    Insert *rows*, ignoring those that are already there by a unique constraint, *unique* above all.

    Nothing else is ignored: a NULL where none may be, or a text too long, still raises, which
    INSERT IGNORE and INSERT OR IGNORE would swallow. Primary keys are not set; select again by key.
    """
    inserts.insert(rows, ignore_repeats=True)


def is_worth_retrying(error: BaseException) -> bool:
    """Tell whether *error* made us a deadlock's victim or timed out on a lock."""
    cause = error.__cause__ or error
    if getattr(cause, "sqlstate", None) in _RETRYABLE_SQLSTATES:
        return True
    first = cause.args[0] if cause.args else None
    if first in _RETRYABLE_MARIADB:
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error)


def retried(work: Callable[[], T], *, times: int = 3) -> T:
    """Run *work* in a transaction of its own; a deadlock's victim rolls back and tries again with jitter."""
    for attempt in range(times + 1):
        try:
            with transaction.atomic():
                return work()
        except DatabaseError as error:
            if attempt == times or not is_worth_retrying(error) or connection.in_atomic_block:
                raise
            logger.info("Retrying after a deadlock or lock time-out (attempt %s).", attempt + 1)
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 -- jitter, not a secret
    raise AssertionError("unreachable")


def chunks(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Yield *items* in order, *size* at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def take_lease(name: str, *, seconds: float, token: str | None = None) -> str | None:
    """
    Take or renew the lease *name* for *seconds* by the database's clock.

    :param token: what an earlier call returned, to renew; None to take it anew.
    :return: the token to renew and release with, or None while somebody else holds it.
    """
    from wagtail_drip.core.models import Lease

    present = clock.lease_now()
    mine = token or keys.new_token()
    until = present + timedelta(seconds=seconds)
    held = Lease.objects.filter(name=name)
    if token:
        if held.filter(token=token).update(until=until):
            return token
        return None
    if held.filter(until__lte=present).update(token=mine, until=until):
        return mine
    insert_new([Lease(name=name, token=mine, until=until)], unique=["name"])
    return mine if held.filter(token=mine).exists() else None


def release_lease(name: str, token: str) -> None:
    """Give a lease back, if it is still ours."""
    from wagtail_drip.core.models import Lease

    Lease.objects.filter(name=name, token=token).update(until=clock.lease_now(), token="")


def holds_lease(name: str, token: str) -> bool:
    from wagtail_drip.core.models import Lease

    return Lease.objects.filter(name=name, token=token, until__gt=clock.lease_now()).exists()


def batch_limit(wanted: int) -> int:
    """Return *wanted*, or what SQLite may take while every other writer waits."""
    from wagtail_drip.conf import settings

    return min(wanted, settings.SQLITE_BATCH) if connection.vendor == "sqlite" else wanted


def ids(rows: Iterable[Model]) -> Collection[int]:
    return [row.pk for row in rows]
