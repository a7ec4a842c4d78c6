"""Write everything that we hold about one person, as JSON."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wagtail_drip.core import clock
from wagtail_drip.privacy import export, people, trail


class Command(BaseCommand):
    help = "Write everything that we hold about one person, as JSON, to the standard output or a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contact", help="Their id, number with country code, or e-mail address.")
        parser.add_argument("--output", default="", help="A new file to write to.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contact_id = people.find(options["contact"])
        except (people.NobodyFound, people.SeveralFound) as error:
            raise CommandError(str(error)) from error
        document = export.of_contact(contact_id, now=clock.now())
        if not options["output"]:
            for piece in document:
                self.stdout.write(piece, ending="")
        else:
            try:
                with open(options["output"], "x", encoding="utf-8") as file:
                    file.writelines(document)
            except FileExistsError as error:
                raise CommandError("--output: this file is there already; name a new one.") from error
            except OSError as error:
                raise CommandError(f"--output: the file cannot be written ({error.strerror}).") from error
            self.stdout.write(f"Written to {options['output']}.")
        trail.note(contact_id, trail.EXPORTED, by=trail.at_the_command_line())
