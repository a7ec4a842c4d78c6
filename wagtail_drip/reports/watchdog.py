"""Questions whose answer must be zero: whatever waits is taken up soon, and nothing waits for nothing.

Those of EACH_TICK are answered by an index on a due column and run every minute; so do those of STUCK, where the
database knows partial indexes (MariaDB does not), for each has one that is empty while all is well. Those of DEEP
read tables. All of them run when somebody asks (``drip_check``). Each counts at most MOST rows: more is no worse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from random import randint
from typing import Any

from django.db import connection
from django.db.models import F, Max, QuerySet

from wagtail_drip.contacts import projection, sealing
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments import querysets as enrolments
from wagtail_drip.enrolments.models import Enrolment, OutsideCall, TriggerCheck
from wagtail_drip.enrolments.states import RUNNING, CallState, EnrolmentState
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.messaging import holds
from wagtail_drip.messaging.models import Callback, InboundText, Message, Receipt
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.messaging.types import LANE_AT_ONCE
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.states import RuntimeState
from wagtail_drip.stores.models import Cart

LATE = timedelta(minutes=10)
# So long a trigger that missed days is told of: its owner can add the people by hand.
RECENTLY = timedelta(days=7)
MOST = 1000
# Whose permission is computed anew from the records: the last who said something, and some others.
SAMPLE = 200

Question = Callable[[datetime], QuerySet[Any] | Collection[Any]]


def _lost(now: datetime) -> QuerySet[Message]:
    """Messages whose worker died, which nobody took up: leases go by the database's clock."""
    return Message.objects.filter(
        state__in=(MessageState.CLAIMED, MessageState.HANDED_OVER), lease_until__lt=clock.lease_now() - LATE
    )


def _unsent(now: datetime) -> QuerySet[Message]:
    """
    Messages that must not wait, which nobody took up and nothing holds back.

    Only those: a promotion may stand behind a hundred thousand others of a sender that is throttled.
    """
    held = holds.open_holds(now)
    rows = Message.objects.filter(
        held.uncovered(), lane=LANE_AT_ONCE, state=MessageState.SCHEDULED, due_at__lt=now - LATE
    )
    if held.stops_everything:
        return rows.none()
    for scope, key in held.keys:
        if scope in ("gateway", "sender"):
            gateway, _, sender = key.partition(":")
            rows = rows.exclude(gateway=gateway, **({"sender": sender} if scope == "sender" else {}))
    return rows


def _in_the_dead(now: datetime) -> QuerySet[Enrolment]:
    """People inside sequences that have ended and from which nobody is being taken out any more."""
    dead = SequenceRuntime.objects.filter(
        state__in=(RuntimeState.ENDED, RuntimeState.ARCHIVED), parking_due_at=None
    )
    return Enrolment.objects.filter(
        sequence__in=dead.values_list("sequence_id", flat=True), state__in=RUNNING
    )


def _otherwise_than_recorded(now: datetime) -> Collection[Any]:
    """Permissions of a sample of contacts that are not what their records say."""
    return list(projection.differences(_some_contacts()))


def _changed_records(now: datetime) -> Collection[Any]:
    """Chains of consent, of a sample of contacts, that somebody has changed since they were recorded."""
    return list(sealing.faults(_some_contacts()))


def _some_contacts() -> set[int]:
    newest = set(ConsentRecord.objects.order_by("-pk").values_list("contact_id", flat=True)[:SAMPLE])
    highest = Contact.objects.aggregate(highest=Max("pk"))["highest"] or 0
    others = Contact.objects.filter(pk__gte=randint(0, highest)).order_by("pk")  # noqa: S311 -- any will do
    return {*newest, *others.values_list("pk", flat=True)[:SAMPLE]}


EACH_TICK: dict[str, Question] = {
    "late notices": lambda now: Notice.objects.filter(due_at__lt=now - LATE),
    "late events": lambda now: Event.objects.filter(match_due_at__lt=now - LATE),
    "late carts": lambda now: Cart.objects.filter(sweep_due_at__lt=now - LATE),
    "late triggers": lambda now: TriggerCheck.objects.filter(
        due_at__lt=now - LATE,
        sequence__runtime__state=RuntimeState.LIVE,
        sequence__runtime__trigger_event__in=triggers.NAMES,
        sequence__runtime__entering_since__lt=now - LATE,
    ),
    "late enrolments": lambda now: enrolments.due(now - LATE),
    "late calls to the outside": lambda now: enrolments.calls_due(now - LATE),
    "late callbacks": lambda now: Callback.objects.filter(due_at__lt=now - LATE),
    "late inbound texts": lambda now: InboundText.objects.filter(due_at__lt=now - LATE),
    "late receipts": lambda now: Receipt.objects.filter(due_at__lt=now - LATE),
    "late moves between versions": lambda now: SequenceVersion.objects.filter(moves_due_at__lt=now - LATE),
    "late parking": lambda now: SequenceRuntime.objects.filter(parking_due_at__lt=now - LATE),
    "late messages that must not wait": _unsent,
    "messages that no worker finished": _lost,
    "people inside a sequence that has ended": _in_the_dead,
}

STUCK: dict[str, Question] = {
    "notices set aside": lambda now: Notice.objects.filter(due_at=None).exclude(error=""),
    "events set aside": lambda now: Event.objects.filter(match_due_at=None).exclude(error=""),
    "carts set aside": lambda now: Cart.objects.filter(sweep_due_at=None).exclude(error=""),
    "callbacks set aside": lambda now: Callback.objects.filter(due_at=None).exclude(error=""),
    "inbound texts set aside": lambda now: InboundText.objects.filter(due_at=None).exclude(error=""),
    "enrolments that wait for nothing": lambda now: Enrolment.objects.filter(
        running=1, due_at=None, waits_for=""
    ).exclude(state=EnrolmentState.PAUSED),
    "messages that wait for no moment": lambda now: Message.objects.filter(
        state=MessageState.SCHEDULED, due_at=None, parked_due_at=None
    ),
}

DEEP: dict[str, Question] = {
    "calls to the outside given up today": lambda now: OutsideCall.objects.filter(
        state=CallState.FAILED, settled_at__gt=now - timedelta(days=1)
    ),
    "triggers set aside": lambda now: TriggerCheck.objects.filter(due_at=None).exclude(error=""),
    "segments set aside": lambda now: Segment.objects.filter(refresh_due_at=None).exclude(error=""),
    "triggers that missed days": lambda now: TriggerCheck.objects.filter(missed_until__gt=now - RECENTLY),
    "enrolments that run and have ended": lambda now: Enrolment.objects.filter(running=1).exclude(
        state__in=RUNNING
    ),
    "enrolments that ended and hold their place": lambda now: Enrolment.objects.filter(
        running=None, state__in=RUNNING
    ),
    "enrolments of another sequence's version": lambda now: Enrolment.objects.filter(running=1).exclude(
        version__sequence=F("sequence")
    ),
    "permissions otherwise than recorded": _otherwise_than_recorded,
    "chains of consent that are not whole": _changed_records,
}

ALL: Mapping[str, Question] = {**EACH_TICK, **STUCK, **DEEP}


def each_tick() -> Mapping[str, Question]:
    """Return the questions that this database answers by an index."""
    return {**EACH_TICK, **STUCK} if connection.features.supports_partial_indexes else EACH_TICK


def ask(questions: Mapping[str, Question], *, now: datetime) -> dict[str, int]:
    """Return the answers that are not zero, by the question's name, counted up to MOST."""
    found = {name: _count(question(now)) for name, question in questions.items()}
    return {name: number for name, number in found.items() if number}


def _count(rows: QuerySet[Any] | Collection[Any]) -> int:
    if not isinstance(rows, QuerySet):
        return len(list(islice(rows, MOST)))
    some: Iterable[Any] = rows.order_by().values_list("pk", flat=True)[:MOST]
    return len(list(some))
