"""Every kind of event there is: its name, the editor's words for it, and its properties with samples.

Names and properties follow Segment's e-commerce specification; money is a decimal text with an ISO 4217
currency beside it, moments are ISO 8601 in UTC. Site code adds its own with ``register``; an event named
``custom:<slug>`` needs no registration and takes any properties.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from wagtail_drip.events.kinds import bookings, people, shop
from wagtail_drip.events.types import (
    ANY,
    DATE,
    MOMENT,
    MONEY,
    NUMBER,
    PRODUCT_LIST,
    TEXT,
    YES_NO,
    EventType,
    Words,
)
from wagtail_drip.exceptions import WagtailDripError

_CUSTOM = re.compile(r"custom:[a-z0-9][a-z0-9_-]{0,55}\Z")


class InvalidEvent(WagtailDripError):
    """An event has a name that nobody knows, or a property that is missing or of the wrong type."""


_types: dict[str, EventType] = {}


def register(event_type: EventType) -> None:
    """Add an event type, or replace the one of the same name (call it in an ``AppConfig.ready``)."""
    if len(event_type.name) > 64:
        raise InvalidEvent(f"The event name {event_type.name!r} is longer than 64 characters.")
    _types[event_type.name] = event_type


def get(name: str) -> EventType:
    """
    Return the event type; a custom event has one without properties.

    :raises InvalidEvent: if nobody registered *name*.
    """
    found = find(name)
    if found is None:
        raise InvalidEvent(f"There is no event named {name!r}. Register it, or name it custom:<slug>.")
    return found


def find(name: str) -> EventType | None:
    known = _types.get(name)
    if known is not None:
        return known
    if _CUSTOM.match(name):
        label = name.removeprefix("custom:").replace("_", " ").replace("-", " ")
        return EventType(name=name, label=label.capitalize(), sentence=label.capitalize())
    return None


def all_types() -> list[EventType]:
    """Return the registered event types in the catalogue's order."""
    return list(_types.values())


def choices() -> list[tuple[str, Words]]:
    """Return (name, sentence) for a choice; give the function itself, so that later registrations count."""
    return [(known.name, known.sentence) for known in _types.values()]


def signs_of_interest() -> dict[str, int]:
    """Return how many points each event has that says what somebody cares about."""
    return {known.name: known.interest_points for known in _types.values() if known.interest_points}


def sample(name: str) -> dict[str, Any]:
    """Return plausible properties for previews; empty for an event that nobody registered."""
    known = find(name)
    return {prop.name: prop.sample for prop in known.properties} if known else {}


def validate(name: str, properties: Mapping[str, Any]) -> None:
    """
    Refuse an event that others could not rely on; properties that the catalogue does not know may stay.

    :raises InvalidEvent: naming the event or the property, and what it should be.
    """
    for prop in get(name).properties:
        value = properties.get(prop.name)
        if value is None or value == "":
            if prop.required:
                raise InvalidEvent(f"The event {name} needs the property {prop.name!r}.")
            continue
        wanted = _CHECKS[prop.type]
        if not wanted(value):
            raise InvalidEvent(
                f"The property {prop.name!r} of the event {name} should be {_DESCRIPTIONS[prop.type]}."
            )


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_money(value: Any) -> bool:
    if isinstance(value, float | bool):
        return False
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def _is_date(value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return _is_moment(value)
    return True


def _is_moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(str(value)).tzinfo is not None
    except ValueError:
        return False


def _are_products(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping) and one.get("product_id") not in (None, "") and one.get("name")
        for one in value
    )


_CHECKS: dict[str, Callable[[Any], bool]] = {
    TEXT: _is_text,
    NUMBER: _is_number,
    MONEY: _is_money,
    YES_NO: lambda value: isinstance(value, bool),
    DATE: _is_date,
    MOMENT: _is_moment,
    PRODUCT_LIST: _are_products,
    ANY: lambda value: True,
}
_DESCRIPTIONS = {
    TEXT: "a text",
    NUMBER: "a number",
    MONEY: 'a decimal text such as "12.50"',
    YES_NO: "true or false",
    DATE: "a date in ISO 8601",
    MOMENT: "a moment in ISO 8601 with its offset",
    PRODUCT_LIST: "a list of products, each with product_id and name",
    ANY: "anything",
}


for _known in (*shop.EVENTS, *people.EVENTS, *bookings.EVENTS):
    register(_known)
