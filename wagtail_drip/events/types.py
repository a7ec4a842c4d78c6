"""What goes through the door of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

Words = str | Promise

TEXT, NUMBER, MONEY, YES_NO, DATE, MOMENT, PRODUCT_LIST, ANY = (
    "text",
    "number",
    "money",
    "yes_no",
    "date",
    "moment",
    "products",
    "any",
)

# An event with this source is history: it is kept, and starts nothing.
BACKFILL = "backfill"
# The store of what we record ourselves, clicks and replies: no shop's key can meet one of ours.
OUR_STORE = "drip"


@dataclass(frozen=True, kw_only=True)
class EventDraft:
    """
    An event about to be recorded.

    :param key: unique in *store*: the same key again is the same event, and is ignored.
    :param source: signal, api, sweep, link, inbox, or ``BACKFILL``.
    :param occurred_at: the shop's moment, for display only.
    :param recorded_at: ours, stamped when we were told; before and after are decided by it.
    """

    name: str
    key: str
    store: str
    site_id: int
    contact_id: int | None
    source: str
    occurred_at: datetime
    recorded_at: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Property:
    """
    One thing that an event tells.

    :param type: text, number, money (a decimal text), yes_no, date, moment, products, any.
    :param sample: what previews show.
    """

    name: str
    label: Words
    type: str = TEXT
    required: bool = False
    sample: Any = ""


@dataclass(frozen=True, kw_only=True)
class EventType:
    """
    A kind of event.

    :param label: what lists call it, "Cart abandoned".
    :param sentence: how an editor reads it in a trigger, "A cart is left behind".
    :param dedupe_property: what tells two runs of one person apart: the order, the cart, the appointment.
    :param date_property: the date or moment that "wait until" may count from.
    :param interest_points: how much it says of what the person cares about, by the names of what it is about; a look
        is 1, an order 5; 0 says nothing.
    """

    name: str
    label: Words
    sentence: Words
    properties: tuple[Property, ...] = ()
    dedupe_property: str = ""
    date_property: str = ""
    interest_points: int = 0

    def property(self, name: str) -> Property | None:
        return next((known for known in self.properties if known.name == name), None)
