"""A process that dies by SIGKILL at a named line, as by a power cut, and is found dead by its parent."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable
from typing import Any

from django.db import connections


def dies_in(work: Callable[[], object]) -> bool:
    """Do *work* in a process of its own, and tell whether it was killed."""
    connections.close_all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which the tests have none of
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


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
