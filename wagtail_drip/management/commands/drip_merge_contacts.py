"""Make two contacts one person, or two again: by the same code as the admin."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from wagtail.models import Site

from wagtail_drip.contacts import phone
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.merging import CannotMerge, CannotUndo
from wagtail_drip.core import clock
from wagtail_drip.privacy import merge, people, trail
from wagtail_drip.privacy.merge import Foreseen


class Command(BaseCommand):
    help = "Make two contacts one person. It can be undone for a while."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = "their id, number with country code, or e-mail address."
        parser.add_argument("contact", help=f"Who is merged: {who}")
        parser.add_argument("into", help=f"Who stays and is texted: {who}")
        either = parser.add_mutually_exclusive_group()
        either.add_argument(
            "--dry-run", action="store_true", help="Say what would happen, and change nothing."
        )
        either.add_argument(
            "--undo", action="store_true", help="Make two people again of CONTACT and INTO, who were merged."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        into = _find("INTO", options["into"])
        if options["undo"]:
            self._undo(options["contact"], into)
            return
        contact = _find("CONTACT", options["contact"])
        if contact == into:
            raise CommandError("CONTACT and INTO are one person already. Nothing was changed.")
        now = clock.now()
        try:
            foreseen = merge.foresee(contact, into=into, now=now)
            if not options["dry_run"]:
                merge.merge(contact, into=into, now=now, by=trail.at_the_command_line())
        except CannotMerge as error:
            raise CommandError(_in_our_words(error)) from error
        begins = "It would be" if options["dry_run"] else "Done"
        self.stdout.write(f"{begins}: contact {contact} is one person with contact {into}, who stays.")
        for line in _told(foreseen):
            self.stdout.write(line)

    def _undo(self, name: str, into: int) -> None:
        done = _merge_of(name, into)
        try:
            has_number = merge.undo(done.pk, now=clock.now(), by=trail.at_the_command_line())
        except CannotUndo as error:
            raise CommandError(f"--undo: {error}") from error
        self.stdout.write(f"Done: contacts {done.merged_id} and {into} are two people again.")
        if not has_number:
            self.stdout.write("The number came again meanwhile and belongs to another contact by now.")


def _find(argument: str, name: str) -> int:
    try:
        return people.find(name)
    except (people.NobodyFound, people.SeveralFound) as error:
        raise CommandError(f"{argument}: {error}") from error


def _merge_of(name: str, into: int) -> ContactMerge:
    """
    Return the newest merge that stands of who had this id or number.

    :raises CommandError: if there is none.
    """
    if name.isascii() and name.isdecimal() and len(name) < 10:
        theirs = Q(merged_id=int(name))
    else:
        try:
            theirs = Q(number=phone.parse(name, region="").e164)
        except phone.InvalidPhone as error:
            raise CommandError(
                "CONTACT: give the id of who was merged, or their number with its country code."
            ) from error
    done = ContactMerge.objects.filter(theirs, into_id=into, undone_at=None).order_by("-at", "-pk").first()
    if done is None:
        raise CommandError("--undo: nobody of this id or number was merged into INTO.")
    return done


def _in_our_words(error: CannotMerge) -> str:
    if error.reason == "number":
        return (
            "INTO has no number, and CONTACT has one: whoever has the number has to stay. "
            "Name them the other way round. Nothing was changed."
        )
    return str(error)


def _told(seen: Foreseen) -> Iterator[str]:
    """Yield what a merge does, a line for each kind of thing."""
    sites = dict(Site.objects.values_list("pk", "hostname"))
    closed = [
        ", ".join(part for part in (group, topic, sites.get(site, "")) if part)
        for site, group, topic in seen.refused
    ]
    if seen.number:
        yield f"Texted no more: {seen.number}"
    for title, names in (
        ("Filled or made stricter", seen.fields),
        ("Attributes taken over", seen.attributes),
        ("Tags taken over", seen.tags),
        ("Sequences of which one run ends", seen.ended),
    ):
        if names:
            yield f"{title}: {', '.join(names)}"
    if closed:
        yield f"Closed, for one of them said no: {'; '.join(closed)}"
    if seen.is_suppressed:
        yield "The number that stays is closed to texts, for the other one is."
