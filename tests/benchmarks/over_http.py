"""(b) Over real HTTP, beside the bare ``requests`` client with as many threads, and what a batch endpoint gives."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks import planting, provider
from tests.benchmarks.measured import Row, Size
from tests.benchmarks.posting import payload

THREADS = 32
_thread = threading.local()


def measure(size: Size) -> Iterator[Row]:
    from django.conf import settings

    from wagtail_drip.enrolments.run_due import run_due

    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "SEND_THREADS": THREADS}
    people = size.of(10_000, 1_000)
    with planting.database():
        site_id = planting.open_shop()
        contact_ids = planting.people(people + planting.WARM_UP, site_id=site_id)
        for milliseconds in (0, 50):
            with provider.running(milliseconds) as url:
                bare = people / _bare(url, people)
                yield Row(f"{milliseconds} ms: requests alone, {THREADS} threads", bare, "messages/s")
                for recipients in (1, 100):
                    backend = {
                        "BACKEND": "tests.benchmarks.posting.PostingGateway",
                        "OPTIONS": {"url": url, "max_recipients": recipients},
                    }
                    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "GATEWAYS": {"default": backend}}
                    name = f"{milliseconds} ms, {recipients} in a call"
                    planting.enrol(contact_ids, site_id=site_id, into=planting.sequence(name))
                    planting.warm_up()
                    while run_due():
                        pass
                    rate = people / _sent()
                    yield Row(f"{name}: ours", rate, "messages/s")
                    target = "at least 90" if recipients == 1 else ""
                    yield Row(f"{name}: ours of requests alone", rate / bare * 100, "%", target)


def _bare(url: str, number: int) -> float:
    """Return the seconds in which *number* posts go, each thread with a session of its own."""
    document = [payload("0" * 32, "+447400000000", "x" * 150)]

    def post(_: int) -> None:
        if not hasattr(_thread, "session"):
            _thread.session = _session()
        _thread.session.post(url, json=document, headers={"Idempotency-Key": "0" * 32}, timeout=(5, 20))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, range(THREADS * 2)))
        began = time.perf_counter()
        list(pool.map(post, range(number)))
        return time.perf_counter() - began


def _session() -> object:
    import requests

    session = requests.Session()
    session.trust_env = False
    return session


def _sent() -> float:
    from wagtail_drip.messaging.models import Message
    from wagtail_drip.messaging.send_due import send_due

    began = time.perf_counter()
    while send_due():
        pass
    taken = time.perf_counter() - began
    assert not Message.objects.exclude(state="sent").exists()
    return taken
