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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

IS_WINDOWS = os.name == "nt"
GRACE_SECONDS = 6.0


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
        self._process = subprocess.Popen(  # noqa: S603 -- our own file
            [sys.executable, "-S", str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            pass_fds=() if IS_WINDOWS else tuple(held),
            **_apart(),
        )
        self._pipe = self._process.stdin

    def start(self, service: Service) -> None:
        with open(service.log, "ab") as log:
            service.process = subprocess.Popen(  # noqa: S603 -- our own programs
                [str(part) for part in service.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=service.variables,
                **_apart(),
            )
        if service not in self.services:
            self.services.append(service)
        if self._pipe is not None:
            self._pipe.write(f"{service.process.pid}\n".encode())
            self._pipe.flush()

    def stop(self) -> None:
        """Stop everything and return when nothing is left."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.wait()
        # The keeper may itself have been killed.
        stop_groups([service.process.pid for service in self.services if service.process])
        for service in self.services:
            if service.process:
                service.process.wait()


def _apart() -> dict[str, object]:
    """A group of its own, so that Ctrl-C in the terminal reaches only the one who decides what it means."""
    if IS_WINDOWS:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return {"start_new_session": True}


def stop_groups(leaders: Sequence[int]) -> None:
    """Ask every process group to end, and kill what has not ended after a few seconds."""
    if IS_WINDOWS:
        for leader in leaders:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(leader)], capture_output=True, check=False)  # noqa: S603, S607
        return
    left = [leader for leader in leaders if _signal(leader, signal.SIGTERM)]
    until = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < until:
        time.sleep(0.05)
        left = [leader for leader in left if _lives(leader)]
    for leader in left:
        _signal(leader, signal.SIGKILL)


def _signal(leader: int, number: int) -> bool:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _lives(leader: int) -> bool:
    """Tell whether the group has a process that is not a zombie waiting to be reaped by its parent."""
    if not _signal(leader, 0):
        return False
    try:
        # Where we are the parent this reaps; elsewhere it says that it is not ours, and the group counts.
        os.waitpid(leader, os.WNOHANG)
    except ChildProcessError:
        return _signal(leader, 0) and not _only_zombies(leader)
    return _signal(leader, 0)


def _only_zombies(leader: int) -> bool:
    """Tell by /proc, where there is one, that nothing of the group runs any more."""
    found = False
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[2]) == leader:
            found = True
            if after_name[0] not in "ZX":
                return False
    return found


def _keep() -> None:
    """Be the keeper: note each group, and stop them all when whoever started us is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    leaders = []
    for line in sys.stdin.buffer:
        leaders.append(int(line))
    stop_groups(leaders)


if __name__ == "__main__":
    _keep()
