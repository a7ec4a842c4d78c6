"""(g) What an order costs its shop: the notice in a savepoint of its own, beside one bare insert."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size, share


def measure(size: Size) -> Iterator[Row]:
    from django.db import connection, transaction

    from wagtail_drip.core import clock
    from wagtail_drip.events import actions

    now = clock.now()
    bare = (
        "INSERT INTO wagtail_drip_notice (store, kind, object_id, envelope, key, recorded_at, due_at, attempts,"
        " error) VALUES (%s, %s, %s, NULL, %s, %s, %s, 0, '')"
    )

    def notice(number: int) -> None:
        actions.write_notice(store="shop", kind="order_placed", key=f"o:{number}", object_id="1", now=now)

    def insert(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(bare, ["shop", "order_placed", "1", f"b:{number}", now, now])

    with planting.database():
        number = size.of(5_000, 500)
        yield from _compared("on its own", number, notice, insert, first=0)
        with transaction.atomic():
            yield from _compared("in the order's transaction", number, notice, insert, first=number)


def _compared(
    where: str, number: int, notice: Callable[[int], None], insert: Callable[[int], None], *, first: int
) -> Iterator[Row]:
    # By turns, so that a busy moment of the machine falls on both.
    ours, bare = [], []
    for each in range(first, first + number):
        ours.append(_timed(notice, each))
        bare.append(_timed(insert, each))
    for what, taken in ((f"order_placed, {where}", ours), (f"a bare insert, {where}", bare)):
        yield Row(f"{what}, p50", share(taken, 50), "µs")
        yield Row(f"{what}, p99", share(taken, 99), "µs")
    yield Row(f"ratio of the p50, {where}", share(ours, 50) / share(bare, 50), "×", "at most 2")


def _timed(work: Callable[[int], None], number: int) -> float:
    began = time.perf_counter()
    work(number)
    return (time.perf_counter() - began) * 1e6
