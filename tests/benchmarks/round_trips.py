"""(c) Statements a batch: the same number for a hundred people as for ten."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size


def measure(size: Size) -> Iterator[Row]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    with planting.database():
        site_id = planting.open_shop()
        contact_ids = planting.people(1000, site_id=site_id)
        planting.enrol(contact_ids[:10], site_id=site_id, into=planting.sequence("warm-up"))
        planting.warm_up()
        for number in (10, 100, size.of(1000, 200)):
            planting.enrol(contact_ids[:number], site_id=site_id, into=planting.sequence(str(number)))
            for name, work in (("advance", run_due), ("send", send_due)):
                statements, batches = 0, 0
                while True:
                    with CaptureQueriesContext(connection) as captured:
                        done = work()
                    if not done:
                        break
                    statements, batches = statements + len(captured), batches + 1
                yield Row(
                    f"{name} of {number}", statements / max(1, batches), f"statements, {batches} batches"
                )
