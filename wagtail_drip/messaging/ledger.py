"""The send ledger: what was handed over to whom, and when. One row a message, given back if it never went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from wagtail_drip.core import claims
from wagtail_drip.messaging.models import SendLedger
from wagtail_drip.messaging.types import Claimed


def record(messages: Sequence[Claimed], *, now: datetime) -> None:
    """Note that *messages* are handed over, in the transaction that marks them so."""
    claims.insert_new(
        [
            SendLedger(
                message_id=message.id,
                contact_id=message.contact_id,
                site_id=message.site_id,
                purpose=message.purpose,
                topic=message.topic,
                handed_over_at=now,
            )
            for message in messages
        ],
        unique=["message"],
    )


def give_back(messages: Sequence[Claimed]) -> None:
    """Forget hand-overs that certainly did not happen: caps must not count them."""
    SendLedger.objects.filter(message_id__in=[message.id for message in messages]).delete()
