"""What a benchmark says: one row a measure."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


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
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def share(values: Sequence[float], percent: float) -> float:
    """Return the value below which *percent* of *values* lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
