"""Whatever way the sandbox ends, nothing that it started goes on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox import bootstrap, running
from sandbox.bootstrap import Trouble
from sandbox.processes import Keeper, Service

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups")

# A service with a child of its own, like a worker; both tell their numbers and then wait.
SERVICE = """
import os, signal, subprocess, sys, time
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(300)
"""
STARTER = """
import sys, time
from pathlib import Path
from sandbox.processes import Keeper, Service
keeper = Keeper()
keeper.begin()
for name in ("polite", "stubborn"):
    keeper.start(Service(name=name, command=[sys.executable, "-c", sys.argv[1], name], variables={}, log=Path(sys.argv[2], name)))
print(keeper._process.pid, flush=True)
time.sleep(300)
"""


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended; only its parent has not asked yet.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def wait_for(condition: object, seconds: float = 12) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def numbers_in(path: Path) -> list[int]:
    assert wait_for(lambda: path.exists() and len(path.read_text().split()) == 2)
    return [int(word) for word in path.read_text().split()]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "terminated"])
def test_nothing_outlives_a_starter_that_is_killed(tmp_path: Path, end: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, SERVICE, tmp_path],
        env={**os.environ, "PYTHONPATH": str(bootstrap.ROOT)},
        stdout=subprocess.PIPE,
    )
    with starter:
        assert starter.stdout is not None
        started = [int(starter.stdout.readline())]
        started += numbers_in(tmp_path / "polite") + numbers_in(tmp_path / "stubborn")
        assert all(lives(pid) for pid in started)

        starter.send_signal(end)

    assert wait_for(lambda: not any(lives(pid) for pid in started)), [pid for pid in started if lives(pid)]


def test_stopping_ends_children_too_even_if_the_keeper_itself_was_killed(tmp_path: Path) -> None:
    keeper = Keeper()
    keeper.begin()
    keeper.start(
        Service(name="polite", command=[sys.executable, "-c", SERVICE], variables={}, log=tmp_path / "log")
    )
    started = numbers_in(tmp_path / "log")
    assert keeper._process is not None
    keeper._process.kill()
    keeper._process.wait()

    keeper.stop()

    assert not any(lives(pid) for pid in started)


def test_a_busy_port_gives_way_to_the_next_free_one(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        chosen = running._free_port(port)

    assert port < chosen < port + 50
    assert f"Port {port} is busy; taking {chosen}." in capsys.readouterr().out


def test_a_service_that_keeps_ending_is_given_up_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.time, "sleep", lambda seconds: None)
    keeper = Keeper()
    service = Service(
        name="worker",
        command=[sys.executable, "-c", "raise SystemExit('no table')"],
        variables={},
        log=tmp_path / "log",
    )
    keeper.start(service)

    with pytest.raises(Trouble, match="no table"):
        running._watch(keeper)

    assert service.restarts == running.MOST_RESTARTS
