"""What stands between our receivers and the sale: nothing that fails in here reaches the shop."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from wagtail_drip import conf

logger = logging.getLogger(__name__)

_QUIET_SECONDS = 60.0
_logged: dict[tuple[str, str], float] = {}
_lock = threading.Lock()


def harmless(receiver: Callable[..., None]) -> Callable[..., None]:
    """
    Make *receiver* safe to hang on another package's signal.

    It does nothing while ``ENABLED`` is False or a fixture is loading (``raw=True``), and never raises: what
    goes wrong is logged, once a minute per cause. Database errors must be contained by a savepoint as well,
    which ``events.actions.write_notice`` does.
    """

    @functools.wraps(receiver)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            if not kwargs.get("raw") and conf.settings.ENABLED:
                receiver(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 -- a sale is never harmed (design: promise 3)
            log_once_a_minute(receiver.__qualname__, error)

    return guarded


def log_once_a_minute(where: str, error: Exception) -> None:
    """Log that *where* failed, unless the same cause was logged within the last minute."""
    cause = (where, type(error).__qualname__)
    present = time.monotonic()
    with _lock:
        if present - _logged.get(cause, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return
        _logged[cause] = present
    # The error's own words may hold a number or a query: its kind and the place must do.
    logger.error("%s failed with %s; the shop was not disturbed.", where, type(error).__qualname__)
