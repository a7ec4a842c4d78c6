"""Each story goes from the shop's own checkout to a telephone, and every step between is the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import time_machine
from django.core.cache import cache
from wagtail.models import Site

from tests import shop
from tests.acceptance.town import Town, utc
from wagtail_drip.core import actions as core
from wagtail_drip.test import outbox

NOON = utc(5, 13, 11)  # a Wednesday; in London it is noon


@pytest.fixture
def town(live_server: Any, settings: Any) -> Iterator[Town]:
    """A British shop that may text its customers through the simulated phone. Its clock stands still until moved."""
    cache.clear()
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "GATEWAYS": {
            "default": {
                "BACKEND": "wagtail_drip.gateways.simulator.SimulatorGateway",
                "OPTIONS": {
                    "token": settings.PHONE_TOKEN,
                    "url": f"{live_server.url}/phone/api/messages",
                },
            }
        },
        "PUBLIC_BASE_URL": live_server.url,
    }
    with time_machine.travel(NOON, tick=False), requests.Session() as session:
        session.trust_env = False
        session.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 16) Mobile"
        address = urlsplit(live_server.url)
        site = Site.objects.get(is_default_site=True)
        site.hostname, site.port, site.site_name = address.hostname, address.port, "Test shop"
        site.save()
        core.change_site_settings(
            site.pk,
            zone="Europe/London",
            region="GB",
            currency="GBP",
            sender_address=settings.SHOP_NUMBER,
            sender_name="Test shop",
            caps={},  # the stories about caps set their own
        )
        outbox.open_site(site)
        yield Town(url=live_server.url, site=site, product=shop.stock(), session=session)
