"""(a) From due enrolments to a gateway that does nothing, all gates on, beside others on the same database."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator

from tests.benchmarks import peers_run, planting, stages
from tests.benchmarks.measured import Row, Size

MUST = "at least 8 000, aim 12 000, stretch 20 000 with two workers"
RATIOS = {
    "django-drip-campaigns": 5,
    "django-post_office": 3,
    "one django-q2 task a message": 20,
    "one Celery task a message": 50,
}


def measure(size: Size) -> Iterator[Row]:
    people = size.of(100_000, 5_000)
    rates: list[float] = []
    with planting.database():
        site_id = planting.open_shop()
        contact_ids = planting.people(people + planting.WARM_UP, site_id=site_id)
        for recipients, workers in _variants():
            _use(recipients)
            planting.enrol(contact_ids, site_id=site_id, into=planting.sequence(f"{recipients} × {workers}"))
            planting.analyse()
            planting.warm_up()
            seconds = _timed(workers)
            assert not _unsent(), f"{_unsent()} of {people} were not sent"
            rates.append(people / seconds)
            by = "one worker" if workers == 1 else f"{workers} workers"
            yield Row(
                f"ours, {recipients} in a call, {by}", rates[-1], "messages/s", MUST if workers > 1 else ""
            )
        _use(100)
        few = contact_ids[: size.of(20_000, 3_000)]
        planting.enrol(few, site_id=site_id, into=planting.sequence("stages"))
        planting.warm_up()
        yield from stages.budget(len(few) - planting.WARM_UP)
    for name, rate in peers_run.rates(size.of(10_000, 1_000)):
        yield Row(name, rate, "messages/s")
        yield Row(f"ours ÷ {name}", max(rates) / rate if rate else 0.0, "×", f"at least {RATIOS[name]}")


def _variants() -> list[tuple[int, int]]:
    from django.db import connection

    # SQLite has one writer at a time: a second worker would only wait.
    return [(1, 1), (100, 1)] + ([] if connection.vendor == "sqlite" else [(100, 2)])


def _use(recipients: int) -> None:
    from django.conf import settings

    backend = {"BACKEND": "tests.benchmarks.noop.NoopGateway", "OPTIONS": {"max_recipients": recipients}}
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "GATEWAYS": {"default": backend}}


def _timed(workers: int) -> float:
    from django.db import connections

    connections.close_all()
    began = time.perf_counter()
    if workers == 1:
        drain()
    else:
        fork = multiprocessing.get_context("fork")
        running = [fork.Process(target=drain, args=(number,)) for number in range(workers)]
        for worker in running:
            worker.start()
        for worker in running:
            worker.join()
    return time.perf_counter() - began


def drain(number: int = 0) -> None:
    """What a drain does, without the rest of its pass: advance and send until nothing is due."""
    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    idle = 0
    while idle < 3:
        if run_due(slot=f"benchmark:{number}") + send_due():
            idle = 0
        else:
            idle += 1
            time.sleep(0.02)


def _unsent() -> int:
    from wagtail_drip.enrolments.models import Enrolment
    from wagtail_drip.messaging.models import Message

    return Message.objects.exclude(state="sent").count() + Enrolment.objects.exclude(state="waiting").count()
