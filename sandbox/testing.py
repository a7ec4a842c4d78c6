"""What `tests/run.py` does: an environment, the drivers of the databases that answer, and pytest. Standard library only."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from sandbox import bootstrap
from sandbox.bootstrap import ROOT, Environment, Trouble, say, step
from sandbox.processes import Keeper

FOLDER = ROOT / "tests" / ".env"


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database that tests/settings.py knows, by the name that DRIP_TEST_DB gives it."""

    name: str
    label: str
    extra: str = ""
    module: str = ""
    port: int = 0


SQLITE = Database(name="sqlite", label="SQLite")
SERVERS = (
    Database(name="postgres", label="PostgreSQL", extra="postgres", module="psycopg", port=5432),
    Database(name="mariadb", label="MariaDB", extra="mariadb", module="MySQLdb", port=3306),
)


def main(arguments: list[str]) -> int:
    """Pass the tests with these arguments for pytest, and return pytest's exit code."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        with bootstrap.lock(FOLDER / "lock", wait_seconds=600) as held:
            keeper = Keeper()
            keeper.begin(held=[held])
            try:
                environment = bootstrap.prepare(FOLDER / "python", groups=["test"], keeper=keeper)
                usable = [SQLITE, *(server for server in SERVERS if _is_usable(server, environment))]
            finally:
                keeper.stop()
        chosen = choose(os.environ.get("DRIP_TEST_DB", "sqlite"), usable)
        say(f"· Testing on {', '.join(database.label for database in chosen)}.{_others(chosen, usable)}")
        codes = [_pytest(environment, database, arguments) for database in chosen]
    except BlockingIOError:
        say("Another run is still making the environment in tests/.env/; wait for it.")
        return 1
    except Trouble as trouble:
        say(f"\n{trouble}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    return next((code for code in codes if code), 0)


def choose(wanted: str, usable: list[Database]) -> list[Database]:
    """
    Return the databases named in *wanted*: one, several with commas, or `all` that are usable.

    :raises Trouble: one is unknown or cannot be used here.
    """
    if wanted == "all":
        return usable
    by_name = {database.name: database for database in usable}
    known = {database.name for database in (SQLITE, *SERVERS)}
    chosen = []
    for name in wanted.split(","):
        if name not in known:
            raise Trouble(f"DRIP_TEST_DB is {name!r}; it may be {', '.join(sorted(known))} or all.")
        if name not in by_name:
            raise Trouble(
                f"DRIP_TEST_DB asks for {name}, but no such server answers on 127.0.0.1 (or its driver is missing)."
            )
        chosen.append(by_name[name])
    return chosen


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _is_usable(database: Database, environment: Environment) -> bool:
    if not answers(_port_of(database)):
        return False
    if environment.run("-c", f"import {database.module}").returncode == 0:
        return True
    try:
        with step(f"{database.label} answers on 127.0.0.1: installing its driver"):
            bootstrap.install(environment, bootstrap.optional(database.extra))
    except Trouble:
        say(
            f"  The driver of {database.label} does not install here, so its tests are left out. See {environment.log}"
        )
        return False
    return environment.run("-c", f"import {database.module}").returncode == 0


def _port_of(database: Database) -> int:
    return int(os.environ.get("PGPORT") or 5432) if database.name == "postgres" else database.port


def answers(port: int) -> bool:
    """Tell whether somebody listens on this port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _others(chosen: list[Database], usable: list[Database]) -> str:
    others = [database for database in usable if database not in chosen]
    if not others:
        return ""
    named = " and ".join(database.label for database in others)
    return f" {named} could be tested, too: DRIP_TEST_DB={others[0].name if len(others) == 1 else 'all'}."


def _pytest(environment: Environment, database: Database, arguments: list[str]) -> int:
    """Run pytest in the foreground; Ctrl-C reaches it as well, and it says its last words itself."""
    command = [str(environment.python), "-m", "pytest", *(_absolute(argument) for argument in arguments)]
    # Two copies of the project must not meet in one test database.
    own_name = f"drip_{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
    variables = environment.variables(
        DRIP_TEST_DB=database.name, DRIP_TEST_NAME=os.environ.get("DRIP_TEST_NAME") or own_name
    )
    with subprocess.Popen(command, cwd=ROOT, env=variables) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def _absolute(argument: str) -> str:
    """Return a path, perhaps with a test's name behind it, as seen from the root, where pytest runs."""
    path, colons, name = argument.partition("::")
    if argument.startswith("-") or not Path(path).exists():
        return argument
    return f"{Path(path).resolve()}{colons}{name}"
