"""The outbox as a worker takes from it where more is due than threads are free: claimed first, and nothing decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from wagtail_drip.messaging import claiming
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import Claimed


def claim(*, token: str, limit: int, now: datetime) -> list[Claimed]:
    claimed: list[Claimed] = []

    def take(gateway: Any, due: QuerySet[Message], most: int) -> int:
        taken = claiming.hold(due, most, token=token)
        claimed.extend(taken)
        return len(taken)

    claiming.go_through(take, limit=limit, now=now)
    return claimed
