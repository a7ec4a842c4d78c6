"""Messages a second from due enrolment to a gateway that does nothing, beside others, in one run.

    python tests/benchmarks/throughput.py --people 10000 --database postgres

Wants an environment with our test dependencies; makes one of its own for django-drip-campaigns. Ratios are
what counts: machines differ. The peers only render and note; ours also asks permission, suppression, windows,
guards and holds under a lock, and writes outbox, ledger, visits and tallies.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ["django-drip-campaigns==1.16.2", "django-q2>=1.8", "Django>=5.2,<5.3", "psycopg[binary]>=3.2"]
NAME = "drip_benchmark_peer"


def run(python: str, *arguments: str, database: str) -> dict[str, float]:
    env = {**os.environ, "DRIP_TEST_DB": database, "PEER_DATABASE": NAME}
    done = subprocess.run(
        [python, *arguments], env=env, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def peers_python() -> str:
    """Return the interpreter of the peers' environment, made at the first run."""
    folder = Path(os.environ.get("DRIP_PEERS_ENV") or Path(tempfile.gettempdir()) / "drip-benchmark-peers")
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS], check=True)
    return str(python)


def fresh_peer_database(database: str) -> None:
    if database == "postgres":
        import psycopg

        user, host = os.environ.get("PGUSER", "postgres"), os.environ.get("PGHOST", "127.0.0.1")
        with psycopg.connect(f"user={user} host={host} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {NAME}")
    else:
        for rest in Path(tempfile.gettempdir()).glob(f"{NAME}.sqlite3*"):
            rest.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    given = parser.parse_args()
    people, database = ["--people", str(given.people)], given.database
    rates: dict[str, float] = {}
    ours = str(HERE / "ours.py")
    variants = {"wagtail-drip, one message a call": [], "wagtail-drip, 100 a call": ["--recipients", "100"]}
    if database == "postgres":
        variants["wagtail-drip, 100 a call, two workers"] = ["--recipients", "100", "--workers", "2"]
    for label, options in variants.items():
        found = run(sys.executable, ours, *people, *options, database=database)
        rates[label] = found["sent"] / found["seconds"]
        cpu = found.get("cpu_microseconds_a_message", "?")
        print(
            f"{label}: {rates[label]:,.0f}/s, {cpu} us CPU each; statements: {found['statements']}",
            flush=True,
        )
    python = peers_python()
    for label, peer in {
        "django-drip-campaigns": "drip_campaigns",
        "one django-q2 task a message": "q2_per_message",
    }.items():
        fresh_peer_database(database)
        found = run(python, str(HERE / "peers.py"), peer, *people, database=database)
        rates[label] = found["sent"] / found["seconds"]
        note = "" if found["sent"] >= given.people else f" (only {found['sent']} of {given.people} in time)"
        print(f"{label}: {rates[label]:,.0f}/s{note}", flush=True)
    best = max(rate for label, rate in rates.items() if label.startswith("wagtail-drip"))
    for label in list(rates)[-2:]:
        print(f"ours is {best / rates[label]:.1f} times {label}")
    shutil.rmtree(HERE / "__pycache__", ignore_errors=True)


if __name__ == "__main__":
    main()
