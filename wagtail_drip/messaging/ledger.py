"""The send ledger: what was handed over to whom, and when. One row a message, given back if it never went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Q

from wagtail_drip.compliance.types import Counts
from wagtail_drip.core import inserts
from wagtail_drip.core.among import Among
from wagtail_drip.messaging.models import SendLedger
from wagtail_drip.messaging.types import AT_ONCE, Claimed


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


def counts(
    messages: Sequence[Claimed], contact_ids: Collection[int], *, now: datetime
) -> Mapping[tuple[int, int], Counts]:
    """
    Return how many messages each contact was sent by each site: rolling 7 × 24 hours, and 30 days.

    Answers and news of orders are not counted, nor are *messages* themselves, which may be here for a second time.
    """
    rows = (
        SendLedger.objects.filter(
            Among("contact_id", contact_ids), handed_over_at__gt=now - timedelta(days=30)
        )
        .exclude(purpose__in=AT_ONCE)
        .exclude(Among("message_id", [message.id for message in messages]))
        .values_list("contact_id", "site_id")
        .annotate(week=Count("pk", filter=Q(handed_over_at__gt=now - timedelta(days=7))), month=Count("pk"))
    )
    return {(contact_id, site_id): Counts(week, month) for contact_id, site_id, week, month in rows}


def give_back(messages: Sequence[Claimed]) -> None:
    """Forget hand-overs that certainly did not happen: caps must not count them."""
    SendLedger.objects.filter(message_id__in=[message.id for message in messages]).delete()
