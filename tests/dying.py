"""A process that dies by SIGKILL at a named line, as by a power cut, and is found dead by its parent."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

# Who else a server has in this database. SQLite's locks go with the process itself.
_OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
}


def dies_in(work: Callable[[], object]) -> bool:
    """Do *work* in a process of its own, and tell whether it was killed; its locks are gone by then."""
    before = _others()
    connections.close_all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which the tests have none of
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    was_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    _until_noticed(before)
    return was_killed


def _others() -> set[int]:
    query = _OTHERS.get(connection.vendor)
    if query is None:
        return set()
    with connection.temporary_connection() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}


def _until_noticed(before: set[int]) -> None:
    """Wait until the server has undone what the dead one was at: until then, that looks like another worker's."""
    patience = time.monotonic() + 30
    while left := _others() - before:
        assert time.monotonic() < patience, f"the database still holds on to what is dead: {left}"
        time.sleep(0.005)


def kill_at(where: Any, name: str, *, after: int, is_late: bool = True) -> None:
    """Kill this process in the call of *name* after so many, before it does anything or when it has done it."""
    real, left = getattr(where, name), [after]

    def kills(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] < 0 and not is_late:
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*args, **kwargs)
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(where, name, kills)
