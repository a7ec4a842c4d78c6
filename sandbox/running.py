"""What `demo.py` does, step by step. Standard library only; Django runs in the environment that it makes."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType

from sandbox import bootstrap
from sandbox.bootstrap import ROOT, Environment, Trouble, say, step
from sandbox.processes import Keeper, Service

DEMO = ROOT / "sandbox" / ".demo"
DATA = DEMO / "data"
LOGS = DEMO / "logs"
MANAGE = ROOT / "sandbox" / "manage.py"
MOST_RESTARTS = 3
READY_SECONDS = 90.0


def main(arguments: list[str]) -> int:
    """Run the sandbox until it is stopped, and return the exit code."""
    options = _options(arguments)
    # A shell starts what it puts behind itself deaf to Ctrl-C; we are to hear it all the same.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    # A closed terminal ends us, too, but for those who asked with nohup that it should not.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _stop)
    try:
        DEMO.mkdir(exist_ok=True)
        with bootstrap.lock(DEMO / "lock", wait_seconds=10) as held:
            _run(options, held)
    except BlockingIOError:
        say(f"The sandbox of this folder is running already: {_noted_address()}")
        return 1
    except Trouble as trouble:
        say(f"\n{trouble}")
        return 1
    except OSError as error:
        say(f"\n{error}\nThe sandbox needs to write to {DEMO}.")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. The data stays; start again with the same command, or from nothing with --fresh.")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo.py", description="Start the wagtail-drip sandbox.")
    parser.add_argument("--port", type=_port, default=8000, help="where the shop answers (8000)")
    parser.add_argument(
        "--fresh", action="store_true", help="start over: delete the environment and the data"
    )
    return parser.parse_args(arguments)


def _port(typed: str) -> int:
    number = int(typed)
    if not 1 <= number <= 65535:
        raise ValueError
    return number


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, held: int) -> None:
    began = time.monotonic()
    say("wagtail-drip sandbox: a tea and coffee shop that texts a simulated phone.")
    if options.fresh:
        _start_over()
    keeper = Keeper()
    keeper.begin(held=[held])
    try:
        _start(options, keeper, began)
        _watch(keeper)
    finally:
        # A second Ctrl-C must not leave half of them running.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        keeper.stop()
        (DEMO / "address").unlink(missing_ok=True)


def _start(options: argparse.Namespace, keeper: Keeper, began: float) -> None:
    environment = bootstrap.prepare(DEMO / "env", groups=["sandbox"], keeper=keeper)
    DATA.mkdir(exist_ok=True)
    LOGS.mkdir(exist_ok=True)
    port = _free_port(options.port)
    address = f"http://127.0.0.1:{port}"
    variables = environment.variables(SANDBOX_PORT=str(port), SANDBOX_DATA=str(DATA))
    _fill_database(environment, port)
    with step("Starting the shop, the worker and the phone"):
        for service in _services(environment, port, variables):
            keeper.start(service)
        _wait_until_ready(keeper, port)
    (DEMO / "address").write_text(address, encoding="utf-8")
    _greet(address, time.monotonic() - began)


def _start_over() -> None:
    with step("Deleting the environment and the data of earlier runs"):
        for path in DEMO.iterdir():
            if path.name == "lock":
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _free_port(wanted: int) -> int:
    """Return the wanted port, or the next one that nobody listens on."""
    for port in range(wanted, min(wanted + 50, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As Django's server does it; without this a port counts as busy for a minute after a stop.
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except PermissionError:
                raise Trouble(
                    f"Port {port} needs special rights; choose one above 1023 with --port."
                ) from None
            except OSError:
                continue
        if port != wanted:
            say(f"· Port {wanted} is busy; taking {port}.")
        return port
    raise Trouble(f"Ports {wanted} to {wanted + 49} are all busy; choose another with --port.")


def _fill_database(environment: Environment, port: int) -> None:
    """Migrate when migrations or packages have changed, and put in whatever the sandbox lacks."""
    migrated = DATA / "migrated.json"
    wanted = _migrations_fingerprint(environment)
    if not (DATA / "sandbox.sqlite3").exists() or _noted(migrated) != wanted:
        with step("Making the database's tables (the first time about half a minute)"):
            _manage(environment, port, "migrate", "--no-input")
        migrated.write_text(json.dumps(wanted), encoding="utf-8")
    with step("Filling the shop: catalogue, people, orders, sequences"):
        _manage(environment, port, "seed_demo")


def _manage(environment: Environment, port: int, *arguments: str) -> None:
    done = environment.run(MANAGE, *arguments, SANDBOX_PORT=str(port), SANDBOX_DATA=str(DATA))
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Trouble(
            f"`manage.py {' '.join(arguments)}` failed. If the data is of an older version, --fresh helps.\n{tail}"
        )


def _migrations_fingerprint(environment: Environment) -> str:
    found = hashlib.sha256((environment.folder / bootstrap.STAMP).read_bytes())
    for folder in ("wagtail_drip", "sandbox"):
        for path in sorted((ROOT / folder).glob("**/migrations/*.py")):
            if DEMO not in path.parents:
                found.update(path.read_bytes())
    return found.hexdigest()


def _noted(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _noted_address() -> str:
    try:
        return (DEMO / "address").read_text(encoding="utf-8")
    except OSError:
        return "it is just starting."


def _services(environment: Environment, port: int, variables: dict[str, str]) -> list[Service]:
    def service(name: str, *arguments: str, debug: str) -> Service:
        return Service(
            name=name,
            command=[environment.python, MANAGE, *arguments],
            variables={**variables, "SANDBOX_DEBUG": debug},
            log=LOGS / f"{name}.log",
        )

    return [
        service("web", "runserver", "--noreload", f"127.0.0.1:{port}", debug="1"),
        # Debugging keeps every query in memory: not for programs that run for days.
        service("worker", "qcluster", debug="0"),
        service("phone", "run_phone", debug="0"),
    ]


def _wait_until_ready(keeper: Keeper, port: int) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        _mend(keeper)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", "/phone/messages.json?number=%2B1")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise Trouble(f"The shop does not answer on port {port}. See {LOGS}")


def _watch(keeper: Keeper) -> None:
    while True:
        time.sleep(0.5)
        _mend(keeper)


def _mend(keeper: Keeper) -> None:
    """Start a service that has ended by itself again, a few times; then give up with its last words."""
    for service in keeper.services:
        if service.process is None or service.process.poll() is None:
            continue
        if service.restarts >= MOST_RESTARTS:
            raise Trouble(
                f"The {service.name} keeps ending. Its last words, from {service.log}:\n{service.tail()}"
            )
        service.restarts += 1
        say(f"\n· The {service.name} has ended (code {service.process.returncode}); starting it again.")
        time.sleep(service.restarts)
        keeper.start(service)


def _greet(address: str, seconds: float) -> None:
    say(
        f"""
The sandbox runs, {seconds:.0f} s after you started it.

  Shop           {address}/
  Wagtail admin  {address}/admin/          log in as admin, password admin
                 (editor, password editor: writes sequences, may not see contacts)
  The phone      {address}/phone/          reads texts, opens links, replies
  Time machine   {address}/time-machine/   moves the clock (log in as admin)
  Customers      amara@example.com and others, password customer

Logs are in {LOGS}
Press Ctrl-C to stop.
"""
    )
