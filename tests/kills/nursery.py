"""Workers that are hired to be killed: forked, condemned, frozen and buried."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

from tests.kills.seams import arm

_LIFE_SECONDS = 24 * 3600  # longer than any trial: who ends by itself is a fault
CUT_OFF = 7  # the exit code of a worker who found no database


class Nursery:
    """Workers, forked from this process, which has everything loaded and no connection open."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.workers: dict[
            int, tuple[int, str]
        ] = {}  # pid -> (place, the seam it is condemned to; '' if none)
        self.kills: Counter[str] = Counter()
        self.frozen: dict[int, float] = {}
        self.helpers: list[int] = []

    def fork(self, work: Callable[[], object]) -> int:
        from django.db import connections

        connections.close_all()
        pid = os.fork()
        if pid:
            return pid
        _become(work)

    def hire(self, place: int, *, seam: str = "", nth: int = 1, minutes: int = 0) -> None:
        def work() -> None:
            from django.db import Error
            from django.utils import timezone

            from wagtail_drip import tasks
            from wagtail_drip.messaging import recovery, send_due

            ours = timezone.now
            timezone.now = lambda: ours() + timedelta(minutes=minutes)
            if seam:
                arm(seam, nth=nth)
            # Short passes, so that whoever is condemned comes by every seam soon.
            tasks.POLL_SECONDS = send_due._REFILL_SECONDS = 0.1
            # Nobody waits for ten minutes for those who happened to be beside five dead.
            recovery._SUSPECT_SECONDS = recovery._APART_SECONDS = 1.0
            try:
                slot = tasks.seize(place, seconds=_LIFE_SECONDS)
            except Error:  # cut off before it began: whoever starts workers starts another
                os._exit(CUT_OFF)
            tasks.loop(slot, seconds=_LIFE_SECONDS)

        self.workers[self.fork(work)] = (place, seam)

    def bury(self) -> list[int]:
        """Return the places of those who died since, and count by which seam."""
        places = []
        for pid in list(self.workers):
            gone, status = os.waitpid(pid, os.WNOHANG)
            if not gone:
                continue
            place, seam = self.workers.pop(pid)
            self.frozen.pop(pid, None)
            if os.WIFSIGNALED(status):
                self.kills[seam or "anywhere"] += 1
            elif os.WEXITSTATUS(status) != CUT_OFF:
                raise RuntimeError(f"The worker of seam {seam!r} ended by itself: {status}")
            places.append(place)
        return places

    def freeze_somebody(self, *, seconds: float) -> None:
        awake = [pid for pid in self.workers if pid not in self.frozen]
        if awake and not self.frozen:
            pid = self.chance.choice(awake)
            os.kill(pid, signal.SIGSTOP)
            self.frozen[pid] = time.monotonic() + seconds
            self.kills["frozen"] += 1

    def thaw(self, *, everybody: bool = False) -> None:
        for pid, until in list(self.frozen.items()):
            if everybody or time.monotonic() > until:
                del self.frozen[pid]
                os.kill(pid, signal.SIGCONT)

    def dismiss(self) -> None:
        self.thaw(everybody=True)
        for pid in [*self.workers, *self.helpers]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.workers, self.helpers = {}, []


def _become(work: Callable[[], object]) -> NoReturn:
    """What a forked child does: its work, and then nothing of its parent's."""
    try:
        work()
    except BaseException:  # noqa: BLE001 -- told on its way out; the parent's own code must never run here
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)
