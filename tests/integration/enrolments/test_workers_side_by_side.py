"""Several real processes on one database: everybody is texted, nobody twice, and the work is shared."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.integration.enrolments.crowd import crowd, stand_at_the_start, with_first_step
from wagtail_drip import api, tasks
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.events.models import Event
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports import pulse
from wagtail_drip.test.fake_provider import FakeProvider, fake_provider
from wagtail_drip.test.outbox import open_site
from wagtail_drip.test.sequences import live_sequence
from wagtail_drip.test.time_travel import advance_to_noon

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def provider(settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """A provider that accepts everything, and a site that is open for its account."""
    with fake_provider() as running:
        running.status = 202
        running.body = b'{"id": "accepted"}'
        gateway = {
            "BACKEND": "tests.integration.enrolments.worker_gateway.WorkerGateway",
            "OPTIONS": {"token": "secret", "url": running.url},
        }
        settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "GATEWAYS": {"default": gateway}}
        open_site()
        advance_to_noon()
        yield running
    clock.shift_by(-clock.shift())


def worker(
    provider: FakeProvider, said: Path, *command: str, redis_queue: str = ""
) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        **({"DRIP_WORKER_REDIS": redis_queue} if redis_queue else {}),
        "DJANGO_SETTINGS_MODULE": "tests.integration.enrolments.worker_settings",
        "DRIP_WORKER_DATABASE": str(connection.settings_dict["NAME"]),
        "DRIP_WORKER_URL": provider.url,
        "PYTHONPATH": str(ROOT),
    }
    with said.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "django", *command],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run_workers(provider: FakeProvider, number: int, said: Path) -> list[int]:
    """Run so many workers side by side until each is idle, and return their process ids."""
    workers = [worker(provider, said, "drip_run_due", "--until-idle") for _ in range(number)]
    try:
        assert [each.wait(timeout=120) for each in workers] == [0] * number, said.read_text()
    finally:
        for each in workers:
            each.kill()
            each.wait()
    return [each.pid for each in workers]


def texted(provider: FakeProvider) -> Counter[str]:
    """Return how often each number was texted, as the provider saw it."""
    return Counter(json.loads(request.body)["to"] for request in provider.seen)


def test_two_workers_text_five_thousand_people_once_each_and_share_the_work(
    provider: FakeProvider, tmp_path: Path
) -> None:
    sequence = live_sequence(steps=[("send_message", {"text": "Hello {{ contact.first_name }}"})])
    people = crowd(5000)
    stand_at_the_start(sequence, people)

    pids = run_workers(provider, 2, tmp_path / "said")

    assert texted(provider) == Counter(person.phone for person in people)
    assert Message.objects.filter(state="sent").count() == 5000
    assert Enrolment.objects.filter(state="completed").count() == 5000
    assert StepVisit.objects.count() == 5000
    shares = Counter(request.headers["X-Worker"] for request in provider.seen)
    if connection.vendor == "postgresql":
        # Promised there only: SQLite has one writer, and MariaDB may lock more of the queue than it takes,
        # so that a worker finds nothing free and ends.
        assert all(shares[str(pid)] >= 500 for pid in pids), shares

    run_workers(provider, 1, tmp_path / "said")

    assert sum(texted(provider).values()) == 5000


def test_two_workers_take_the_same_crowd_s_orders_and_let_each_in_once(
    provider: FakeProvider, tmp_path: Path
) -> None:
    live_sequence(steps=[("send_message", {"text": "Thanks for {{ event.order_id }}"})], goal="order_paid")
    live_sequence(
        name="Second", steps=[("update_contact", {"field": "attribute", "attribute": "a", "value": "b"})]
    )
    people = crowd(400)
    for order in ("first", "second"):  # two orders of each: never again means once
        for person in people:
            api.emit(
                "order_placed",
                key=f"{person.pk}:{order}",
                contact={"phone": person.phone},
                properties={
                    "order_id": f"{order}-{person.pk}",
                    "currency": "GBP",
                    "total": "1.00",
                    "products": [],
                },
            )

    run_workers(provider, 2, tmp_path / "said")

    assert texted(provider) == Counter(person.phone for person in people)
    assert Event.objects.count() == 800
    assert set(Enrolment.objects.values_list("state", "exit_reason")) == {("completed", "")}
    assert Enrolment.objects.count() == 800  # both sequences
    assert "Traceback" not in (tmp_path / "said").read_text()


def test_a_row_that_kills_its_worker_is_found_and_everybody_else_is_texted(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequence = live_sequence(
        steps=[
            ("update_contact", {"field": "attribute", "attribute": "a", "value": "b"}),
            ("send_message", {"text": "Hello {{ contact.first_name }}"}),
        ]
    )
    with_first_step(sequence, "kills")
    people = crowd(6)
    killer = people[2]
    Contact.objects.filter(pk=killer.pk).update(first_name="Boom")
    stand_at_the_start(sequence, people)
    monkeypatch.setenv("DRIP_WORKER_BATCH", "4")
    code = "from wagtail_drip import tasks; tasks.loop(tasks.seize(1, seconds=9), seconds=2)"

    deaths = 0
    for _ in range(12):
        each = worker(provider, tmp_path / "said", "shell", "-c", code)
        deaths += each.wait(timeout=60) != 0
        Lease.objects.filter(name=tasks.SQLITE_WRITER).update(token="", until=clock.lease_now())  # it ran out
        if not Enrolment.objects.filter(state="active").exists():
            break

    # In batches of 4, of 4 again after two went well, and of 2; then five times alone.
    assert deaths == 8, (tmp_path / "said").read_text()
    assert list(Enrolment.objects.exclude(state="completed").values_list("contact_id", "state")) == [
        (killer.pk, "failed")
    ]
    assert texted(provider) == Counter(person.phone for person in people if person != killer)


def test_a_worker_in_the_foreground_texts_until_it_is_told_to_end(
    provider: FakeProvider, tmp_path: Path
) -> None:
    sequence = live_sequence(steps=[("send_message", {"text": "Hello {{ contact.first_name }}"})])
    people = crowd(3)
    each = worker(provider, tmp_path / "said", "drip_run_due", "--loop")
    try:
        stand_at_the_start(sequence, people)
        give_up_at = time.monotonic() + 30
        while len(provider.seen) < 3 and time.monotonic() < give_up_at:
            time.sleep(0.1)
        each.terminate()
        ended = each.wait(timeout=30)
    finally:
        each.kill()
        each.wait()

    said = (tmp_path / "said").read_text()
    assert (ended, texted(provider)) == (0, Counter(person.phone for person in people)), said
    assert pulse.workers().age is not None
    assert not Lease.objects.filter(name__startswith="drain:", until__gt=clock.lease_now()).exists()


@contextlib.contextmanager
def cluster_of_django_q2(
    provider: FakeProvider, said: Path, *, redis_queue: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a cluster that has found its feet; its drains begin with the next tick."""
    cluster = worker(provider, said, "qcluster", redis_queue=redis_queue)
    try:
        give_up_at = time.monotonic() + 45
        while "running" not in said.read_text() and time.monotonic() < give_up_at:
            time.sleep(0.1)
        yield cluster
        # A drain whose slot is taken ends at its next poll; without that the cluster would wait for it.
        tasks.seize(1, seconds=1)
        cluster.terminate()
        cluster.wait(timeout=15)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(cluster.pid, signal.SIGKILL)
        cluster.wait()


def redis_answers() -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", 6379), timeout=1):
        return True
    return False


@pytest.mark.skipif(not redis_answers(), reason="no Redis answers on 127.0.0.1:6379")
def test_a_cluster_whose_queue_is_in_redis_texts_everybody_once(
    provider: FakeProvider, tmp_path: Path
) -> None:
    sequence = live_sequence(steps=[("send_message", {"text": "Hello {{ contact.first_name }}"})])
    people = crowd(200)
    stand_at_the_start(sequence, people)
    said, queue = tmp_path / "cluster", f"drip-test-{uuid.uuid4().hex}"

    with cluster_of_django_q2(provider, said, redis_queue=queue):
        enqueue = "from django_q.tasks import async_task; async_task('wagtail_drip.tasks.tick')"
        worker(provider, said, "shell", "-c", enqueue, redis_queue=queue).wait(timeout=30)
        give_up_at = time.monotonic() + 60
        # Between two batches all that is written is sent, and not everybody has been texted.
        while Message.objects.filter(state="sent").count() < len(people):
            assert time.monotonic() < give_up_at, said.read_text()
            time.sleep(0.2)

    assert texted(provider) == Counter(person.phone for person in people)


def test_two_workers_and_a_cluster_at_once_text_five_thousand_people_once_each(
    provider: FakeProvider, tmp_path: Path
) -> None:
    sequence = live_sequence(steps=[("send_message", {"text": "Hello {{ contact.first_name }}"})])
    people = crowd(5000)
    stand_at_the_start(sequence, people)
    said = tmp_path / "cluster"

    with cluster_of_django_q2(provider, said):
        tasks.tick()
        pids = run_workers(provider, 2, tmp_path / "workers")
        give_up_at = time.monotonic() + 60
        while Message.objects.filter(state="sent").count() < 5000 and time.monotonic() < give_up_at:
            time.sleep(0.2)

    assert texted(provider) == Counter(person.phone for person in people), said.read_text()
    assert Message.objects.filter(state="sent").count() == 5000
    shares = Counter(request.headers["X-Worker"] for request in provider.seen)
    of_cluster = sum(number for pid, number in shares.items() if pid not in map(str, pids))
    assert of_cluster > 0, shares
    if connection.vendor == "postgresql":
        assert min(of_cluster, *(shares[str(pid)] for pid in pids)) >= 500, shares

    run_workers(provider, 1, tmp_path / "workers")

    assert sum(texted(provider).values()) == 5000
