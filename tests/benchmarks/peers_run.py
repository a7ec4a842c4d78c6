"""Runs the peers, each in a process of an environment of their own, which the first run makes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "drip_benchmark_peer"
PEERS = {
    "django-drip-campaigns": "drip_campaigns",
    "django-post_office": "post_office",
    "one django-q2 task a message": "q2_per_message",
    "one Celery task a message": "celery_per_message",
}


def rates(people: int) -> Iterator[tuple[str, float]]:
    """Yield each peer's messages a second, on the database of this run; none on MariaDB."""
    from django.db import connection

    if connection.vendor == "mysql":
        return
    python = _python()
    for name, peer in PEERS.items():
        _fresh_database(connection.vendor)
        done = subprocess.run(
            [python, str(HERE / "peers.py"), peer, "--people", str(people)],
            env={**os.environ, "PEER_DATABASE": NAME, "DJANGO_SETTINGS_MODULE": "peer_settings"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")
        found = json.loads(done.stdout.strip().splitlines()[-1])
        yield name, found["sent"] / found["seconds"]


def _python() -> str:
    """Return the interpreter of the peers' environment; it is made anew when their requirements change."""
    requirements = HERE / "peers-requirements.txt"
    mark = hashlib.sha256(requirements.read_bytes()).hexdigest()[:8]
    folder = Path(os.environ.get("DRIP_PEERS_ENV") or Path(tempfile.gettempdir()) / f"drip-peers-{mark}")
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(requirements)], check=True)
        (folder / "made").touch()
    return str(python)


def _fresh_database(vendor: str) -> None:
    if vendor == "postgresql":
        import psycopg

        user, host = os.environ.get("PGUSER", "postgres"), os.environ.get("PGHOST", "127.0.0.1")
        with psycopg.connect(f"user={user} host={host} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {NAME}")
    else:
        for rest in Path(tempfile.gettempdir()).glob(f"{NAME}.sqlite3*"):
            rest.unlink()
