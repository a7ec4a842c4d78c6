"""
A real django-q2 cluster, one of whose idle workers is killed: it lives, it enqueues, and runs nothing any more.

    DRIP_TEST_DB=postgres python tests/kills/wedge.py

Says after how long ``drip_check`` named it, and whether the remedy it tells, the whole cluster started anew, sent what
had waited. Takes seven minutes, for nobody is called dead before three. Exit code 1 if it was not named, or a text
was doubled or lost.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DRIP_TEST_NAME"] = os.environ.get("DRIP_TEST_NAME", "drip") + "_wedge"

import django

from tests.kills.cluster import ROOT, drip_settings, host_environment
from tests.kills.shop import is_at_rest, judge, open_shop, order

WORKERS = 2
ORDERS = 20
WEDGED = 3  # drip_check's exit code
LONGEST_SECONDS = 420


def cluster(database: str, drip: dict[str, Any], log: Path) -> subprocess.Popen[bytes]:
    """Start a cluster on the ORM broker and return its main process."""
    with log.open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "django", "qcluster"],
            env=host_environment(database, drip, orm="default", workers=WORKERS),
            cwd=ROOT,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def kill_whole(running: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def children(pid: int) -> list[int]:
    """Return the processes that one has started, as Linux tells."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_workers(running: subprocess.Popen[bytes]) -> int:
    """Kill the workers one after the other, of whom one that idles holds the lock of the queue; return how many."""
    (sentinel,) = children(running.pid)
    # They are made before the pusher and the monitor, as many as there shall be.
    workers = sorted(children(sentinel))[:WORKERS]
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        time.sleep(1)
    return len(workers)


def exit_code() -> int:
    from django.core.management import CommandError, call_command
    from django.db import connection

    connection.close()
    try:
        call_command("drip_check", "--alive", stdout=StringIO())
    except CommandError as error:
        return error.returncode
    return 0


def seconds_until(is_so: Callable[[], bool]) -> float:
    """Return how long it took; -1 if it never came."""
    began = time.monotonic()
    while time.monotonic() - began < LONGEST_SECONDS:
        if is_so():
            return round(time.monotonic() - began, 1)
        time.sleep(1)
    return -1


def trial(folder: Path) -> dict[str, Any]:
    from django.conf import settings
    from django.db import connection, connections

    from wagtail_drip import tasks

    log = folder / "provider.jsonl"
    provider = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/kills/provider.py"), "--calm", "--log", str(log)],
        stdout=subprocess.PIPE,
        text=True,
    )
    running = None
    try:
        assert provider.stdout is not None
        drip = {**drip_settings(f"http://127.0.0.1:{int(provider.stdout.readline())}"), "DRAINS": 1}
        settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, **drip}
        open_shop()
        tasks.make_schedule_after_migrate()
        database = str(connection.settings_dict["NAME"])
        connections.close_all()
        running = cluster(database, drip, folder / "cluster.log")
        alive = seconds_until(lambda: exit_code() == 0)
        killed = kill_workers(running)
        for number in range(ORDERS):
            order(number)
        named = seconds_until(lambda: exit_code() == WEDGED)
        kill_whole(running)
        running = cluster(database, drip, folder / "cluster.log")
        well = seconds_until(lambda: exit_code() == 0 and is_at_rest())
    finally:
        if running is not None:
            kill_whole(running)
        provider.kill()
        provider.wait()
    verdict = judge(log, orders=ORDERS)
    return {
        "first tick after": alive,
        "workers killed": killed,
        "named after": named,
        "well again after": well,
        "texts": verdict.texts,
        "doubles": verdict.doubles,
        "lost": verdict.lost,
        "is_well": named > 0 and well > 0 and not verdict.doubles and not verdict.lost,
    }


def main() -> int:
    django.setup()
    from django.db import connection, connections

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = trial(Path(folder))
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(name, verbosity=0)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if found["is_well"] else 1


if __name__ == "__main__":
    sys.exit(main())
