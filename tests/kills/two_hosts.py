"""
Two django-q2 clusters on two hosts, on one Redis and one PostgreSQL: more goes, nothing goes twice, one may die.

    python tests/kills/two_hosts.py --orders 1500

Needs root, for the hosts are network namespaces of this machine with addresses of their own, and PostgreSQL and
Redis on 127.0.0.1. Three trials: one host alone; both; both, of which one is killed (kill -9, all of it) when a
third is done. Exit code 1 if a text was doubled or lost.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DRIP_TEST_DB"] = "postgres"
os.environ["DRIP_TEST_NAME"] = os.environ.get("DRIP_TEST_NAME", "drip") + "_hosts"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import django

from tests.kills.cluster import ROOT, THREADS, drip_settings, host_environment
from tests.kills.shop import is_at_rest, judge, open_shop, order

BRIDGE, GATE = "dripbr", "10.89.7.1"
HOSTS = {"drip_a": "10.89.7.11", "drip_b": "10.89.7.12"}
LATENCY_SECONDS = 0.1
PATIENCE_SECONDS = 240


def ip(*arguments: str, may_fail: bool = False) -> None:
    subprocess.run(["ip", *arguments], check=not may_fail, capture_output=True)


@contextmanager
def network() -> Iterator[None]:
    """Two hosts on a bridge, from which our PostgreSQL and Redis are reached at the bridge's address."""
    tear_down()
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{GATE}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for name, address in HOSTS.items():
            ip("netns", "add", name)
            ip("link", "add", f"v{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"v{name}", "master", BRIDGE, "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        relay = [sys.executable, str(ROOT / "tests/kills/relay.py"), GATE, "5432", "6379"]
        with subprocess.Popen(relay) as carrying:
            try:
                yield
            finally:
                carrying.kill()
    finally:
        tear_down()


def tear_down() -> None:
    for name in HOSTS:
        kill_host(name)
        ip("netns", "delete", name, may_fail=True)
        ip("link", "delete", f"v{name}", may_fail=True)
    ip("link", "delete", BRIDGE, may_fail=True)


def kill_host(name: str) -> None:
    """Kill everything that runs on a host, at once."""
    found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in found.stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue


def start_host(name: str, environment: dict[str, str], log: Path) -> None:
    with log.open("ab") as said:
        subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-W", "ignore", "-m", "django", "qcluster"],
            env=environment,
            cwd=ROOT,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    give_up_at = time.monotonic() + 60
    while "running" not in log.read_text(errors="replace"):
        assert time.monotonic() < give_up_at, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)


def trial(*, orders: int, hosts: list[str], kills: str, folder: Path) -> dict[str, Any]:
    """Queue *orders* while nobody works, start the hosts, wait until all is done, and judge."""
    from django.conf import settings
    from django.db import connection, connections

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    log = folder / "provider.jsonl"
    options = ["--calm", "--log", str(log), "--host", GATE, "--latency", str(LATENCY_SECONDS)]
    provider = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/kills/provider.py"), *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert provider.stdout is not None
        drip = drip_settings(f"http://{GATE}:{int(provider.stdout.readline())}")
        settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, **drip}
        open_shop()
        for number in range(orders):
            order(number)
        environment = host_environment(
            str(connection.settings_dict["NAME"]),
            drip,
            prefix=f"drip-hosts-{folder.name}",
            redis={"host": GATE, "port": 6379, "db": 0},
        )
        environment["PGHOST"] = GATE
        connections.close_all()
        for host in hosts:
            start_host(host, environment, folder / f"{host}.log")
        tick(environment)
        _wait(orders, environment, kills=kills, log=log)
        verdict = judge(log, orders=orders)
        moments = sorted(json.loads(line)["at"] for line in log.read_text().splitlines())
        return {
            "hosts": len(hosts),
            "killed": kills,
            "texts": verdict.texts,
            "texts_a_second": round(len(moments) / (moments[-1] - moments[0]), 1),
            "doubles": verdict.doubles,
            "lost": verdict.lost[:10],
            "unknown": verdict.unknown,
            "states": verdict.states,
        }
    finally:
        for host in HOSTS:
            kill_host(host)
        provider.kill()
        provider.wait()
        connections.close_all()
        connection.creation.destroy_test_db(name, verbosity=0)


def tick(environment: dict[str, str]) -> None:
    """Enqueue a tick as the schedule does each minute; the clusters' own come beside it."""
    code = "import django; django.setup(); from django_q.tasks import async_task as a; a('wagtail_drip.tasks.tick')"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, cwd=ROOT, check=True)


def _wait(orders: int, environment: dict[str, str], *, kills: str, log: Path) -> None:
    give_up_at, ticked_at = time.monotonic() + PATIENCE_SECONDS, time.monotonic()
    while time.monotonic() < give_up_at:
        time.sleep(0.3)
        if kills and len(log.read_text().splitlines()) > orders * 2 // 3:
            kill_host(kills)
            kills = ""
        if time.monotonic() - ticked_at > 31:  # half a minute is the tick's lease
            tick(environment)
            ticked_at = time.monotonic()
        if is_at_rest():
            return


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=1500)
    parser.add_argument("--only-the-death", action="store_true", help="only the trial in which a host dies")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    django.setup()
    from wagtail_drip.messaging.outcomes import FLUSH_SECONDS

    a, b = HOSTS
    trials = [([a], ""), ([a, b], ""), ([a, b], a)][2 if given.only_the_death else 0 :]
    results = []
    with network():
        for hosts, kills in trials:
            with tempfile.TemporaryDirectory() as folder:
                results.append(trial(orders=given.orders, hosts=hosts, kills=kills, folder=Path(folder)))
            if not given.json:
                sys.stderr.write(json.dumps(results[-1]) + "\n")
    # A host that dies takes with it, for each of its drains, what its threads had posted, and what was answered
    # within the fifth of a second for which answers are kept before they are written.
    most_unknown = 3 * THREADS * (1 + math.ceil(FLUSH_SECONDS / LATENCY_SECONDS))
    is_well = all(
        not each["doubles"]
        and not each["lost"]
        and each["unknown"] <= (most_unknown if each["killed"] else 0)
        for each in results
    )
    sys.stdout.write(json.dumps({"trials": results, "is_well": is_well}) + "\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
