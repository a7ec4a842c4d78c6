"""(h) For how long a batch keeps every other writer of an SQLite database waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size, share
from tests.benchmarks.throughput import drain


def measure(size: Size) -> Iterator[Row]:
    people = size.of(20_000, 2_000)
    with planting.database():
        site_id = planting.open_shop()
        contact_ids = planting.people(people, site_id=site_id)
        planting.enrol(contact_ids, site_id=site_id, into=planting.sequence())
        planting.warm_up()
        held: list[float] = []
        with _watched(held):
            drain()
    target = "p99 under 20 ms, aim 8 ms"
    yield Row("write lock held by one transaction, p50", share(held, 50) * 1e3, "ms")
    yield Row("write lock held by one transaction, p99", share(held, 99) * 1e3, "ms", target)
    yield Row("the longest", max(held) * 1e3, "ms")
    yield Row("transactions", len(held), "")


def _watched(held: list[float]) -> Any:
    """Note how long each transaction lasts: BEGIN IMMEDIATE takes the lock, COMMIT gives it back."""
    from django.db.backends.sqlite3.base import DatabaseWrapper

    begin, end = DatabaseWrapper._start_transaction_under_autocommit, DatabaseWrapper._commit
    began: list[float] = []

    def start(self: Any) -> None:
        begin(self)
        began[:] = [time.perf_counter()]

    def commit(self: Any) -> None:
        end(self)
        if began:
            held.append(time.perf_counter() - began.pop())

    return mock.patch.multiple(DatabaseWrapper, _start_transaction_under_autocommit=start, _commit=commit)
