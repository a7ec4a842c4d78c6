from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand
from django_q.tasks import async_task

from sandbox.seed import catalogue, history, interests, orders, people, segments, site, texting
from wagtail_drip.core import clock


class Command(BaseCommand):
    help = "Fill the sandbox. What is there already stays as it is, so running it again is safe."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        now = clock.now()
        shop = site.make_site()
        people.make_countries()
        people.make_staff()
        users = people.make_customers()
        products = catalogue.fill()
        placed = orders.place_past(users, now=now)
        texting.set_up(shop, now=now)
        texting.make_contacts(users, site=shop, now=now)
        sequences = texting.make_sequences()
        interests.make_interests()
        segments.make_segments()
        texts = history.live_through(shop)
        # The two weeks went through another gateway, to which the site was opened meanwhile.
        texting.set_up(shop, now=now)
        # django-q2 looks at its schedules only every half minute; the first tick need not wait for that.
        async_task("wagtail_drip.tasks.tick")
        self.stdout.write(
            f"New: {products} products, {placed} past orders, {sequences} sequences, {texts} texts of the last "
            f"two weeks; "
            f"{time.monotonic() - began:.1f} s"
        )
