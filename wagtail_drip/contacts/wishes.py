"""What a step may ask for in a person's name, and when that changes anything. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from wagtail_drip.contacts.consent import PermissionKey, Subscriptions
from wagtail_drip.contacts.types import Channel, PurposeGroup


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """
    A subscription to be closed, or to be opened again as far as the person's own records allow.

    :param topic: '' for all topics of the group.
    :param source: who asks, as the record will say: ``sequence:12:step``.
    """

    contact_id: int
    site_id: int
    group: PurposeGroup
    topic: str
    granted: bool
    source: str

    def would_change(self, standing: Subscriptions) -> bool:
        return (
            standing.outcome_of(PermissionKey(self.group, Channel.SMS, self.topic), self.granted) == "changed"
        )
