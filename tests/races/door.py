"""Seams that only the test opens, and which databases have them."""

from __future__ import annotations

from concurrent.futures import Future, TimeoutError, wait
from threading import Event
from typing import Any

import pytest
from django.db import connection

# Nothing here takes a second; a race that is lost would otherwise hang for ever.
PATIENCE_SECONDS = 15

needs_row_locks = pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="SQLite has one writer at a time: nobody can commit between this seam and the other's commit",
)


class Door:
    """A seam: who comes to it knocks and waits until the test opens."""

    def __init__(self) -> None:
        self._reached, self._opened = Event(), Event()

    def knock(self) -> None:
        self._reached.set()
        assert self._opened.wait(PATIENCE_SECONDS), "the test never opened the door"

    def await_knock(self) -> None:
        assert self._reached.wait(PATIENCE_SECONDS), "nobody came to the door"

    def open(self) -> None:
        self._opened.set()

    @property
    def has_opened(self) -> bool:
        return self._opened.is_set()


def goes_second(second: Future[Any], *, behind: Future[Any], at: Door) -> None:
    """Show that *second* waits for what is held by *behind*, who stands at the door; then let both finish."""
    with pytest.raises(TimeoutError):
        second.result(0.3)
    at.open()
    wait([behind, second], PATIENCE_SECONDS)
    behind.result()
    second.result()
