"""
Processes that never outlive the one that started them. Standard library only.

Each service has a process group of its own. A keeper, one more small process, knows the groups and holds
the reading end of a pipe whose writing end only we have: when we end, in whatever way (also `kill -9`),
the pipe ends, and the keeper stops every group. So there is one way to stop, and it is always tried.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

IS_WINDOWS = os.name == "nt"
GRACE_SECONDS = 5.0


@dataclass(kw_only=True)
class Service:
    """One program that runs for as long as the sandbox, and its log."""

    name: str
    command: Sequence[str | Path]
    variables: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0

    def tail(self, lines: int = 12) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])


@dataclass(kw_only=True)
class Keeper:
    """Starts services and promises that they stop."""

    services: list[Service] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _pipe: IO[bytes] | None = None

    def begin(self, *, held: Sequence[int] = ()) -> None:
        """Start the keeper; it also keeps the file descriptors *held* open until everything has stopped."""
        self._process = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            pass_fds=() if IS_WINDOWS else tuple(held),
            **apart(),
        )
        self._pipe = self._process.stdin

    def start(self, service: Service) -> None:
        with open(service.log, "ab") as log:
            service.process = subprocess.Popen(
                [str(part) for part in service.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=service.variables,
                **apart(),
            )
        if service not in self.services:
            self.services.append(service)
        self.watch(service.process.pid)

    def watch(self, leader: int) -> None:
        """Have this process group stopped when we end."""
        self._tell(f"+{leader}")

    def forget(self, leader: int) -> None:
        """Leave this group alone from now on: it has ended, and its number may come to be another's."""
        self._tell(f"-{leader}")

    def _tell(self, words: str) -> None:
        if self._pipe is None:
            return
        # A keeper that was killed hears nothing; we then stop everything ourselves.
        with suppress(BrokenPipeError):
            self._pipe.write(f"{words}\n".encode())
            self._pipe.flush()

    def stop(self) -> None:
        """Stop everything and return when nothing is left."""
        if self._pipe is not None:
            with suppress(BrokenPipeError):
                self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.wait()
        # The keeper may itself have been killed.
        stop_groups([service.process.pid for service in self.services if service.process])
        for service in self.services:
            if service.process:
                service.process.wait()


def apart() -> dict[str, Any]:
    """A group of its own, so that Ctrl-C in the terminal reaches only the one who decides what it means."""
    if IS_WINDOWS:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return {"start_new_session": True}


def stop_groups(leaders: Sequence[int]) -> None:
    """Ask every process group to end, and kill what has not ended after a few seconds."""
    if IS_WINDOWS:
        for leader in leaders:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(leader)], capture_output=True, check=False)  # noqa: S607
        return
    # Only the leader is asked at first: a worker's leader ends its own processes in order, and would wait
    # for the answers of children that were asked behind its back. What it leaves behind is asked next.
    left = [leader for leader in leaders if _tell(os.kill, leader, signal.SIGTERM) or _group_lives(leader)]
    until = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < until:
        time.sleep(0.05)
        for leader in left:
            if not _runs(leader):
                _tell(os.killpg, leader, signal.SIGTERM)
        left = [leader for leader in left if _group_lives(leader)]
    for leader in left:
        _tell(os.killpg, leader, signal.SIGKILL)
    until = time.monotonic() + 2
    while any(_group_lives(leader) for leader in left) and time.monotonic() < until:
        time.sleep(0.02)


def _tell(tell: Callable[[int, int], None], number: int, signal_number: int) -> bool:
    try:
        tell(number, signal_number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _runs(process: int) -> bool:
    """Tell whether a process has not ended yet; where it is our child, this also takes note of its end."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return _tell(os.kill, process, 0) and _state(process)[0] not in "ZX"


def _group_lives(leader: int) -> bool:
    """Tell whether the group has a process that is more than a zombie, which only waits to be noticed."""
    if _runs(leader):
        return True
    if not _tell(os.killpg, leader, 0):
        return False
    members = [_state(int(folder.name)) for folder in Path("/proc").glob("[0-9]*")]
    # Without /proc (macOS) any member counts as alive; zombies there are soon taken by launchd.
    return not members or any(group == leader and state not in "ZX" for state, group in members)


def _state(process: int) -> tuple[str, int]:
    """Return the state's letter and the group of a process, as /proc tells them; "?" where it does not."""
    try:
        after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "?", 0
    return after_name[0], int(after_name[2])


def _keep() -> None:
    """Be the keeper: note each group, and stop them all when whoever started us is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    leaders: set[int] = set()
    for line in sys.stdin:
        (leaders.add if line[0] == "+" else leaders.discard)(int(line[1:]))
    stop_groups(sorted(leaders))


if __name__ == "__main__":
    _keep()
