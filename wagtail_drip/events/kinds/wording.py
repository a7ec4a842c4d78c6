"""The three words that the lists of events are written in."""

from __future__ import annotations

from typing import Any

from wagtail_drip.events.types import TEXT, EventType, Property, Words


def optional(name: str, label: Words, sample: Any = "", *, type: str = TEXT) -> Property:
    return Property(name=name, label=label, type=type, sample=sample)


def needed(name: str, label: Words, sample: Any, *, type: str = TEXT) -> Property:
    return Property(name=name, label=label, type=type, required=True, sample=sample)


def kind(
    name: str,
    label: Words,
    sentence: Words,
    *properties: Property,
    dedupe: str = "",
    date: str = "",
    interest: int = 0,
) -> EventType:
    return EventType(
        name=name,
        label=label,
        sentence=sentence,
        properties=properties,
        dedupe_property=dedupe,
        date_property=date,
        interest_points=interest,
    )
