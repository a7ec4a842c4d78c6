"""Forget what has grown older than the settings keep it, or say what that would be."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from wagtail_drip.core import clock
from wagtail_drip.privacy import retention


class Command(BaseCommand):
    help = "Forget what has grown older than the settings KEEP_…_DAYS. The workers do the same once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be forgotten.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if options["dry_run"]:
            for old, number in retention.count(now=now):
                what = ", ".join(old.age.blanks) or "whole rows"
                self.stdout.write(
                    f"{old.held.name}: {number} older than {old.days} days ({old.age.setting}): {what}"
                )
            return
        done, _is_all = retention.forget(now=now)
        for name, number in sorted(done.items()):
            self.stdout.write(f"{name}: {number} forgotten")
        if not done:
            self.stdout.write("Nothing is older than it may be.")
