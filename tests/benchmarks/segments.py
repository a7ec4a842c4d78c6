"""(i) Counting a segment's people, keeping it up to date, and asking of a batch who is in it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size
from wagtail_drip.core import clock
from wagtail_drip.segments import matching, querysets, refresh
from wagtail_drip.segments.models import Segment

FIVE_RULES = [
    ("event", {"event": "order_placed", "times": 2, "days": 90}),
    ("event", {"event": "link_clicked", "times": 1, "days": 30, "negate": "not"}),
    ("detail", {"property": "points", "operator": "at_least", "value": "50"}),
    ("purchases", {"measure": "total", "compared": "at_least", "number": 40}),
    ("consent", {"group": "marketing"}),
]
BATCH = 1000


def measure(size: Size) -> Iterator[Row]:
    people = size.of(1_000_000, 20_000)
    with planting.database():
        site_id = planting.open_shop()
        _plant(people, site_id=site_id)
        segment = Segment.objects.create(name="Five rules", rules=FIVE_RULES)
        now = clock.now()
        with matching.room_to_think():
            began = time.perf_counter()
            found = sum(each.count() for each in matching.people(segment.compiled, now=now))
            yield Row("count of a five-rule segment, first", time.perf_counter() - began, "s", "under 2 s")
        yield Row("the same again, median of 5", _median(lambda: _count(segment, now)), "s", "under 2 s")
        yield Row("people in it", found, "")
        yield Row("first filling", _once(lambda: refresh.refresh(segment, now=now)), "s")
        Segment.objects.filter(pk=segment.pk).update(is_filled=True)
        segment.refresh_from_db()
        planting.analyse()
        unchanged = _median(lambda: refresh.refresh(segment, now=now))
        yield Row("refresh of an unchanged segment, median of 5", unchanged, "s", "under 1 s")
        asked = list(range(1, BATCH + 1))
        took = _median(lambda: querysets.segments_of(asked, [segment.pk]))
        yield Row("who of 1,000 contacts is in it, median of 5", took * 1e3, "ms", "under 20 ms")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE wagtail_drip_contact SET merged_into_id = id - 1 WHERE id %% 100 = 7", [])
        planting.analyse()
        merged = _median(lambda: _count(segment, now))
        yield Row("count where one contact of 100 was merged, median of 5", merged, "s")


def _count(segment: Segment, now: datetime) -> int:
    with matching.room_to_think():
        return sum(each.count() for each in matching.people(segment.compiled, now=now))


def _once(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _median(work: Callable[[], Any]) -> float:
    return statistics.median(_once(work) for _ in range(5))


def _plant(people: int, *, site_id: int) -> None:
    """People with points and consent, ten events each, and a purchase for every second; by the database itself."""
    ids = planting.people(people, site_id=site_id)
    first, now = min(ids), clock.now()
    is_postgres = connection.vendor == "postgresql"
    numbers = (
        "SELECT generate_series(0, %s) AS i"
        if is_postgres
        else "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < %s) SELECT i FROM c"
    )
    ago = (
        "%s::timestamptz - (i %% 365) * interval '1 day'"
        if is_postgres
        else "datetime(%s, '-' || (i %% 365) || ' days')"
    )
    empty = "'{}'::jsonb" if is_postgres else "'{}'"
    points = "jsonb_build_object('points', id %% 100)" if is_postgres else "json_object('points', id %% 100)"
    name = "CASE i %% 10 WHEN 0 THEN 'order_placed' WHEN 1 THEN 'order_placed' WHEN 2 THEN 'link_clicked' ELSE 'product_viewed' END"
    moment = now if is_postgres else now.strftime("%Y-%m-%d %H:%M:%S")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE wagtail_drip_contact SET attributes = {points}", [])
    with planting.indexes_made_last("wagtail_drip_event"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wagtail_drip_event (contact_id, site_id, store, name, key, properties, source, "
            "occurred_at, recorded_at, match_attempts, error) "
            f"SELECT {first} + (i / 10), {site_id}, 'shop', {name}, 'e' || i, {empty}, 'signal', "
            f"{ago}, {ago}, 0, '' FROM ({numbers}) AS n",
            [moment, moment, people * 10 - 1],
        )
    with planting.indexes_made_last("wagtail_drip_eventtally"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wagtail_drip_eventtally (contact_id, name, first_at, last_at, last_event_id, n) "
            "SELECT contact_id, name, MIN(recorded_at), MAX(recorded_at), MAX(id), COUNT(*) "
            "FROM wagtail_drip_event GROUP BY contact_id, name"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wagtail_drip_purchase (store, order_id, number, contact_id, site_id, cart_id, status, "
            "currency, total, refunded, coupon, placed_at, recorded_at) "
            f"SELECT 'shop', 'o' || i, '', {first} + i * 2, {site_id}, '', 'placed', 'EUR', 10 + i %% 90, 0, '', "
            f"{ago}, {ago} FROM ({numbers}) AS n",
            [moment, moment, people // 2 - 1],
        )
        cursor.execute(
            "INSERT INTO wagtail_drip_purchasetally (contact_id, n, first_at, last_at) "
            "SELECT contact_id, COUNT(*), MIN(placed_at), MAX(placed_at) FROM wagtail_drip_purchase GROUP BY contact_id"
        )
        cursor.execute(
            "INSERT INTO wagtail_drip_spendtally (contact_id, currency, n, spent) "
            "SELECT contact_id, currency, COUNT(*), SUM(total - refunded) FROM wagtail_drip_purchase "
            "GROUP BY contact_id, currency"
        )
    planting.analyse()
