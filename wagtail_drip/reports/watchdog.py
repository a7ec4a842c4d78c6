"""Questions whose answer must be zero: whatever waits is taken up soon, and nothing waits for nothing.

Those of EACH_TICK are answered by an index on a due column and run every minute; those of DEEP read tables and
run when somebody asks (``drip_check``). Each counts at most MOST rows: more is no worse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from wagtail_drip.core import clock
from wagtail_drip.enrolments import querysets as enrolments
from wagtail_drip.enrolments.models import Enrolment, OutsideCall, TriggerCheck
from wagtail_drip.enrolments.states import RUNNING, CallState, EnrolmentState
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.messaging.models import Callback, InboundText, Message, Receipt
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.states import RuntimeState
from wagtail_drip.stores.models import Cart

LATE = timedelta(minutes=10)
# So long a trigger that missed days is told of: its owner can add the people by hand.
RECENTLY = timedelta(days=7)
MOST = 1000

Question = Callable[[datetime], QuerySet[Any]]


def _lost(now: datetime) -> QuerySet[Message]:
    """Messages whose worker died, which nobody took up: leases go by the database's clock."""
    return Message.objects.filter(
        state__in=(MessageState.CLAIMED, MessageState.HANDED_OVER), lease_until__lt=clock.lease_now() - LATE
    )


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
    "messages that no worker finished": _lost,
}

DEEP: dict[str, Question] = {
    "notices set aside": lambda now: Notice.objects.filter(due_at=None).exclude(error=""),
    "events set aside": lambda now: Event.objects.filter(match_due_at=None).exclude(error=""),
    "triggers set aside": lambda now: TriggerCheck.objects.filter(due_at=None).exclude(error=""),
    "triggers that missed days": lambda now: TriggerCheck.objects.filter(missed_until__gt=now - RECENTLY),
    "carts set aside": lambda now: Cart.objects.filter(sweep_due_at=None).exclude(error=""),
    "callbacks set aside": lambda now: Callback.objects.filter(due_at=None).exclude(error=""),
    "inbound texts set aside": lambda now: InboundText.objects.filter(due_at=None).exclude(error=""),
    "calls to the outside given up today": lambda now: OutsideCall.objects.filter(
        state=CallState.FAILED, settled_at__gt=now - timedelta(days=1)
    ),
    "enrolments that wait for nothing": lambda now: Enrolment.objects.filter(
        running=1, due_at=None, waits_for=""
    ).exclude(state=EnrolmentState.PAUSED),
    "enrolments that run and have ended": lambda now: Enrolment.objects.filter(running=1).exclude(
        state__in=RUNNING
    ),
    "enrolments that ended and hold their place": lambda now: Enrolment.objects.filter(
        running=None, state__in=RUNNING
    ),
    "enrolments of another sequence's version": lambda now: Enrolment.objects.filter(running=1).exclude(
        version__sequence=F("sequence")
    ),
    "messages that wait for no moment": lambda now: Message.objects.filter(
        state=MessageState.SCHEDULED, due_at=None, parked_due_at=None
    ),
}


def ask(questions: Mapping[str, Question], *, now: datetime) -> dict[str, int]:
    """Return the answers that are not zero, by the question's name, counted up to MOST."""
    found = {name: _count(question(now)) for name, question in questions.items()}
    return {name: number for name, number in found.items() if number}


def _count(rows: QuerySet[Any]) -> int:
    some: Iterable[Any] = rows.order_by().values_list("pk", flat=True)[:MOST]
    return len(list(some))
