"""(h) For how long a batch keeps every other writer of an SQLite database waiting."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size, share, watched
from tests.benchmarks.throughput import drain


def measure(size: Size) -> Iterator[Row]:
    people = size.of(20_000, 2_000)
    with planting.database():
        site_id = planting.open_shop()
        contact_ids = planting.people(people, site_id=site_id)
        planting.enrol(contact_ids, site_id=site_id, into=planting.sequence())
        planting.warm_up()
        held: list[float] = []
        with watched(held):
            drain()
    target = "p99 under 20 ms, aim 8 ms"
    yield Row("write lock held by one transaction, p50", share(held, 50) * 1e3, "ms")
    yield Row("write lock held by one transaction, p99", share(held, 99) * 1e3, "ms", target)
    yield Row("the longest", max(held) * 1e3, "ms")
    yield Row("transactions", len(held), "")
