"""Reading holds: what is not handed over until a person lifts it. ``actions`` writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from wagtail_drip.core.prepared import prepared
from wagtail_drip.messaging.models import Hold
from wagtail_drip.messaging.types import Claimed, sender_key


@dataclass(frozen=True, kw_only=True)
class OpenHolds:
    """Every open hold, by scope."""

    keys: frozenset[tuple[str, str]]

    @property
    def stops_everything(self) -> bool:
        return ("all", "") in self.keys

    def stops_sender(self, gateway: str, sender: str) -> bool:
        return ("gateway", gateway) in self.keys or ("sender", sender_key(gateway, sender)) in self.keys

    def stops(self, message: Claimed) -> bool:
        """Tell whether any hold covers the message."""
        if not self.keys:
            return False
        return (
            self.stops_everything
            or self.stops_sender(message.gateway, message.sender)
            or ("site", str(message.site_id)) in self.keys
            or ("sequence", str(message.sequence_id)) in self.keys
            or ("step", step_key(message.sequence_id, message.step_id)) in self.keys
        )

    def uncovered(self) -> Q:
        """Return the condition on messages that no hold on a site, sequence or step covers."""
        condition = Q()
        sites = [int(key) for scope, key in self.keys if scope == "site" and key.isdecimal()]
        if sites:
            condition &= ~Q(site_id__in=sites)
        sequences = [int(key) for scope, key in self.keys if scope == "sequence" and key.isdecimal()]
        if sequences:
            condition &= Q(sequence_id=None) | ~Q(sequence_id__in=sequences)
        for scope, key in sorted(self.keys):
            sequence_id, _, step_id = key.partition(":")
            if scope == "step" and sequence_id.isdecimal():
                condition &= Q(sequence_id=None) | ~Q(sequence_id=int(sequence_id), step_id=step_id)
        return condition


def open_holds(now: datetime) -> OpenHolds:
    """Return the holds that bind at *now*, in one query."""
    return OpenHolds(keys=frozenset(_open(now)))


@prepared
def _open(now: datetime) -> QuerySet[Any]:
    rows = Hold.objects.filter(Q(until=None) | Q(until__gt=now), lifted_at=None)
    return rows.values_list("scope", "key")


def step_key(sequence_id: int | None, step_id: str) -> str:
    """Return the key of a hold on a step."""
    return f"{sequence_id}:{step_id}"
