"""Take in a list of contacts from the command line: by the same code as the admin's import."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from wagtail.models import Site

from wagtail_drip.conf import settings
from wagtail_drip.core import clock, databases
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.privacy import (
    import_actions,
    import_columns,
    import_counts,
    import_plan,
    import_reasons,
    importing,
)
from wagtail_drip.privacy.import_files import UnreadableFile
from wagtail_drip.privacy.import_models import ContactImport
from wagtail_drip.privacy.import_plan import Column, Plan, Proof
from wagtail_drip.privacy.import_states import AT_WORK, ImportState


class Command(BaseCommand):
    help = "Take in contacts from a CSV or XLSX file: what each column is, is read from the header or told by --map."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="A CSV or XLSX file whose first line names its columns.")
        parser.add_argument(
            "--map",
            nargs="+",
            default=[],
            metavar="FIELD=HEADER",
            help=f"What a column is: {', '.join(import_columns.FIELDS[:-1])}, or attribute:NAME:TYPE.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would happen, and change nothing."
        )
        parser.add_argument(
            "--site", metavar="HOSTNAME", help="Whose customers they are; the default site's."
        )
        parser.add_argument("--region", default="", help="The country of numbers without country code: GB.")
        parser.add_argument("--store", default="import", help="Whose numbers of people external_id holds.")
        parser.add_argument("--tag", nargs="+", default=[], help="Tags for everybody on the list.")
        parser.add_argument(
            "--never-text",
            action="store_true",
            help="Nobody is taken in: the numbers on the list are never to be texted.",
        )
        parser.add_argument(
            "--changed-hands",
            metavar="DATE",
            help="Nobody is taken in: somebody else had the numbers on the list by that day, 2026-03-31.",
        )
        parser.add_argument(
            "--overwrite", action="store_true", help="The list is right where it differs from what we know."
        )
        parser.add_argument(
            "--agreed-to", nargs="+", default=[], choices=import_plan.GROUPS, help="What they agreed to."
        )
        parser.add_argument("--source", default="", help="Where they agreed: part of the proof.")
        parser.add_argument("--wording", default="", help="In which words they agreed: part of the proof.")
        parser.add_argument("--agreed-at", default="", metavar="DATE", help="When: 2026-03-31.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            databases.refuse_unless_safe()
        except databases.UnsafeDatabase as error:
            raise CommandError(str(error)) from error
        site = _site(options["site"])
        path = Path(options["file"])
        try:
            with path.open("rb") as file:
                row = import_actions.upload(file, name=path.name, site_id=site.pk, now=clock.now())
        except OSError as error:
            raise CommandError(f"{path} cannot be opened: {error.strerror}.") from error
        except UnreadableFile as error:
            raise CommandError(str(import_reasons.FILES[error.code])) from error
        try:
            self._carry_out(row, _plan(row, site, options), is_dry=options["dry_run"])
        finally:
            row.refresh_from_db()
            if not row.is_over:
                import_actions.stop(row, now=clock.now())

    def _carry_out(self, row: ContactImport, plan: Plan, *, is_dry: bool) -> None:
        found = import_plan.problems(plan, today=clock.now().date().isoformat())
        if found:
            raise CommandError(
                " ".join(f"{name}: {import_reasons.PROBLEMS[code]}" for name, code in found.items())
            )
        import_actions.check(row, plan, now=clock.now())
        _wait(row)
        if is_dry:
            self._tell("It would be:", row.foreseen, plan)
        else:
            import_actions.start(row, now=clock.now())
            _wait(row)
            self._tell("Done:", row.done, plan)
        for refused in row.refused.order_by("line").iterator(chunk_size=2000):
            why, remedy = import_reasons.reason(refused.reason, refused.other_line, refused.told)
            where = f", {refused.column}" if refused.column else ""
            self.stderr.write(f"Line {refused.line}{where}: {why} {remedy}".rstrip())

    def _tell(self, title: str, counts: dict[str, Any], plan: Plan) -> None:
        names = import_counts.shown(plan.meant)
        numbers = ", ".join(f"{counts.get(name, 0)} {name.replace('_', ' ')}" for name in names)
        self.stdout.write(f"{title} {numbers}.")


def _wait(row: ContactImport) -> None:
    """Work until this list is through; a worker that takes a chunk of it meanwhile only helps."""
    row.refresh_from_db()
    while row.state in AT_WORK:
        if not importing.import_due():
            time.sleep(0.2)
        row.refresh_from_db()
    if row.state == ImportState.FAILED:
        raise CommandError(str(import_reasons.FILES.get(row.error, row.error)))


def _site(hostname: str | None) -> Site:
    """:raises CommandError: if there is no such site."""
    wanted = Site.objects.filter(hostname=hostname) if hostname else Site.objects.filter(is_default_site=True)
    site: Site | None = wanted.first()
    if site is None:
        known = ", ".join(Site.objects.values_list("hostname", flat=True))
        raise CommandError(f"There is no such site. --site is one of: {known}.")
    return site


def _plan(row: ContactImport, site: Site, options: dict[str, Any]) -> Plan:
    of_site = SiteSettings.objects.filter(site=site).values_list("region", flat=True).first()
    columns = _columns(row.columns, options["map"])
    region = (options["region"] or of_site or settings.DEFAULT_REGION).upper()
    if options["never_text"] and options["changed_hands"]:
        raise CommandError("Choose --never-text or --changed-hands: a list is one of them.")
    if options["never_text"]:
        return import_plan.of_numbers(columns, meant=import_plan.NEVER_TEXT, region=region)
    if day := options["changed_hands"]:
        return import_plan.of_numbers(columns, meant=import_plan.CHANGED_HANDS, region=region, day=_day(day))
    proof = None
    if options["agreed_to"]:
        proof = Proof(
            groups=options["agreed_to"],
            source=options["source"],
            wording=options["wording"],
            at=options["agreed_at"],
        )
    return Plan(
        columns=columns,
        region=region,
        store=options["store"],
        tags=options["tag"],
        overwrite=options["overwrite"],
        proof=proof,
    )


def _day(text: str) -> str:
    """:raises CommandError: if it is no date."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise CommandError(f"--changed-hands: {text} is no date. Write it as 2026-03-31.") from error


def _columns(headers: Sequence[str], told: Sequence[str]) -> list[Column]:
    """
    Return what each column is: as told, or, where nothing is told, as the headers say.

    :raises CommandError: for a field or a header that there is not.
    """
    if not told:
        return [Column(place=place, field=field) for place, field in import_columns.guess(headers).items()]
    found = []
    for each in told:
        field, equals, header = each.partition("=")
        field, _colon, rest = field.partition(":")
        name, _colon, kind = rest.partition(":")
        if not equals or field not in import_columns.FIELDS:
            raise CommandError(f"{each} is not FIELD=HEADER; fields are {', '.join(import_columns.FIELDS)}.")
        if header not in headers:
            raise CommandError(f"There is no column {header}. There are: {', '.join(headers)}.")
        found.append(Column(place=headers.index(header), field=field, name=name, type=kind or "text"))
    return found
