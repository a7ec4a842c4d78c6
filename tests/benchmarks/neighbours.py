"""(f) Who sleeps must cost nothing: a million idle or paused beside a thousand due, a slow sender beside an order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size, share

TIMES = 30


def measure(size: Size) -> Iterator[Row]:
    many = size.of(1_000_000, 20_000)
    with planting.database():
        site_id = planting.open_shop()
        contact_ids = planting.people(1000, site_id=site_id)
        flow = planting.sequence()
        planting.enrol(contact_ids, site_id=site_id, into=flow)
        planting.analyse()
        alone = _claim()
        yield Row("claim of 1 000 due, nobody else there, p50", alone, "ms")
        _copies(flow, contact_ids, site_id, many, state="waiting", step_id="later")
        planting.analyse()
        beside = _claim()
        yield Row(f"beside {many:,} idle, p50", beside, "ms")
        yield Row("the idle make it longer by", (beside / alone - 1) * 100, "%", "at most 10")
        _copies(flow, contact_ids, site_id, many, state="active", parked=True)
        planting.analyse()
        paused = _claim()
        yield Row(f"beside {many:,} paused as well, p50", paused, "ms")
        yield Row("the paused make it longer by", (paused / beside - 1) * 100, "%", "at most 10")
    yield from _beside_a_slow_sender(size)


def _claim() -> float:
    """Return the median milliseconds of a claim of a thousand that is undone again."""
    from django.db import transaction

    from wagtail_drip.core import claims, clock
    from wagtail_drip.enrolments import querysets
    from wagtail_drip.enrolments.advanced import Moving

    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        with transaction.atomic():
            due: Any = querysets.due(clock.now()).values_list(*Moving._fields)
            found = claims.claim(due, limit=1000)
            taken.append((time.perf_counter() - began) * 1e3)
            transaction.set_rollback(True)
        assert len(found) == 1000, len(found)
    return share(taken, 50)


def _copies(
    flow: Any,
    contact_ids: list[int],
    site_id: int,
    number: int,
    *,
    state: str,
    step_id: str = "",
    parked: bool = False,
) -> None:
    from wagtail_drip.core import clock, inserts
    from wagtail_drip.enrolments.models import Enrolment

    now = clock.now()
    later = now + timedelta(days=1)
    for start in range(0, number, 2000):
        inserts.insert_values(
            Enrolment,
            [
                {
                    "sequence_id": flow.pk,
                    "version_id": flow.runtime.version.pk,
                    "contact_id": contact_ids[n % 1000],
                    "site_id": site_id,
                    "dedupe_key": f"{state}:{n}",
                    "state": state,
                    "step_id": step_id or flow.runtime.version.flow["start"],
                    "due_at": None if parked else later,
                    "parked_due_at": now if parked else None,
                    "entered_at": now,
                    "since": now,
                }
                for n in range(start, min(start + 2000, number))
            ],
        )


def _beside_a_slow_sender(size: Size) -> Iterator[Row]:
    """Its promotions wait for the bucket; news of an order must not wait behind them."""
    from django.conf import settings

    from wagtail_drip.core import actions as core
    from wagtail_drip.core import clock
    from wagtail_drip.messaging import actions
    from wagtail_drip.messaging.models import Message
    from wagtail_drip.messaging.send_due import send_due
    from wagtail_drip.messaging.types import MessageDraft

    many = size.of(100_000, 5_000)
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "SENDER_SEGMENTS_PER_SECOND": 20}
    with planting.database():
        site_id = planting.open_shop()
        # A cap would put most of them off, and the queue would be empty.
        core.change_site_settings(site_id, caps={})
        contact_ids = planting.people(1000, site_id=site_id)
        now = clock.now()

        def draft(key: str, purpose: str, contact_id: int) -> MessageDraft:
            return MessageDraft(
                key=key,
                contact_id=contact_id,
                site_id=site_id,
                purpose=purpose,
                due_at=now,
                source_text="Hello",
            )

        for start in range(0, many, 2000):
            actions.queue(
                [
                    draft(f"wait:{n}", "promotional", contact_ids[n % 1000])
                    for n in range(start, min(start + 2000, many))
                ],
                now=now,
            )
        planting.analyse()
        for number in range(size.of(30, 5)):
            send_due()
            actions.queue([draft(f"order:{number}", "transactional", contact_ids[number])], now=clock.now())
            while not Message.objects.filter(key=f"order:{number}", state="sent").exists():
                send_due()
        # A pass goes on for two seconds while the bucket fills: what counts is when the text left.
        rows = Message.objects.filter(key__startswith="order:").values_list("created_at", "handed_over_at")
        waited = [(left - queued).total_seconds() for queued, left in rows if left is not None]
        still = Message.objects.filter(purpose="promotional", state="scheduled").count()
        yield Row("throttled texts that still wait at the end", still, "")
        yield Row("an order's text beside them, queued to handed over, p50", share(waited, 50), "s")
        yield Row("an order's text beside them, the longest", max(waited), "s", "a second or so")
