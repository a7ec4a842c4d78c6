"""(j) What goes out once, to everybody: counted before anybody starts it, started, and let in to the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.benchmarks import planting
from tests.benchmarks.measured import MEGABYTE, Row, Size, apart, most_bytes, resident_bytes
from wagtail_drip.core import clock

TEXT = (
    "Hi {{ contact.first_name | default: 'friend' }}, everything is 20 percent off until Sunday. Reply STOP."
)
# One of so many has said stop to every sender; one of so many has agreed to nothing.
STOPPED, SILENT = 50, 40


def measure(size: Size) -> Iterator[Row]:
    people = size.of(1_000_000 if connection.vendor == "postgresql" else 20_000, 2_000)
    with planting.database():
        site_id = planting.open_shop()
        yield from apart(lambda: _plant(people, site_id=site_id))
        planting.analyse()
        sequence = planting.sequence(
            "Sale",
            trigger=None,
            trigger_kind="once",
            goal=None,
            steps=[("send_message", {"text": TEXT})],
            is_started=False,
        )
        yield from apart(lambda: _count(sequence, people))
        yield from apart(lambda: _look(sequence, "page before the start"))
        yield from apart(lambda: _start(sequence))
        yield from apart(lambda: _let_in_the_rest(sequence))
        planting.analyse()
        yield from apart(lambda: _look(sequence, "page when all are in"))


def _plant(people: int, *, site_id: int) -> list[Row]:
    """People who agreed, but for some; a weekly text that goes to all of them, today; and who said stop."""
    from wagtail_drip.compliance.models import Suppression
    from wagtail_drip.contacts.models import Contact, Permission
    from wagtail_drip.core import inserts, keys

    began = time.perf_counter()
    ids = planting.people(people, site_id=site_id, groups=["marketing"])
    Permission.objects.filter(contact_id__in=ids[::SILENT]).delete()
    numbers = Contact.objects.filter(pk__in=ids[1::STOPPED]).values_list("phone", flat=True)
    now = clock.now()
    inserts.insert_values(
        Suppression,
        [
            {"number_hash": keys.number_hash(number), "scope": "all", "reason": "stop", "recorded_at": now}
            for number in numbers
        ],
    )
    planting.sequence(
        "Weekly",
        trigger=None,
        trigger_kind="schedule",
        trigger_weekdays=[now.weekday()],
        goal=None,
        steps=[("send_message", {"text": TEXT})],
    )
    return [Row(f"planting {people:,} people", time.perf_counter() - began, "s")]


def _count(sequence: Any, people: int) -> list[Row]:
    from wagtail_drip.enrolments import once_count
    from wagtail_drip.enrolments.once_models import OnceCount

    before, now = resident_bytes(), clock.now()
    once_count.ask(_running(sequence), now=now)
    first = _timed(lambda: once_count.count_a_batch(sequence.pk, now=now))
    statements = _statements(lambda: once_count.count_due(now=now))
    began, batches = time.perf_counter(), []
    while OnceCount.objects.filter(due_at__isnull=False).exists():
        batches.append(_timed(lambda: once_count.count_due(now=now)))
    took = time.perf_counter() - began
    row = OnceCount.objects.get()
    looked_at = row.position - 3 * once_count.CHUNK
    assert row.position == people, (row.position, row.error)
    return [
        Row("count: first batch, while somebody waits for the page", first * 1e3, "ms"),
        Row("count", took, "s"),
        Row("count: people", looked_at / took, "people/s"),
        Row("count: of them texted", once_count.counts_of(row).texted, "people"),
        Row("count: slowest pass", max(batches, default=0) * 1e3, "ms"),
        Row("count: statements for two batches", statements, "statements"),
        Row("count: memory above the imported site", (most_bytes() - before) / MEGABYTE, "MB"),
    ]


def _look(sequence: Any, what: str) -> list[Row]:
    """Open the page as staff do, and what it fetches again while it is open."""
    from django.contrib.auth import get_user_model

    User = get_user_model()
    user = User.objects.filter(username="ada").first() or User.objects.create_superuser(
        "ada", "a@shop.example"
    )
    client = Client()
    client.force_login(user)
    url = reverse("wagtail_drip_sequences:once", args=[sequence.pk])
    _opened(client, url)  # templates and urls, which a worker loads once
    with CaptureQueriesContext(connection) as captured:
        took = _timed(lambda: _opened(client, url))
    slowest = max(captured.captured_queries, key=lambda query: float(query["time"]))
    return [
        Row(what, took * 1e3, "ms"),
        Row(f"{what}: statements", len(captured), "statements"),
        Row(f"{what}: the slowest of them", float(slowest["time"]) * 1e3, "ms"),
        Row(f"{what}: its figures alone", _timed(lambda: _opened(client, f"{url}?part=1")) * 1e3, "ms"),
    ]


def _opened(client: Client, url: str) -> None:
    assert client.get(url).status_code == 200


def _start(sequence: Any) -> list[Row]:
    """Start it, as the button does, let the first part in and send to it, and decide about the rest."""
    from wagtail_drip.enrolments import once, once_count, once_rules
    from wagtail_drip.enrolments.date_triggers import check_due
    from wagtail_drip.enrolments.once_models import OnceCount, OnceRun
    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    now, row = clock.now(), OnceCount.objects.get()
    people = once_count.counts_of(row).texted
    _only(sequence)
    check_due(now=now)
    first = once_rules.FirstPart(people=max(once_rules.first_part(people), 20))
    pressed = _timed(
        lambda: once.start(
            sequence.pk, version_id=row.version_id, first=first, people=people, by="ada", now=now
        )
    )
    passes = _until(lambda: check_due(now=now), lambda: OnceRun.objects.get().state == "first")
    entered = OnceRun.objects.get().entered
    assert entered == first.people, entered
    while run_due(now=now) or send_due(now=now):
        pass
    outcome = _timed(lambda: check_due(now=_later(now)))
    run = OnceRun.objects.get()
    assert run.state in ("rest", "watching"), run.state
    return [
        Row("start: the button", pressed * 1e3, "ms"),
        Row(f"start: the first {entered:,} let in", sum(passes), "s"),
        Row("start: slowest pass of it, a transaction", max(passes) * 1e3, "ms"),
        Row("start: looking at what became of them, and one pass", outcome * 1e3, "ms"),
    ]


def _let_in_the_rest(sequence: Any) -> list[Row]:
    from wagtail_drip.enrolments.date_triggers import check_due
    from wagtail_drip.enrolments.once_models import OnceRun

    now, before = _later(clock.now()), resident_bytes()
    check_due(now=now)
    statements = _statements(lambda: check_due(now=now))
    already = OnceRun.objects.get().entered
    began = time.perf_counter()
    passes = _until(lambda: check_due(now=now), lambda: OnceRun.objects.get().state != "done")
    took = time.perf_counter() - began
    entered = OnceRun.objects.get().entered - already
    tenth = max(1, len(passes) // 10)
    return [
        Row("rest: let in", took, "s"),
        Row("rest: people", entered / took, "people/s"),
        Row(
            "rest: the last tenth of the passes, of the first",
            sum(passes[-tenth:]) / sum(passes[:tenth]),
            "×",
        ),
        Row("rest: slowest pass, a transaction", max(passes) * 1e3, "ms"),
        Row("rest: statements a pass", statements, "statements"),
        Row("rest: memory above the imported site", (most_bytes() - before) / MEGABYTE, "MB"),
    ]


def _only(sequence: Any) -> None:
    """Pause the others: what they do in a pass is not what is measured."""
    from wagtail_drip.sequences import actions
    from wagtail_drip.sequences.models import SequenceRuntime

    for runtime in SequenceRuntime.objects.exclude(sequence=sequence):
        actions.pause(runtime.sequence_id, now=clock.now())


def _running(sequence: Any) -> Any:
    from wagtail_drip.sequences import querysets as sequences

    return sequences.live([sequence.pk])[sequence.pk]


def _later(now: datetime) -> datetime:
    return now + timedelta(hours=2)


def _until(work: Callable[[], Any], goes_on: Callable[[], bool]) -> Sequence[float]:
    passes = []
    while goes_on():
        passes.append(_timed(work))
    return passes


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _statements(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connections["default"]) as captured:
        work()
    return len(captured)
