"""People who agreed, sequences, and enrolments that are due: what every benchmark starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

TEXT = (
    "Hi {{ contact.first_name | default: 'friend' }}, your order {{ event.number }} is ready in "
    "{{ contact.city }}. Show this text for 10 percent off today only at any shop. Reply STOP."
)
WARM_UP = 5
_CHUNK = 2000


@contextmanager
def database() -> Iterator[str]:
    """Make an empty database for one benchmark, and yield its name."""
    from django.db import connection, connections

    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield str(connection.settings_dict["NAME"])
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(before, verbosity=0)


def open_shop() -> int:
    """
    Plant Wagtail's tree and a site that may text at any hour; return the site's id.

    Every rule is asked and none forbids: sending times and legal hours without an end, caps that nobody reaches.
    """
    from wagtail.models import Site

    from tests.conftest import plant_wagtail_tree
    from wagtail_drip.compliance.models import LegalHours
    from wagtail_drip.core import actions as core
    from wagtail_drip.core import caps, clock, windows

    plant_wagtail_tree()
    site = Site.objects.get(is_default_site=True)
    core.open_site(site.pk, account="noop", now=clock.now())
    always = {day: [["00:00", "23:59"]] for day in windows.default_windows()}
    wide = {**caps.default_caps(), "week": caps.MOST, "month": caps.MOST}
    core.change_site_settings(site.pk, windows=always, caps=wide)
    now = clock.now()
    LegalHours.objects.create(
        country="GB", week=always, source="benchmark", read_on=now.date(), edited_at=now
    )
    return int(site.pk)


def people(number: int, *, site_id: int, groups: Sequence[str] = ("marketing", "transactional")) -> list[int]:
    """Plant contacts with British mobile numbers and their consent to each of *groups*; return their ids."""
    from wagtail_drip.contacts.models import Contact
    from wagtail_drip.core import clock

    now = clock.now()
    _insert(
        Contact,
        number,
        lambda n: {
            "phone": f"+4474{n:08d}",
            "active_phone": f"+4474{n:08d}",
            "first_name": f"Anna{n}",
            "attributes": {"city": "Lisbon"},
            "region": "GB",
            "created_at": now,
            "changed_at": now,
        },
    )
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    for group in groups:
        _agree(ids, group, site_id)
    return ids


def _agree(ids: Sequence[int], group: str, site_id: int) -> None:
    from wagtail_drip.contacts.models import ConsentRecord, Permission
    from wagtail_drip.core import clock

    now = clock.now()
    said = {"site_id": site_id, "granted": True}
    recorded = {"source": "benchmark", "method": "api", "at": now, "recorded_at": now}
    _insert(
        ConsentRecord,
        len(ids),
        lambda n: {"contact_id": ids[n], "purpose_group": group, **said, **recorded},
    )
    records = dict(ConsentRecord.objects.filter(purpose_group=group).values_list("contact_id", "pk"))
    _insert(
        Permission,
        len(ids),
        lambda n: {"contact_id": ids[n], "group": group, "since": now, "record_id": records[ids[n]], **said},
    )


def sequence(name: str = "Thanks", **options: Any) -> Any:
    """Publish a sequence of one promotional text with a goal, so that every text carries a guard and counts for caps."""
    from wagtail_drip.test.sequences import live_sequence

    return live_sequence(
        **{
            "name": name,
            "trigger": "order_placed",
            "goal": "order_cancelled",
            "purpose": "promotional",
            "steps": [("send_message", {"text": TEXT}), ("wait_duration", {"amount": 1, "unit": "days"})],
            **options,
        }
    )


def enrol(contact_ids: Sequence[int], *, site_id: int, into: Any, **columns: Any) -> None:
    """Enrol everybody, each by an order of their own; they are due unless *columns* say otherwise."""
    from wagtail_drip.core import clock, keys
    from wagtail_drip.enrolments.models import Enrolment
    from wagtail_drip.events.models import Event

    now, mark = clock.now(), keys.short_token()
    moment = now - timedelta(seconds=1)
    _insert(
        Event,
        len(contact_ids),
        lambda n: {
            "contact_id": contact_ids[n],
            "site_id": site_id,
            "store": "bench",
            "name": "order_placed",
            "key": f"{mark}:{n}",
            "properties": {"order_id": str(n), "number": str(n), "total": "9.50", "currency": "GBP"},
            "occurred_at": now,
            "recorded_at": moment,
        },
    )
    events = dict(Event.objects.filter(key__startswith=f"{mark}:").values_list("contact_id", "pk"))
    version = into.runtime.version
    _insert(
        Enrolment,
        len(contact_ids),
        lambda n: {
            "sequence_id": into.pk,
            "version_id": version.pk,
            "contact_id": contact_ids[n],
            "site_id": site_id,
            "event_id": events[contact_ids[n]],
            "dedupe_key": mark,
            "step_id": version.flow["start"],
            "due_at": now,
            "entered_at": now,
            "since": moment,
            **columns,
        },
    )


@contextmanager
def indexes_made_last(table: str) -> Iterator[None]:
    """On PostgreSQL, fill a table of millions without its indexes, and make them of the whole afterwards, which is faster."""
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint)",
            [table],
        )
        found = cursor.fetchall()
        for name, _made in found:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, made in found:
            cursor.execute(made)


def analyse() -> None:
    """Let the database count its rows and clear away old ones, as its own housekeeping would have done long since."""
    from django.db import connection

    tables = ["contact", "permission", "event", "enrolment", "message", "sendledger"]
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(f"ANALYZE TABLE {', '.join(f'wagtail_drip_{table}' for table in tables)}")
            cursor.fetchall()
        else:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def warm_up() -> None:
    """Send a few texts unmeasured, as a worker does once in its life: imports, urls, the first statements."""
    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    run_due(limit=WARM_UP, slot="warm-up")
    send_due(limit=WARM_UP)


def _insert(model: Any, number: int, row: Callable[[int], dict[str, Any]]) -> None:
    from wagtail_drip.core import inserts

    for start in range(0, number, _CHUNK):
        inserts.insert_values(model, [row(n) for n in range(start, min(start + _CHUNK, number))])
