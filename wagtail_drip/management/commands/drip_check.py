"""Does a running installation do its work? For people, and, by its exit code, for supervisors."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.checks import Tags, run_checks
from django.core.management.base import BaseCommand, CommandError

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import audit
from wagtail_drip.contacts.projection import Difference
from wagtail_drip.core import claims, clock, databases, traces
from wagtail_drip.reports import alarms, attention, pulse, watchdog
from wagtail_drip.reports.pulse import Pulse
from wagtail_drip.stores import tallies

logger = logging.getLogger(__name__)

# What a supervisor does next: call a person, restart the workers, or stop and start the whole cluster.
EXIT_FAULTS = 1
EXIT_CODES = {Pulse.NEVER: 2, Pulse.DEAD: 2, Pulse.WEDGED: 3}


# Of a thousand faults nobody reads the last; their number is told.
MOST_LINES = 50


class Command(BaseCommand):
    help = "Check a running installation: settings, workers, queues, and rows that contradict each other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--alive", action="store_true", help="Only ask whether workers live, for a supervisor's probe."
        )
        parser.add_argument(
            "--consent",
            action="store_true",
            help="Only go through everybody's consent: each permission, and each chain of records.",
        )
        parser.add_argument(
            "--orders",
            action="store_true",
            help="Only compare the number of orders, the amount spent and the first and last order that are kept "
            "for each contact with the orders themselves.",
        )
        parser.add_argument(
            "--repair",
            action="store_true",
            help="With --consent or --orders: make what differs what the records or orders say.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["consent"]:
            self._consent(repairs=options["repair"])
            return
        if options["orders"]:
            self._orders(repairs=options["repair"])
            return
        if options["repair"]:
            raise CommandError("--repair goes with --consent or --orders.")
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

    def _consent(self, *, repairs: bool) -> None:
        """Say what is wrong with whose consent, a chunk of contacts at a time, and what to do about it."""
        people = differing = repaired = broken = 0
        for found in audit.everybody():
            people += found.contacts
            for each in found.differences:
                differing += 1
                if differing <= MOST_LINES:
                    self.stdout.write(f"- {_difference(each)}")
            if repairs and found.differences:
                whose = {each.contact_id for each in found.differences}
                repaired += claims.retried(partial(contacts.repair_permissions, whose))
            for (contact_id, site_id), verified in found.broken:
                broken += 1
                if broken <= MOST_LINES:
                    records = ", ".join(f"{pk} ({fault.value})" for pk, fault in verified.faults.items())
                    self.stdout.write(f"- Contact {contact_id}, site {site_id}: records {records[:200]}")
        self.stdout.write(f"{people} contacts were looked at.")
        if repaired:
            self.stdout.write(f"{repaired} permissions were made what the records say.")
        advice = []
        if differing > repaired:
            advice.append(
                f"{differing - repaired} permissions are not what the records say: run drip_check --consent --repair."
            )
        if broken:
            advice.append(
                f"{broken} chains of consent are not whole: somebody changed records past this program. "
                "Withdraw these people's permission until you know what they agreed to, and bring the rows back "
                "from a backup."
            )
        if advice:
            raise CommandError(" ".join(advice), returncode=EXIT_FAULTS)
        self.stdout.write("All is well.")

    def _orders(self, *, repairs: bool) -> None:
        """Say for whom something else is kept than their orders come to, and make it right if asked to."""
        people = differing = repaired = 0
        for found in tallies.everybody():
            people += found.contacts
            for contact_id in found.wrong:
                differing += 1
                if differing <= MOST_LINES:
                    self.stdout.write(f"- Contact {contact_id}: what is kept differs from their orders.")
            if repairs and found.wrong:
                repaired += claims.retried(partial(tallies.repair, found.wrong))
        self.stdout.write(f"{people} contacts were looked at.")
        if repaired:
            self.stdout.write(f"The orders of {repaired} contacts were counted anew.")
        if differing and not repairs:
            raise CommandError(
                f"For {differing} contacts something else is kept than their orders come to: run "
                "drip_check --orders --repair.",
                returncode=EXIT_FAULTS,
            )
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


def _difference(each: Difference) -> str:
    holds = {None: "nothing", True: "yes", False: "no"}
    should = None if each.should_be is None else each.should_be.granted
    key = " ".join(filter(None, each.key))
    return (
        f"Contact {each.contact_id}, site {each.site_id}, {key}: "
        f"holds {holds[each.is_now]}, the records say {holds[should]}."
    )
