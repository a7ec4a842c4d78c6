from __future__ import annotations

import logging
import time
from typing import Any

import requests
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from sandbox.phone import network

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.4


class Command(BaseCommand):
    help = "Deliver the simulated phone's receipts and replies to the shop as they fall due."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="Post what is due now and return.")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        session = requests.Session()
        session.trust_env = False  # the shop is on this machine: never through a proxy
        while True:
            try:
                network.post_due(now=timezone.now(), session=session)
            except DatabaseError:
                log.exception("The phone's database was busy; trying again.")
                close_old_connections()
            if once:
                return
            time.sleep(PAUSE_SECONDS)
