"""Where a worker can be killed, by name: before or after one function of the flow, the n-th time it comes by.

The worker kills itself with SIGKILL at the very line, which nothing can catch: no transaction is ended, no
``finally`` runs, no socket is closed politely.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Seam(NamedTuple):
    module: str
    function: str
    is_after: bool
    pause_seconds: float = 0.0
    # Whether messages may be on their way when it strikes: those alone can become unknown.
    posts: bool = False


SEAMS = {
    "intake": Seam("wagtail_drip.events.actions", "finish_notices", is_after=True),
    "match": Seam("wagtail_drip.enrolments.match_events", "match", is_after=True),
    "advance": Seam("wagtail_drip.enrolments.run_due", "record", is_after=True),
    "advance_half_written": Seam("wagtail_drip.enrolments.run_due", "carry_out", is_after=True),
    "after_claim": Seam("wagtail_drip.messaging.claiming", "hold", is_after=True),
    "before_handover_commit": Seam("wagtail_drip.messaging.ledger", "record", is_after=True),
    "after_handover_commit": Seam("wagtail_drip.messaging.gate", "hand_over", is_after=True, posts=True),
    "after_straight_commit": Seam("wagtail_drip.messaging.straight", "attempt", is_after=True, posts=True),
    "mid_post": Seam(
        "urllib3.connection", "HTTPConnection.getresponse", is_after=False, pause_seconds=0.02, posts=True
    ),
    "after_post": Seam("wagtail_drip.gateways.http", "HttpGateway.send", is_after=True, posts=True),
    "before_outcome_commit": Seam("wagtail_drip.messaging.outcomes", "_write", is_after=True, posts=True),
    "receipts": Seam("wagtail_drip.messaging.receipts", "keep", is_after=True),
}


def arm(name: str, *, nth: int) -> None:
    """Make this process end by SIGKILL the *nth* time that it comes to the seam *name*."""
    seam = SEAMS[name]
    holder: Any = importlib.import_module(seam.module)
    *path, function = seam.function.split(".")
    for part in path:
        holder = getattr(holder, part)
    original: Callable[..., Any] = getattr(holder, function)
    counted, lock = 0, threading.Lock()

    def strike() -> None:
        nonlocal counted
        with lock:
            counted += 1
            if counted < nth:
                return
        time.sleep(seam.pause_seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    def and_die(*args: Any, **kwargs: Any) -> Any:
        if not seam.is_after:
            strike()
        done = original(*args, **kwargs)
        if seam.is_after and done != []:  # nothing was there to do
            strike()
        return done

    setattr(holder, function, and_die)
