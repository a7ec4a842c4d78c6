"""(e) From an order's commit to the hand-over of its text, under load, through a real cluster of django-q2."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size, share

# A sender that may post as fast as the engine can would only measure an empty queue.
LOAD_EVERY_SECONDS = 1.0


def measure(size: Size) -> Iterator[Row]:
    from django.db import connections

    from wagtail_drip import tasks
    from wagtail_drip.events.models import Event

    seconds, load = size.of(600, 100), size.of(300, 100)
    with planting.database() as name:
        site_id = planting.open_shop()
        contact_ids = planting.people(20_000, site_id=site_id)
        orders = planting.sequence("Orders", purpose="transactional")
        crowd = planting.sequence(
            "Load",
            trigger="cart_updated",
            steps=[("send_message", {"text": "Hello {{ contact.first_name }}"})],
        )
        planting.enrol(contact_ids[:1000], site_id=site_id, into=crowd)
        planting.analyse()
        tasks.make_schedule_after_migrate()
        connections.close_all()
        with _cluster(name), _drains_watched() as seen:
            _wait_for_a_drain()
            began = time.monotonic()
            number = 1000
            while time.monotonic() - began < seconds:
                some = [contact_ids[(number + each) % 20_000] for each in range(load)]
                planting.enrol(some, site_id=site_id, into=crowd)
                number += load
                _order(contact_ids[number % 20_000], number, site_id)
                time.sleep(LOAD_EVERY_SECONDS)
            until = time.monotonic() + 30
            while _waiting(orders) and time.monotonic() < until:
                time.sleep(0.5)
            gaps = seen.longest(began, began + seconds)
        taken = _taken(orders)
        placed = Event.objects.filter(store="bench-orders").count()
        lost = placed - len(taken)
        yield Row("orders placed, one a second", placed, "", "")
        yield Row("not handed over half a minute after the last", lost, "", "0")
        yield Row("order committed → handed over, p50", share(taken, 50), "s", "at most 1.5")
        yield Row("order committed → handed over, p99", share(taken, 99), "s", "at most 5")
        yield Row(f"the longest without a drain, of {seconds} s", gaps, "s", "under 1")
        yield Row("load beside them", load / LOAD_EVERY_SECONDS, "due enrolments/s")


def _order(contact_id: int, number: int, site_id: int) -> None:
    from wagtail_drip.core import clock
    from wagtail_drip.events import actions
    from wagtail_drip.events.types import EventDraft

    now = clock.now()
    actions.record_event(
        EventDraft(
            contact_id=contact_id,
            site_id=site_id,
            store="bench-orders",
            name="order_placed",
            key=str(number),
            properties={"order_id": str(number), "number": str(number), "total": "9.50", "currency": "GBP"},
            source="api",
            occurred_at=now,
            recorded_at=now,
        )
    )


def _waiting(flow: object) -> int:
    from wagtail_drip.events.models import Event
    from wagtail_drip.messaging.models import Message

    sent = Message.objects.filter(sequence_id=flow.pk, handed_over_at__isnull=False).count()  # type: ignore[attr-defined]
    return Event.objects.filter(store="bench-orders").count() - sent


def _taken(flow: object) -> list[float]:
    """Return the seconds from each order's own moment, just before its commit, to its text's hand-over."""
    from wagtail_drip.events.models import Event
    from wagtail_drip.messaging.models import Message

    placed = dict(Event.objects.filter(store="bench-orders").values_list("pk", "recorded_at"))
    rows = Message.objects.filter(sequence_id=flow.pk, event_id__in=placed, handed_over_at__isnull=False)  # type: ignore[attr-defined]
    return [
        (handed_over_at - placed[event_id]).total_seconds()
        for event_id, handed_over_at in rows.values_list("event_id", "handed_over_at")
    ]


@contextmanager
def _cluster(database: str) -> Iterator[None]:
    """Run ``manage.py qcluster`` as a site does."""
    cluster = subprocess.Popen(
        [sys.executable, "-m", "django", "qcluster"],
        env={**os.environ, "DRIP_BENCHMARK_DATABASE": database, "DRIP_BENCHMARK_SETTINGS": json.dumps({})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(cluster.pid, signal.SIGKILL)
        cluster.wait()


def _wait_for_a_drain() -> None:
    give_up_at = time.monotonic() + 120
    while not _draining():
        if time.monotonic() > give_up_at:
            raise RuntimeError("The cluster started no drain within two minutes.")
        time.sleep(0.5)


def _draining() -> bool:
    from wagtail_drip.core import clock
    from wagtail_drip.core.models import Lease

    held = Lease.objects.filter(name__startswith="drain:", until__gt=clock.lease_now()).exclude(token="")
    return held.exists()


class _Seen:
    """When somebody was seen to hold a drain's slot."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def longest(self, start: float, end: float) -> float:
        inside = [start, *(moment for moment in self.moments if start <= moment <= end), end]
        return max(later - earlier for earlier, later in pairwise(inside))


@contextmanager
def _drains_watched() -> Iterator[_Seen]:
    seen, stop = _Seen(), threading.Event()

    def watch() -> None:
        from django.db import connections

        while not stop.wait(0.1):
            if _draining():
                seen.moments.append(time.monotonic())
        connections.close_all()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()
