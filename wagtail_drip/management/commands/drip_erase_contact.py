"""Erase one person, for good."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wagtail_drip.core import clock
from wagtail_drip.privacy import erase, people, trail


class Command(BaseCommand):
    help = "Erase everything that we hold about one person. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contact", help="Their id, number with country code, or e-mail address.")
        parser.add_argument("--yes", action="store_true", help="Do not ask whether you are sure.")
        parser.add_argument(
            "--may-return",
            action="store_true",
            help="Do not keep a hash of their number by which it is never texted again.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contact_id = people.find(options["contact"])
        except (people.NobodyFound, people.SeveralFound) as error:
            raise CommandError(str(error)) from error
        if not options["yes"]:
            answer = input(f"Erase contact {contact_id} for good? It cannot be undone. Type yes: ")
            if answer.strip().lower() != "yes":
                raise CommandError("Nothing was erased.")
        now = clock.now()
        erase.begin(contact_id, now=now, by=trail.at_the_command_line(), may_return=options["may_return"])
        while erase.erase_due(now=now):
            pass
        self.stdout.write(
            f"Contact {contact_id} is erased: nothing is sent to them any more. In ten minutes workers look "
            "once more for what was under way just now."
        )
