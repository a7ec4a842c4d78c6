"""The shop of the kills: people who agreed, a sequence of two texts, orders that keep coming; and the verdict."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PEOPLE = 200
TEXTS = ("Order {{ event.number }} is on its way.", "Thank you for order {{ event.number }}.")


def open_shop() -> None:
    from wagtail.models import Site

    from tests.benchmarks import planting
    from tests.conftest import plant_wagtail_tree
    from wagtail_drip.core import actions as core
    from wagtail_drip.core import clock
    from wagtail_drip.gateways import registry
    from wagtail_drip.test.sequences import live_sequence

    plant_wagtail_tree()
    site = Site.objects.get(is_default_site=True)
    core.change_site_settings(site.pk, zone="Europe/London", region="GB", sender_address="+447700900000")
    core.open_site(site.pk, account=registry.get("default").account, now=clock.now())
    planting.people(PEOPLE, site_id=site.pk)
    live_sequence(
        trigger="order_placed",
        purpose="transactional",
        reentry="always",
        keyed=True,
        steps=[("send_message", {"text": TEXTS[0]}), ("send_message", {"text": TEXTS[1]})],
    )


def order(number: int) -> None:
    """
    Tell that order *number* was placed, as a shop does: with the order, in one transaction.

    :raises DatabaseError: where the order itself would fail, as with SQLite's lock in the hands of a frozen worker.
    """
    from django.db import transaction

    from wagtail_drip import api

    phone = f"+4474{number % PEOPLE:08d}"
    properties = {
        "order_id": str(number),
        "number": str(number),
        "total": "9.50",
        "currency": "GBP",
        "products": [],
    }
    with transaction.atomic():
        assert api.emit(
            "order_placed", key=f"order:{number}", contact={"phone": phone}, properties=properties
        )


@dataclass
class Verdict:
    """What the provider's log and our ledger say once everything has come to rest."""

    orders: int
    texts: int
    states: dict[str, int]
    vices: dict[str, int]
    doubles: list[Any] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    # Of the unknown ones, those that did reach a telephone and whose receipt has not told us.
    unknown_that_arrived: int = 0
    watchdog: dict[str, int] = field(default_factory=dict)

    @property
    def unknown(self) -> int:
        return self.states.get("unknown", 0)


def is_at_rest() -> bool:
    """Tell whether nothing is left to do."""
    from wagtail_drip.enrolments.models import Enrolment
    from wagtail_drip.events.models import Event, Notice
    from wagtail_drip.messaging.models import Callback, Message, Receipt

    return not (
        Notice.objects.exclude(due_at=None).exists()
        or Event.objects.exclude(match_due_at=None).exists()
        or Enrolment.objects.filter(running=1).exists()
        or Message.objects.filter(state__in=["scheduled", "claimed", "handed_over"]).exists()
        or Callback.objects.exclude(due_at=None).exists()
        or Receipt.objects.exclude(due_at=None).exists()
    )


def judge(log: Path, *, orders: int) -> Verdict:
    from wagtail_drip.core import clock
    from wagtail_drip.enrolments.models import Enrolment
    from wagtail_drip.messaging.models import Message, SendLedger
    from wagtail_drip.reports import watchdog

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    texts = Counter((line["to"], line["text"]) for line in lines if line["kind"] == "text")
    messages = list(Message.objects.values_list("pk", "state", "body", "contact__phone", "enrolment_id"))
    verdict = Verdict(
        orders=orders,
        texts=sum(texts.values()),
        states=dict(Counter(state for _, state, *_ in messages)),
        vices=dict(Counter(line["name"] for line in lines if line["kind"] == "vice")),
        doubles=[[*what, times] for what, times in texts.items() if times > 1],
        watchdog=watchdog.ask(watchdog.ALL, now=clock.now()),
    )
    lost = verdict.lost
    enrolled = Counter(Enrolment.objects.values_list("state", flat=True))
    if enrolled != {"completed": orders}:
        lost.append(f"{orders} orders, enrolments: {dict(enrolled)}")
    per_order = Counter(enrolment for *_, enrolment in messages)
    lost += [f"enrolment {pk} has {n} messages" for pk, n in per_order.items() if n != len(TEXTS)]
    if len(per_order) != orders:
        lost.append(f"{orders} orders, messages for {len(per_order)} enrolments")
    ledger = Counter(SendLedger.objects.values_list("message_id", flat=True))
    for pk, state, body, phone, _ in messages:
        if state not in {"sent", "delivered", "unknown"}:
            lost.append(f"message {pk} is {state}")
        elif state != "unknown" and (phone, body) not in texts:
            lost.append(f"message {pk} is {state} and reached no telephone")
        elif state == "unknown":
            verdict.unknown_that_arrived += (phone, body) in texts
        if ledger[pk] != 1:
            lost.append(f"message {pk} has {ledger[pk]} rows in the ledger")
    known = {(phone, body) for _, _, body, phone, _ in messages}
    lost += [f"a text that no message knows: {what}" for what in texts if what not in known]
    return verdict
