"""
Kill workers until it hurts, then ask the provider's log who was texted twice and our ledger what was lost.

    DRIP_TEST_DB=postgres python tests/kills/run.py --kills 200 --provider plain

Six workers at once; nine in ten new ones are condemned to end by SIGKILL at one of the named seams. Beside it some are
frozen (SIGSTOP) for longer than a message's lease and go on then, all connections to the database are cut now
and then, workers' clocks are minutes apart, and the provider misbehaves (provider.py). When every seam has had
its kills, healthy workers finish what is left. Exit code 1 if anything was doubled or lost.

Only the leases that dead workers held on SQLite are shortened by us, where one process at a time may write and
the others would wait for a minute after each kill.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DRIP_TEST_NAME"] = os.environ.get("DRIP_TEST_NAME", "drip") + "_kills"

import django
import requests

from tests.kills.nursery import Nursery
from tests.kills.seams import SEAMS
from tests.kills.shop import Verdict, is_at_rest, judge, open_shop, order

PROVIDER = Path(__file__).with_name("provider.py")
THREADS = 8
LEASE_SECONDS = 14  # ten in reserve, and twice the gateway's time-outs
# Much to do and little in turn: what is due goes the long way through the gate, or straight.
BACKLOGS, BACKLOG_SECONDS = (100, 15), 10
# None is behind the shop's own, or its worker would look at each order only minutes later.
CLOCKS_MINUTES = (4, 0, 2)
SETTLES_SECONDS = 600
WORKERS = 6
CONDEMNED = 0.9  # of the new ones
WARM_UP = 5  # orders


def webhooks() -> WSGIServer:
    """The shop's web process, for receipts; its port is known before it is asked anything."""

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: connections break all the time here."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing: there are thousands."""

    return Server(("127.0.0.1", 0), Quiet)


def serve(web: WSGIServer) -> None:
    from django.core.wsgi import get_wsgi_application

    web.set_app(get_wsgi_application())
    web.serve_forever()


def cut_connections() -> None:
    """End every connection to our database but this one, as a restart of the server does."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        elif connection.vendor == "mysql":
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            )
            for (number,) in cursor.fetchall():
                try:
                    cursor.execute(f"KILL CONNECTION {int(number)}")
                except Exception:  # noqa: BLE001, S112 -- it went by itself meanwhile
                    continue


def restart_server(command: str) -> None:
    """Restart the database server; nobody finds it meanwhile."""
    from django.db import connection

    connection.close()
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)  # noqa: S602 -- whoever runs us gave it


def backlog() -> int:
    """Return what the worker whose clock is ahead of all could do now."""
    from django.utils import timezone

    from wagtail_drip.events.models import Event, Notice
    from wagtail_drip.messaging.models import Message

    now = timezone.now() + timedelta(minutes=max(CLOCKS_MINUTES))
    return (
        Notice.objects.filter(due_at__lte=now).count()
        + Event.objects.filter(match_due_at__lte=now).count()
        + Message.objects.filter(due_at__lte=now).count()
    )


def shorten_leases_of_the_dead() -> None:
    from django.db import connection

    from wagtail_drip.core import clock
    from wagtail_drip.core.models import Lease

    if connection.vendor == "sqlite":
        Lease.objects.filter(name__in=["sqlite:writer", "send"]).update(until=clock.lease_now())


def trial(
    *, kills: int, seams: list[str], minutes: float, kind: str, seed: int, folder: Path, restart: str
) -> tuple[Verdict, Counter[str]]:
    """Open the shop in a fresh test database, kill, let the rest finish, and judge."""
    from django.conf import settings

    chance = random.Random(seed)
    log, web = folder / "provider.jsonl", webhooks()
    provider = subprocess.Popen(
        [sys.executable, str(PROVIDER), "--log", str(log), "--seed", str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert provider.stdout is not None
    at = f"http://127.0.0.1:{int(provider.stdout.readline())}"
    nursery = Nursery(chance)
    try:
        settings.WAGTAIL_DRIP = {
            **settings.WAGTAIL_DRIP,
            **_drip_settings(kind, at),
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{web.server_port}",
        }
        nursery.helpers.append(nursery.fork(lambda: serve(web)))
        open_shop()
        _warm_up()
        cut = partial(restart_server, restart) if restart else cut_connections
        orders = _kill(nursery, kills=kills, seams=seams, minutes=minutes, chance=chance, cut=cut)
        _settle(nursery, at)
    finally:
        nursery.dismiss()
        provider.kill()
        provider.wait()
    return judge(log, orders=orders), nursery.kills


def _warm_up() -> None:
    """Do a few orders here, for what a worker makes once, such as hot queries, all that are forked have then."""
    from wagtail_drip import tasks

    for number in range(WARM_UP):
        order(number)
    for _ in range(2):  # then with receipts as well
        tasks.run_until_idle()
        time.sleep(1)


def _drip_settings(kind: str, provider: str) -> dict[str, object]:
    from tests.kills.provider import TOKEN

    backend = {"plain": "PlainGateway", "keyed": "KeyedGateway"}[kind]
    return {
        "GATEWAYS": {
            "default": {
                "BACKEND": f"tests.kills.gateways.{backend}",
                "OPTIONS": {"token": TOKEN, "url": f"{provider}/{kind}/messages"},
            }
        },
        "SENDER_SEGMENTS_PER_SECOND": 0,
        "CLOCK_SHIFT": False,
        "SEND_THREADS": THREADS,
        "SEND_BATCH": 20,
        "ADVANCE_BATCH": 20,
        "MESSAGE_LEASE_SECONDS": LEASE_SECONDS,
    }


def _kill(
    nursery: Nursery,
    *,
    kills: int,
    seams: list[str],
    minutes: float,
    chance: random.Random,
    cut: Callable[[], None],
) -> int:
    """Hire and lose workers until every seam has had its kills, and return how many orders came in meanwhile."""
    from django.db import DatabaseError, connection

    for place in range(WORKERS):
        nursery.hire(place, minutes=CLOCKS_MINUTES[place % len(CLOCKS_MINUTES)])
    orders, next_cut, next_freeze, next_word = WARM_UP, time.monotonic() + 5, time.monotonic() + 3, 0.0
    ends_at = time.monotonic() + 60 * minutes
    while time.monotonic() < ends_at and any(nursery.kills[seam] < kills for seam in seams):
        places = nursery.bury()
        if places:
            shorten_leases_of_the_dead()
        for place in places:
            left = [seam for seam in seams if nursery.kills[seam] < kills]
            # Now and then one is not, so that something gets done as well.
            seam = chance.choice(left) if left and chance.random() < CONDEMNED else ""
            minutes = chance.choice(CLOCKS_MINUTES) if place else max(CLOCKS_MINUTES)
            nursery.hire(place, seam=seam, nth=chance.choice((1, 1, 2, 3)), minutes=minutes)
        try:
            much = BACKLOGS[int(time.monotonic() / BACKLOG_SECONDS) % 2]
            if (lacking := much - backlog()) > 0:
                for _ in range(min(lacking, 20)):
                    order(orders)
                    orders += 1
        except DatabaseError:
            connection.close()
        now = time.monotonic()
        if now > next_freeze:
            nursery.freeze_somebody(seconds=LEASE_SECONDS + 3)
            next_freeze = now + 60
        nursery.thaw()
        if now > next_cut:
            cut()
            nursery.kills["cut off"] += 1
            next_cut = now + 20
        _dismiss_an_idle_one(nursery, chance)
        if now > next_word:
            told = dict(sorted(nursery.kills.items()))
            sys.stderr.write(f"{orders} orders, backlog {backlog()}, kills {told}\n")
            next_word = now + 10
        time.sleep(0.02)
    return orders


def _dismiss_an_idle_one(nursery: Nursery, chance: random.Random) -> None:
    """Kill somebody who is condemned to nothing, wherever he is, so that all places get their turn."""
    free = [pid for pid, (place, seam) in nursery.workers.items() if not seam and place]
    if free and chance.random() < 0.3:
        os.kill(chance.choice(free), signal.SIGKILL)


def _settle(nursery: Nursery, provider: str) -> None:
    """Let healthy workers, whose clocks are ahead, finish what is left while the provider behaves."""
    nursery.thaw(everybody=True)
    for pid in list(nursery.workers):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    nursery.workers = {}
    requests.post(f"{provider}/calm", timeout=10).raise_for_status()
    shorten_leases_of_the_dead()
    for place in range(2):
        nursery.hire(place, minutes=max(CLOCKS_MINUTES))
    give_up_at, quiet = time.monotonic() + SETTLES_SECONDS, 0
    while quiet < 5 and time.monotonic() < give_up_at:
        quiet = quiet + 1 if is_at_rest() else 0
        time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="at each seam")
    parser.add_argument("--seams", nargs="*", default=list(SEAMS), choices=list(SEAMS))
    parser.add_argument("--minutes", type=float, default=600, help="end the killing then, and judge")
    parser.add_argument("--provider", choices=["plain", "keyed"], default="plain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--restart",
        default="",
        metavar="COMMAND",
        help="restart the server by it instead of cutting connections",
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    django.setup()
    import logging

    from django.db import connection, connections

    logging.disable(logging.CRITICAL)  # thousands of broken connections, all of our own making
    name, began = connection.settings_dict["NAME"], time.monotonic()
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            verdict, kills = trial(
                kills=given.kills,
                seams=given.seams,
                minutes=given.minutes,
                kind=given.provider,
                seed=given.seed,
                folder=Path(folder),
                restart=given.restart,
            )
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(name, verbosity=0)
    # What can be left unknown: what was in the threads of a worker that died there or slept, and what the
    # provider itself left open.
    # Who is only cut off writes down what it was told as soon as the database is back.
    struck = sum(
        n for seam, n in kills.items() if seam != "cut off" and (seam not in SEAMS or SEAMS[seam].posts)
    )
    most_unknown = struck * THREADS + sum(verdict.vices.values()) if given.provider == "plain" else 0
    is_well = (
        not verdict.doubles and not verdict.lost and not verdict.watchdog and verdict.unknown <= most_unknown
    )
    found = {
        "database": connection.vendor,
        "provider": given.provider,
        "kills": dict(sorted(kills.items())),
        "seconds": round(time.monotonic() - began),
        **asdict(verdict),
        "most_unknown": most_unknown,
        "is_well": is_well,
    }
    if len(found["lost"]) > 20:
        found["lost"] = [*found["lost"][:20], f"and {len(found['lost']) - 20} more"]
    sys.stdout.write(json.dumps(found, indent=None if given.json else 2) + "\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
