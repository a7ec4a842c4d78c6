"""(d) A worker's memory over a million messages: above the imported site, and whether it grows."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size, resident_bytes
from tests.benchmarks.throughput import drain

MEGABYTE = 1024 * 1024


def measure(size: Size) -> Iterator[Row]:
    people, rounds = size.of(20_000, 1_000), size.of(50, 4)
    with planting.database():
        site_id = planting.open_shop()
        imported = resident_bytes()
        # Planted by processes of their own: what planting takes is not the worker's.
        _apart(lambda: planting.people(people, site_id=site_id))
        contact_ids = _ids()
        held = []
        for number in range(rounds):
            _apart(lambda: _enrol(contact_ids, site_id, number))  # noqa: B023
            drain()
            held.append(resident_bytes())
            if number in (0, rounds - 1):
                sent = people * (number + 1)
                yield Row(
                    f"above the imported site ({imported / MEGABYTE:.0f} MB) after {sent:,} messages",
                    (held[-1] - imported) / MEGABYTE,
                    "MB",
                    "at most 25",
                )
        first = held[max(0, len(held) // 10)]
        yield Row("growth after a tenth of them", (held[-1] / first - 1) * 100, "%", "within 5")


def _enrol(contact_ids: list[int], site_id: int, number: int) -> None:
    planting.enrol(contact_ids, site_id=site_id, into=planting.sequence(f"round {number}"))


def _ids() -> list[int]:
    from wagtail_drip.contacts.models import Contact

    return list(Contact.objects.order_by("pk").values_list("pk", flat=True))


def _apart(work: Callable[[], object]) -> None:
    """Do *work* in a child of this process, with a database connection of its own."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            connections.close_all()
            status = 0
        except Exception:  # noqa: BLE001 -- it must reach the waiting parent, whatever it is
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError("Planting failed; its own words stand above.")
