"""The send ledger: what was handed over to whom, and when. One row a message, given back if it never went."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from wagtail_drip.compliance.frequency_caps import MONTH, WEEK
from wagtail_drip.core import inserts
from wagtail_drip.core.among import Among
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.states import DeferReason, MessageState
from wagtail_drip.messaging.types import AT_ONCE, Claimed

_WISHES = (DeferReason.FREQUENCY_CAP, DeferReason.CONTACT_PAUSED, DeferReason.CONTACT_HOURS)


def record(messages: Sequence[Claimed], *, now: datetime) -> None:
    """Note that *messages* are handed over, in the transaction that marks them so."""
    inserts.insert_values(
        SendLedger,
        [
            {
                "message_id": message.id,
                "contact_id": message.contact_id,
                "site_id": message.site_id,
                "purpose": message.purpose,
                "topic": message.topic,
                "handed_over_at": now,
            }
            for message in messages
        ],
        ignore_repeats=True,
    )


def counted(
    messages: Sequence[Claimed], contact_ids: Collection[int], *, now: datetime
) -> QuerySet[SendLedger]:
    """
    Return what caps count of the contacts' last 30 days, of every site; *messages* themselves are left out.

    They may be here for a second time. Answers and news of orders are not counted.
    """
    return (
        SendLedger.objects.filter(Among("contact_id", contact_ids), handed_over_at__gt=now - MONTH)
        .exclude(purpose__in=AT_ONCE)
        .exclude(Among("message_id", [message.id for message in messages]))
    )


def counts(rows: QuerySet[SendLedger], *, now: datetime) -> list[tuple[int, int, int]]:
    """Return (contact, how many in 7 × 24 hours, how many in 30 days) of what is ``counted``."""
    return list(
        rows.values_list("contact_id").annotate(
            week=Count("pk", filter=Q(handed_over_at__gt=now - WEEK)), month=Count("pk")
        )
    )


def give_back(messages: Sequence[Claimed]) -> None:
    """Forget hand-overs that certainly did not happen: caps must not count them."""
    SendLedger.objects.filter(message_id__in=[message.id for message in messages]).delete()


def ask_again(contact_ids: Collection[int], *, now: datetime) -> int:
    """Let what caps put off be asked again at once, of these contacts, and return how many messages that is."""
    return put_off(now=now).filter(contact_id__in=set(contact_ids)).update(due_at=now)


def ask_wishes_again(contact_ids: Collection[int], *, now: datetime) -> int:
    """The same of what any wish of the contacts' own has put off: fewer texts, a pause, their hours."""
    return Message.objects.filter(
        state=MessageState.SCHEDULED,
        defer_reason__in=_WISHES,
        due_at__gt=now,
        contact_id__in=set(contact_ids),
    ).update(due_at=now)


def put_off(*, now: datetime) -> QuerySet[Message]:
    """Return what caps have put off beyond *now*."""
    return Message.objects.filter(
        state=MessageState.SCHEDULED, defer_reason=DeferReason.FREQUENCY_CAP, due_at__gt=now
    )
