from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from sandbox.seed import catalogue, orders, people, site


class Command(BaseCommand):
    help = "Fill the sandbox. What is there already stays as it is, so running it again is safe."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        site.make_site()
        people.make_countries()
        people.make_staff()
        users = people.make_customers()
        products = catalogue.fill()
        placed = orders.place_past(users, now=timezone.now())
        self.stdout.write(
            f"{products} products, {len(users)} customers, {placed} past orders, "
            f"{time.monotonic() - began:.1f} s"
        )
