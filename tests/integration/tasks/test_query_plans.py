"""The questions that a loop asks every second find their rows by an index, however many rows sleep beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import inserts
from wagtail_drip.core.among import Among
from wagtail_drip.enrolments import querysets as enrolments
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.events.models import Event, EventTally, Notice
from wagtail_drip.messaging import claiming, holds, ledger, recovery
from wagtail_drip.messaging.models import Callback, InboundText, Message, Receipt, SendLedger
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.reports import watchdog
from wagtail_drip.sequences.models import Sequence as Flow
from wagtail_drip.stores import interest_inferring
from wagtail_drip.stores.models import Cart
from wagtail_drip.test.sequences import live_sequence

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor == "mysql", reason="asserted where plans can be read reliably"),
]

SLEEPERS, DUE = 4000, 20
HELD = holds.OpenHolds(keys=frozenset())


@pytest.fixture
def crowded(site_id: int, now: datetime) -> Flow:
    """Tables in which thousands sleep, or are over, and a few are due; counted by the database."""
    flow = live_sequence(steps=[("send_message", {"text": "Hello"})])
    moments = [None] * (SLEEPERS // 2) + [now + timedelta(days=1)] * (SLEEPERS // 2) + [now] * DUE
    people = SLEEPERS + DUE
    _insert(Contact, people, lambda n: {"phone": f"+4474{n:08d}", "created_at": now, "changed_at": now})
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True))[-people:]
    recorded = {"recorded_at": now}
    _insert(
        Event,
        people,
        lambda n: {
            "contact_id": ids[n],
            "site_id": site_id,
            "store": "s",
            "name": "order_placed",
            "key": f"{n}",
            "occurred_at": now,
            "match_due_at": moments[n],
            **recorded,
        },
    )
    _insert(
        EventTally,
        people,
        lambda n: {
            "contact_id": ids[n],
            "name": "order_placed",
            "first_at": now,
            "last_at": now,
            "interest_due_at": moments[n],
        },
    )
    _insert(
        Notice, people, lambda n: {"store": "s", "kind": "k", "key": f"{n}", "due_at": moments[n], **recorded}
    )
    _insert(
        Enrolment,
        people,
        lambda n: {
            "sequence_id": flow.pk,
            "version_id": flow.runtime.version_id,
            "contact_id": ids[n],
            "site_id": site_id,
            "state": "waiting",
            "waits_for": "" if moments[n] else "order_placed",
            "due_at": moments[n],
            "entered_at": now,
            "since": now,
        },
    )
    runs = list(Enrolment.objects.order_by("pk").values_list("pk", flat=True))[-people:]
    _insert(
        StepVisit,
        people,
        lambda n: {"enrolment_id": runs[n], "visit": 1, "step_id": "a", "kind": "exit", "entered_at": now},
    )
    # Two in three are over, as in any outbox that is older than a day.
    _insert(
        Message,
        people,
        lambda n: {
            "key": f"m:{n}",
            "reference": f"{n:032d}",
            "contact_id": ids[n],
            "site_id": site_id,
            "gateway": "default",
            "purpose": "promotional",
            "enrolment_id": runs[n],
            "state": "scheduled" if moments[n] else "claimed" if n < DUE else "sent",
            "due_at": moments[n],
            "lease_until": now if n < DUE else None,
            "lease_token": "" if moments[n] else "worker",
            "handed_over_at": None if moments[n] or n < DUE else now,
            "provider_id": "" if moments[n] else f"p{n}",
            "created_at": now,
        },
    )
    texts = list(Message.objects.order_by("pk").values_list("pk", flat=True))[-people:]
    _insert(
        SendLedger,
        people,
        lambda n: {
            "message_id": texts[n],
            "contact_id": ids[n],
            "site_id": site_id,
            "purpose": "promotional",
            "handed_over_at": now,
        },
    )
    for model, given in (
        (Callback, {"gateway": "default", "raw": {}, "received_at": now}),
        (Receipt, {"gateway": "default", "status": "delivered", **recorded}),
        (InboundText, {"gateway": "default", "from_number": "+1", "text": "", "at": now, **recorded}),
    ):
        own = {Callback: "digest", Receipt: "reference", InboundText: "provider_id"}[model]
        _insert(model, people, lambda n, own=own, given=given: {own: f"{n}", "due_at": moments[n], **given})
    _insert(
        Cart,
        people,
        lambda n: {
            "store": "s",
            "cart_id": f"{n}",
            "site_id": site_id,
            "last_activity_at": now,
            "sweep_due_at": moments[n],
        },
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return flow


def _insert(model: Any, number: int, row: Callable[[int], dict[str, Any]]) -> None:
    inserts.insert_values(model, [row(n) for n in range(number)])


def hot(now: datetime, someone: Sequence[int]) -> Iterator[tuple[str, QuerySet[Any], str]]:
    """Yield what loops ask: its name, the question, and the index that must answer it."""
    yield "claim of enrolments", enrolments.due(now)[:500], "drip_enrolment_due"
    due = claiming.due(1, "default:", HELD, now).order_by("due_at", "id")[:500]
    yield "claim of messages", due, "drip_message_due"
    yield "expired leases", recovery._expired(MessageState.CLAIMED)[:500], "drip_message_lease"
    yield (
        "claim of events",
        Event.objects.filter(match_due_at__lte=now).order_by("match_due_at", "pk")[:500],
        "drip_event_match_due",
    )
    for model, index in (
        (Notice, "drip_notice_due"),
        (Callback, "drip_callback_due"),
        (Receipt, "drip_receipt_due"),
        (InboundText, "drip_inbound_due"),
    ):
        rows: Any = model
        claim = rows.objects.filter(due_at__lte=now).order_by("due_at", "id")[:500]
        yield f"claim of {model._meta.verbose_name_plural}", claim, index
    yield "marks of interest", interest_inferring.due(now)[:200], "drip_event_tally_interest"
    yield (
        "wake-ups",
        Enrolment.objects.filter(contact_id__in=someone, running=1),
        "contact_id|drip_enrolment_waits",
    )
    yield "what caps count", ledger.counted([], someone, now=now), "drip_ledger_contact"
    yield (
        "receipts by the provider's id",
        Message.objects.filter(gateway__in=["default"], provider_id__in=["p1", "p2"], provider_id__gt=""),
        "drip_message_provider",
    )
    yield (
        "messages of an ending run",
        Message.objects.filter(
            enrolment_id__in=someone, state__in=["scheduled", "claimed"], handed_over_at=None
        ),
        "drip_message_enrolment",
    )
    yield (
        "receipts by our own reference",
        Message.objects.filter(reference__in=[f"{n:032d}" for n in range(2)], lease_token__gt=""),
        "drip_message_reference",
    )
    yield (
        "events since entering",
        Event.objects.filter(Among("contact_id", someone), name__in=["order_placed"], recorded_at__gt=now),
        "drip_event_contact",
    )
    yield (
        "visits that wait",
        StepVisit.objects.filter(enrolment_id__in=someone, left_at=None),
        "drip_visit_once|autoindex_wagtail_drip_stepvisit",
    )


def test_hot_questions_are_answered_by_their_index(crowded: Flow, now: datetime) -> None:
    someone = list(Contact.objects.order_by("-pk").values_list("pk", flat=True)[:3])

    for name, question, index in hot(now, someone):
        plan = question.explain()
        assert re.search(index, plan), f"{name} does not use {index}:\n{plan}"
        assert not reads_a_whole_table(plan), f"{name} reads a whole table:\n{plan}"


# One row a sequence or version, and the last begins from these: here one sequence has everybody, and the whole
# table is read soonest.
SMALL = {
    "late moves between versions",
    "late parking",
    "late triggers",
    "people inside a sequence that has ended",
}


@pytest.mark.parametrize("name", sorted(set(watchdog.EACH_TICK) - SMALL))
def test_the_watchdogs_questions_of_each_tick_read_no_whole_table(
    crowded: Flow, now: datetime, name: str
) -> None:
    question = watchdog.EACH_TICK[name](now + timedelta(minutes=11)).order_by().values_list("pk", flat=True)
    plan = question[: watchdog.MOST].explain()

    assert not reads_a_whole_table(plan), plan


def test_a_plan_that_reads_a_whole_table_is_recognised(crowded: Flow) -> None:
    assert reads_a_whole_table(Message.objects.filter(body="x").explain())


def reads_a_whole_table(plan: str) -> bool:
    """Tell whether the plan goes through a table row by row; small tables of settings may be."""
    return bool(
        re.search(r"Seq Scan on wagtail_drip_(?!sequence|sitesettings)", plan)
        or re.search(
            r"SCAN wagtail_drip_(?!sequence|sitesettings)\w+(?! USING (COVERING )?INDEX)\b(?! USING)", plan
        )
    )
