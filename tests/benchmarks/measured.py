"""What a benchmark says: one row a measure."""

from __future__ import annotations

import json
import os
import resource
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

MEGABYTE = 1024 * 1024


class Row(NamedTuple):
    """
    :ivar value: rounded where it is printed.
    :ivar target: what engine.md §7 asks, in words.
    """

    what: str
    value: float
    unit: str
    target: str = ""


class Size(NamedTuple):
    """How much work to do: as the targets are meant, or in a minute or two to see that everything runs."""

    is_quick: bool

    def of(self, whole: int, quick: int) -> int:
        return quick if self.is_quick else whole


class Spent(NamedTuple):
    """
    :ivar own: microseconds of this process's processor time.
    :ivar server: of the database server's for our connection; 0 where that cannot be read.
    """

    wall: float
    own: float
    server: float


def spend(work: Callable[[], Any]) -> Spent:
    """Do *work* and return what it took, in microseconds."""
    wall, own, server = time.perf_counter(), time.process_time(), server_seconds()
    work()
    return Spent(
        (time.perf_counter() - wall) * 1e6,
        (time.process_time() - own) * 1e6,
        (server_seconds() - server) * 1e6,
    )


def server_seconds() -> float:
    """Return the processor time of PostgreSQL's process for our connection, if it runs on this machine."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    try:
        with open(f"/proc/{connection.connection.info.backend_pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes() -> int:
    """Return the memory that this process holds now."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # no Linux: the most that it ever held
        return most_bytes()


def most_bytes() -> int:
    """Return the most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def apart(work: Callable[[], Sequence[Row]]) -> list[Row]:
    """Do *work* in a child of this process, so that the most memory is its own, and return what it measured."""
    from django.db import connections

    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            found = work()
            with os.fdopen(writing, "w") as pipe:
                json.dump(found, pipe)
            status = 0
        except Exception:  # noqa: BLE001 -- it must reach the waiting parent, whatever it is
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("What was measured failed; its own words stand above.")
    return [Row(*row) for row in json.loads(text)]


@contextmanager
def watched(held: list[float]) -> Iterator[None]:
    """
    Note in *held* how many seconds each transaction lasts, from its beginning to the end of its commit.

    For so long SQLite keeps every other writer waiting: BEGIN IMMEDIATE takes its lock, COMMIT gives it back. What
    COMMIT does then, copying the log into the file, keeps nobody waiting: it is done here by itself and not counted.
    """
    from django.db.backends.base.base import BaseDatabaseWrapper as Kind

    begin, end = Kind.set_autocommit, Kind._commit
    began: list[float] = []

    def start(self: Any, autocommit: bool, *args: Any, **options: Any) -> None:
        if not autocommit and self.vendor == "sqlite":
            self.connection.execute("PRAGMA wal_autocheckpoint = 0")
        begin(self, autocommit, *args, **options)
        began[:] = [] if autocommit else [time.perf_counter()]

    def commit(self: Any) -> None:
        end(self)
        if began:
            held.append(time.perf_counter() - began.pop())
            if self.vendor == "sqlite":
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    with mock.patch.multiple(Kind, set_autocommit=start, _commit=commit):
        yield


def share(values: Sequence[float], percent: float) -> float:
    """Return the value below which *percent* of *values* lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
