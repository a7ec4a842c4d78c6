"""From due enrolments to a gateway that does nothing: messages a second, and statements per batch.

Run by ``throughput.py``, which chooses the database (DRIP_TEST_DB) and prints beside whom we stand.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ.setdefault("DRIP_TEST_NAME", "drip_benchmark")

import django

TEXT = (
    "Hi {{ contact.first_name | default: 'friend' }}, your order {{ event.number }} is ready in "
    "{{ contact.city }}. Show this text for 10 percent off today only at any shop. Reply STOP."
)

WARM_UP = 5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=1, help="messages in one call of the gateway")
    given = parser.parse_args()
    django.setup()
    from django.conf import settings
    from django.db import connection, connections

    settings.DEBUG = False
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "GATEWAYS": {
            "default": {
                "BACKEND": "tests.benchmarks.noop.NoopGateway",
                "OPTIONS": {"max_recipients": given.recipients},
            }
        },
        "SENDER_SEGMENTS_PER_SECOND": 0,
        "CLOCK_SHIFT": False,
    }
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        plant(given.people + WARM_UP)
        warm_up()
        connections.close_all()
        began, cpu_began = time.perf_counter(), time.process_time()
        if given.workers == 1:
            work()
        else:
            fork = multiprocessing.get_context("fork")
            workers = [fork.Process(target=work) for _ in range(given.workers)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
        from wagtail_drip.messaging.models import Message

        sent = Message.objects.filter(state="sent").count()
        assert sent == given.people + WARM_UP, f"{sent - WARM_UP} of {given.people} were sent"
        sent = given.people
        found = {"sent": sent, "seconds": wall, "statements": statements_per_batch()}
        if given.workers == 1:
            found["cpu_microseconds_a_message"] = round(cpu / sent * 1e6)
        print(json.dumps(found))
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(name, verbosity=0)


def plant(people: int) -> None:
    """People who agreed, one live sequence with one text, and everybody enrolled and due."""
    from wagtail.models import Site

    from tests.conftest import plant_wagtail_tree
    from wagtail_drip.core import actions as core
    from wagtail_drip.core import clock, keys, windows
    from wagtail_drip.enrolments.models import Enrolment
    from wagtail_drip.events.models import Event
    from wagtail_drip.test.sequences import live_sequence

    plant_wagtail_tree()
    now = clock.now()
    site = Site.objects.get(is_default_site=True)
    core.open_site(site.pk, account="noop", now=now)
    always = {day: [["00:00", "23:59"]] for day in windows.default_windows()}
    core.change_site_settings(site.pk, windows=always)
    contact_ids = plant_people(people, site_id=site.pk, now=now)
    sequence = live_sequence(
        trigger="order_placed",
        goal="order_cancelled",
        purpose="transactional",
        steps=[("send_message", {"text": TEXT}), ("wait_duration", {"amount": 1, "unit": "days"})],
    )
    version = sequence.runtime.version
    Event.objects.bulk_create(
        [
            Event(
                contact_id=pk,
                site=site,
                store="bench",
                name="order_placed",
                key=keys.new_token(),
                properties={"order_id": str(pk), "number": str(pk), "total": "9.50", "currency": "GBP"},
                occurred_at=now,
                recorded_at=now - timedelta(seconds=1),
            )
            for pk in contact_ids
        ],
        batch_size=1000,
    )
    events = dict(Event.objects.values_list("contact_id", "pk"))
    Enrolment.objects.bulk_create(
        [
            Enrolment(
                sequence=sequence,
                version=version,
                contact_id=pk,
                site=site,
                event_id=events[pk],
                step_id=version.flow["start"],
                due_at=now,
                entered_at=now,
                since=now - timedelta(seconds=1),
            )
            for pk in contact_ids
        ],
        batch_size=1000,
    )


def plant_people(people: int, *, site_id: int, now: Any) -> list[int]:
    from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission

    Contact.objects.bulk_create(
        [
            Contact(
                phone=f"+4474{number:08d}",
                active_phone=f"+4474{number:08d}",
                first_name=f"Anna{number}",
                attributes={"city": "Lisbon"},
                region="GB",
                created_at=now,
                changed_at=now,
            )
            for number in range(people)
        ],
        batch_size=1000,
    )
    contact_ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    said = {"site_id": site_id, "granted": True}
    ConsentRecord.objects.bulk_create(
        [
            ConsentRecord(
                contact_id=pk,
                purpose_group="transactional",
                source="benchmark",
                method="api",
                at=now,
                recorded_at=now,
                **said,
            )
            for pk in contact_ids
        ],
        batch_size=1000,
    )
    records = dict(ConsentRecord.objects.values_list("contact_id", "pk"))
    Permission.objects.bulk_create(
        [
            Permission(contact_id=pk, group="transactional", since=now, record_id=records[pk], **said)
            for pk in contact_ids
        ],
        batch_size=1000,
    )
    return contact_ids


def warm_up() -> None:
    """Send a few texts unmeasured, as a worker does once in its life: imports, urls, the first statements."""
    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    run_due(limit=WARM_UP, slot="warm-up")
    send_due(limit=WARM_UP)


def work() -> None:
    """What a drain does, without the rest of its pass: advance and send until nothing is due."""
    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    idle = 0
    while idle < 3:
        if run_due() + send_due():
            idle = 0
        else:
            idle += 1
            time.sleep(0.02)


def statements_per_batch() -> dict[str, int]:
    """Return the statements of one advance and one send of a hundred more people."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from wagtail_drip.enrolments.models import Enrolment
    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    some = list(Enrolment.objects.order_by("pk").values_list("pk", flat=True)[:100])
    start = Enrolment.objects.select_related("version").first()
    assert start is not None
    Enrolment.objects.filter(pk__in=some).update(
        step_id=start.version.flow["start"], entered_step_at=None, state="active", due_at=timezone.now()
    )
    with CaptureQueriesContext(connection) as advance:
        run_due()
    with CaptureQueriesContext(connection) as send:
        send_due()
    return {"advance of 100": len(advance), "send of 100": len(send)}


if __name__ == "__main__":
    main()
