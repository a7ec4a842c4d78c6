"""Passes in the foreground: for cron, for tests, for seeing what happens, and as a worker without django-q2."""

from __future__ import annotations

import os
import signal
from argparse import ArgumentParser
from datetime import datetime
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wagtail_drip import tasks
from wagtail_drip.conf import settings
from wagtail_drip.core import databases


class Command(BaseCommand):
    help = "Do everything that is due: take in what was told, move sequences on, send, read receipts, count."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--until-idle", action="store_true", help="Pass after pass until nothing is left to do."
        )
        parser.add_argument(
            "--loop", action="store_true", help="Go on until stopped: a worker without django-q2."
        )
        parser.add_argument(
            "--now", metavar="ISO", help="Pretend that it is this moment. Only in the sandbox and in tests."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            databases.refuse_unless_safe()
        except databases.UnsafeDatabase as error:
            raise CommandError(str(error)) from error
        if options["loop"]:
            if options["now"]:
                raise CommandError("--now stands still and --loop goes on: use one of them.")
            self._loop()
            return
        slot = tasks.seize_free_slot()
        try:
            now = _moment(options["now"])
            run = tasks.run_until_idle if options["until_idle"] else tasks.one_pass
            done = run(now=now, slot=slot.name)
        finally:
            tasks.leave(slot)
        if options["verbosity"]:
            self.stdout.write(f"{done} rows done.")

    def _loop(self) -> None:
        stopping: list[int] = []

        def stop(signum: int, frame: FrameType | None) -> None:
            # The pass under way is finished first: nothing would be lost, but messages would wait for recovery.
            if stopping:
                raise SystemExit(128 + signum)
            stopping.append(signum)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        slot = tasks.seize_free_slot()
        self.stdout.write(f"Working as {slot.name} in process {os.getpid()}; Ctrl-C ends it after its pass.")
        tasks.loop(slot, seconds=None, should_stop=lambda: bool(stopping))


def _moment(text: str | None) -> datetime | None:
    """:raises CommandError: if the moment cannot be read, or this installation's clock is the real one."""
    if not text:
        return None
    if not settings.CLOCK_SHIFT:
        raise CommandError(
            "--now needs WAGTAIL_DRIP['CLOCK_SHIFT'] = True: it is for the sandbox and for tests."
        )
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError("--now is not a moment in ISO 8601, such as 2026-11-22T12:00+00:00.") from error
    if moment.tzinfo is None:
        raise CommandError("--now needs its offset from UTC, such as 2026-11-22T12:00+00:00.")
    return moment
