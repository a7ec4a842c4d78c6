"""Puts off the search for reference cycles while a batch is worked on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@cache
def _leave_out_the_site() -> None:
    """Never look again at what this process holds by now, once: the imported site, which lives as long as it does."""
    gc.collect()
    gc.freeze()


@contextmanager
def put_off() -> Iterator[None]:
    """
    Collect no cycles within; also a decorator.

    A batch makes tens of thousands of rows and no cycles, but their number alone would start collections that
    walk every object of the imported site: a fifth of a pass's processor time (tests/benchmarks). What a batch
    leaves is counted, and collected at the next chance after it.
    """
    _leave_out_the_site()
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
