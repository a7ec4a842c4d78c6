"""Stop every text message, at once: the same as the button "Stop everything"."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from wagtail_drip.core import clock
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Hold


class Command(BaseCommand):
    help = "Hand over nothing to any gateway until somebody lifts the stop. Nothing is lost meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--by", default="", help="Who stops it; by default your name on this machine.")
        parser.add_argument("--lift", action="store_true", help="Let texts go again.")

    def handle(self, *args: Any, **options: Any) -> None:
        now, by = clock.now(), options["by"] or _name()
        if options["lift"]:
            stops = Hold.objects.filter(scope="all", lifted_at=None)
            lifted = sum(messaging.lift(pk, by=by, now=now) for pk in stops.values_list("pk", flat=True))
            self.stdout.write("Texts go again." if lifted else "Nothing was stopped.")
            return
        messaging.stop_everything(by=by, now=now)
        self.stdout.write("Nothing is handed over any more. Lift it with --lift, or in the admin.")


def _name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "the command line"
