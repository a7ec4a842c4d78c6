"""Two weeks that the shop has lived through before anybody looks, so that reports are not empty.

Everything is done by the engine itself, with its clock set back: people register, order and forget baskets,
the sequences text them through a gateway that keeps its messages to itself, receipts come in, links are
followed, somebody says stop. Only the telephones are missing: the simulated phone shows what is sent from now on.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.test import override_settings
from wagtail.models import Site

from sandbox.seed import tasting
from wagtail_drip import api
from wagtail_drip.core import clock
from wagtail_drip.core.models import Installation
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import InboundEvent, ReceiptStatus, StatusEvent
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.links import actions as links
from wagtail_drip.links.models import Link
from wagtail_drip.messaging import receipts
from wagtail_drip.messaging.models import Message
from wagtail_drip.test import outbox
from wagtail_drip.test.time_travel import advance, run

DAYS = 14
NAMES = (
    ("Nora", "Berg"), ("Elif", "Demir"), ("Hugo", "Martin"), ("Lena", "Vogel"), ("Kofi", "Mensah"),
    ("Mei", "Lin"), ("Tom", "Hughes"), ("Isla", "Reid"), ("Raj", "Patel"), ("Clara", "Rossi"),
    ("Omar", "Said"), ("Yuki", "Tanaka"), ("Eva", "Novak"), ("Liam", "Byrne"), ("Zofia", "Kaczmarek"),
    ("Noah", "Clarke"), ("Aisha", "Bello"), ("Finn", "Larsen"), ("Rosa", "Silva"), ("Ivan", "Petrov"),
    ("Grace", "Osei"), ("Leo", "Fischer"), ("Hana", "Kim"), ("Jack", "Turner"), ("Maja", "Lund"),
    ("Samir", "Khan"), ("Alice", "Moreau"), ("Dylan", "Evans"),
)  # fmt: skip
GOODS = (
    ("Dragon Well", "9.80"),
    ("House Espresso", "11.50"),
    ("Assam Gold", "7.90"),
    ("Stoneware teapot", "34.00"),
)
PHONE_BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile Safari/604.1"


def live_through(site: Site) -> int:
    """Live through the two weeks, unless a message says that it was done, and return how many texts that gave."""
    if Message.objects.exists() or clock.shift():
        return 0
    chance = random.Random(2026)
    quietly = {
        **settings.WAGTAIL_DRIP,
        "GATEWAYS": {"default": {"BACKEND": "wagtail_drip.gateways.memory.MemoryGateway"}},
    }
    try:
        with override_settings(WAGTAIL_DRIP=quietly):
            clock.shift_by(-timedelta(days=DAYS))
            outbox.open_site(site)
            for day in range(DAYS):
                _one_day(day, site, chance)
            _receipts(chance)
    finally:
        Installation.objects.update(clock_shift_seconds=0)
        memory.reset()
    return Message.objects.count()


def _one_day(day: int, site: Site, chance: random.Random) -> None:
    newcomers = [NAMES[number] for number in (2 * day, 2 * day + 1) if number < len(NAMES)]
    for number, name in enumerate(newcomers, start=2 * day):
        _register(number, name, site)
    known = min(2 * (day + 1), len(NAMES))
    for number in chance.sample(range(known), k=min(known, 2)):
        _order(f"{day}-{number}", number, site, chance)
    if day % 2:
        _forget_basket(f"{day}", chance.randrange(known), site, chance)
    run()
    _receipts(chance)
    _clicks(chance)
    if day == DAYS - 4:
        _say_stop(0)
    if day == tasting.CHANGED_ON_DAY:
        tasting.change_while_people_are_inside()
    advance(days=1)


def _person(number: int) -> dict[str, str]:
    first, last = NAMES[number]
    # 07700 900100 and on: numbers that the British regulator keeps for stories.
    phone = f"+447700900{100 + number}"
    return {"phone": phone, "email": f"{first}@example.com".lower(), "first_name": first, "last_name": last}


def _register(number: int, name: tuple[str, str], site: Site) -> None:
    agreed = number % 7 != 5
    consent = {
        "group": "marketing",
        "granted": True,
        "source": "sandbox",
        "method": "web_form",
        "wording": "Yes.",
    }
    api.emit(
        "customer_registered",
        key=f"history:registered:{number}",
        contact=_person(number),
        consent=consent if agreed else None,
        site=site,
    )


def _products(chance: random.Random) -> list[dict[str, Any]]:
    name, price = chance.choice(GOODS)
    return [{"product_id": name, "name": name, "price": price, "quantity": 1}]


def _order(key: str, number: int, site: Site, chance: random.Random) -> None:
    products = _products(chance)
    consent = {"group": "transactional", "granted": True, "source": "sandbox", "method": "checkout"}
    api.emit(
        "order_placed",
        key=f"history:order:{key}",
        contact=_person(number),
        consent=consent,
        properties={
            "order_id": f"H{key}",
            "number": f"H{key}",
            "currency": "GBP",
            "total": products[0]["price"],
            "products": products,
        },
        site=site,
    )


def _forget_basket(key: str, number: int, site: Site, chance: random.Random) -> None:
    products = _products(chance)
    basket = {"cart_id": f"H{key}", "products": products, "currency": "GBP", "total": products[0]["price"]}
    api.emit("cart_updated", key=f"history:cart:{key}", contact=_person(number), properties=basket, site=site)
    run()
    abandoned = {
        **basket,
        "recovery_url": f"{settings.WAGTAIL_DRIP['PUBLIC_BASE_URL']}/basket/",
        "abandoned_at": clock.now().isoformat(),
        "idle_seconds": 3600,
    }
    api.emit(
        "cart_abandoned", key=f"history:left:{key}", contact=_person(number), properties=abandoned, site=site
    )


def _receipts(chance: random.Random) -> None:
    sent = Message.objects.filter(state="sent").order_by("pk")
    events = [("default", _receipt(message, chance.random(), clock.now())) for message in sent]
    receipts.keep(events, now=clock.now())
    run()


def _receipt(message: Message, luck: float, now: datetime) -> StatusEvent:
    status = ReceiptStatus.DELIVERED if luck < 0.93 else ReceiptStatus.UNDELIVERED
    code = "" if status is ReceiptStatus.DELIVERED else "unreachable"
    return StatusEvent(
        reference=message.reference, provider_id=message.provider_id, status=status, code=code, at=now
    )


def _clicks(chance: random.Random) -> None:
    tokens: Sequence[str] = list(
        Link.objects.filter(created_at__gt=clock.now() - timedelta(days=1), first_click_at=None)
        .order_by("pk")
        .values_list("token", flat=True)
    )
    for token in tokens:
        if chance.random() < 0.35:
            links.record_click(token, user_agent=PHONE_BROWSER, address="", now=clock.now())


def _say_stop(number: int) -> None:
    inbox.apply_stop_at_once(
        gateway="default",
        inbound=InboundEvent(
            from_number=_person(number)["phone"], to_number=settings.SHOP_NUMBER, text="STOP", at=clock.now()
        ),
        now=clock.now(),
    )
