"""Does a running installation do its work? For people, and, by its exit code, for supervisors."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.checks import Tags, run_checks
from django.core.management.base import BaseCommand, CommandError

from wagtail_drip.core import clock, databases, traces
from wagtail_drip.reports import alarms, attention, pulse, watchdog
from wagtail_drip.reports.pulse import Pulse

logger = logging.getLogger(__name__)

# What a supervisor does next: call a person, restart the workers, or stop and start the whole cluster.
EXIT_FAULTS = 1
EXIT_CODES = {Pulse.NEVER: 2, Pulse.DEAD: 2, Pulse.WEDGED: 3}


class Command(BaseCommand):
    help = "Check a running installation: settings, workers, queues, and rows that contradict each other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--alive", action="store_true", help="Only ask whether workers live, for a supervisor's probe."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        workers = pulse.workers()
        faults = [workers.sentence] if not workers.are_alive else []
        if not workers.are_alive:
            self._tell(now)
        if not options["alive"]:
            faults += [str(problem) for problem in self._settings()]
            faults += [
                str(finding.sentence) for finding in attention.findings(now=now) if finding.is_critical
            ]
            answers = watchdog.ask(watchdog.ALL, now=now)
            faults += [f"{number} {name}." for name, number in answers.items()]
        for fault in dict.fromkeys(faults):
            self.stdout.write(f"- {fault}")
        if faults:
            code = EXIT_CODES.get(workers.pulse, EXIT_FAULTS)
            raise CommandError("Something needs you; see above.", returncode=code)
        self.stdout.write("All is well.")

    def _tell(self, now: Any) -> None:
        """Write the alarm's e-mails: workers that do not run cannot tell of themselves."""
        try:
            alarms.look(now=now)
        except Exception as error:  # noqa: BLE001 -- the exit code must come whatever fails here
            logger.error("The alarm could not be raised.\n%s", traces.trace_of(error))

    def _settings(self) -> list[Any]:
        found = [problem.message for problem in databases.problems()]
        ours = run_checks(tags=[Tags.database, "wagtail_drip"], databases=["default"])
        return [*found, *(message.msg for message in ours if message.is_serious())]
