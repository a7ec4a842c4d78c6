"""What must not have come true before a message goes: its guards, put to the shop's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wagtail_drip.events.conditions import conditions_from_json
from wagtail_drip.messaging.states import DeferReason
from wagtail_drip.messaging.types import Claimed, People
from wagtail_drip.stores import liveness
from wagtail_drip.stores.types import Guard


def verdicts(messages: Sequence[Claimed], people: People, *, now: datetime) -> list[str]:
    """
    Return one word per message: '' if all its guards let it go, else why one of them does not.

    What has certainly come true outweighs a store that cannot tell yet.
    """
    found = [""] * len(messages)
    asked = [
        (position, _guard(contact_id, given))
        for position, message in enumerate(messages)
        if message.guards
        # What somebody did before a merge stands with the contact that was merged.
        for contact_id in dict.fromkeys((message.contact_id, people[message.contact_id].id))
        for given in message.guards
    ]
    if not asked:
        return found
    answers = liveness.check([guard for _, guard in asked], now=now)
    for (position, _), answer in zip(asked, answers, strict=True):
        if answer and found[position] in {"", DeferReason.STORE_BEHIND}:
            found[position] = answer
    return found


def _guard(contact_id: int, given: Mapping[str, Any]) -> Guard:
    return Guard(
        contact_id=contact_id,
        kind=given["kind"],
        since=datetime.fromisoformat(given["since"]),
        event=given.get("event", ""),
        conditions=conditions_from_json(given.get("conditions")),
        store=given.get("store", ""),
        cart_id=given.get("cart_id", ""),
    )
