"""Does a running installation do its work? For people, and, by its exit code, for supervisors."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.checks import Tags, run_checks
from django.core.management.base import BaseCommand, CommandError

from wagtail_drip import tasks
from wagtail_drip.core import clock, databases
from wagtail_drip.reports import attention, watchdog


class Command(BaseCommand):
    help = "Check a running installation: settings, workers, queues, and rows that contradict each other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--alive", action="store_true", help="Only ask whether workers live, for a supervisor's probe."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        faults = self._workers()
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
            raise CommandError("Something needs you; see above.")
        self.stdout.write("All is well.")

    def _workers(self) -> list[str]:
        age = tasks.tick_age()
        if age is None:
            return ["No worker has run yet. Start a django-q2 cluster, or drip_run_due --loop."]
        if age > attention.LATEST_TICK:
            return [f"No worker has run for {int(age.total_seconds())} seconds. Restart the workers."]
        return []

    def _settings(self) -> list[Any]:
        found = [problem.message for problem in databases.problems()]
        ours = run_checks(tags=[Tags.database, "wagtail_drip"], databases=["default"])
        return [*found, *(message.msg for message in ours if message.is_serious())]
