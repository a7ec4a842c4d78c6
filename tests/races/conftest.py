"""Two connections, and doors at named seams that only the test opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued

__all__ = ["_empty_gateway", "customer", "open_site", "queued"]


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Future[Any]]]:
    """Run something in a thread, which has a database connection of its own, and return its future."""
    with ThreadPoolExecutor(max_workers=4) as pool:

        def run(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
            def and_hang_up() -> Any:
                try:
                    return work(*args, **kwargs)
                finally:
                    connections.close_all()

            return pool.submit(and_hang_up)

        yield run
