"""Tests on an event's name and properties, as data: triggers, goals, exits, branches and guards. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A test of one value: ``property operator value``.

    Operators: is, is_not, contains, at_least, at_most, is_set, is_not_set. Numbers are compared as decimals,
    texts without regard to case; a list satisfies a test when one of its members does. A dotted name
    looks into dicts, and into every member of a list (``products.category``).
    """

    property: str
    operator: str
    value: str = ""

    def read(self, properties: Mapping[str, Any]) -> Any:
        """Return what the property holds; None where it is missing."""
        found: Any = properties
        for part in self.property.split("."):
            if isinstance(found, list):
                found = [member[part] for member in found if isinstance(member, Mapping) and part in member]
            elif isinstance(found, Mapping):
                found = found.get(part)
            else:
                return None
        return found

    def holds(self, properties: Mapping[str, Any]) -> bool:
        found = self.read(properties)
        is_set = found not in (None, "", [], {})
        if self.operator == "is_set":
            return is_set
        if self.operator == "is_not_set":
            return not is_set
        members = found if isinstance(found, list) else [found]
        if self.operator == "is_not":
            return not any(_compare(member, "is", self.value) for member in members)
        return any(_compare(member, self.operator, self.value) for member in members)


OPERATORS = ("is", "is_not", "contains", "at_least", "at_most", "is_set", "is_not_set")


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _compare(found: Any, operator: str, wanted: str) -> bool:
    if found is None:
        return False
    left, right = _decimal(found), _decimal(wanted)
    if operator in ("at_least", "at_most"):
        if left is None or right is None:
            # Dates and times in ISO 8601 sort as text.
            told, limit = str(found).casefold(), wanted.casefold()
            return told >= limit if operator == "at_least" else told <= limit
        return left >= right if operator == "at_least" else left <= right
    if operator == "contains":
        return wanted.casefold() in str(found).casefold()
    if left is not None and right is not None:
        return left == right
    if isinstance(found, bool):
        return wanted.casefold() in (("true", "yes", "1") if found else ("false", "no", "0"))
    return str(found).casefold() == wanted.casefold()


@dataclass(frozen=True, kw_only=True)
class EventTest:
    """An event by name, narrowed by conditions on its properties; all of them must hold."""

    event: str
    conditions: tuple[Condition, ...] = ()

    def accepts(self, name: str, properties: Mapping[str, Any]) -> bool:
        return name == self.event and all(condition.holds(properties) for condition in self.conditions)


def test_to_json(test: EventTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {
        "event": test.event,
        "conditions": [
            {"property": c.property, "operator": c.operator, "value": c.value} for c in test.conditions
        ],
    }


def conditions_from_json(raw: Any) -> tuple[Condition, ...]:
    return tuple(
        Condition(property=c["property"], operator=c["operator"], value=str(c.get("value", "")))
        for c in raw or []
    )


def test_from_json(raw: Mapping[str, Any] | None) -> EventTest | None:
    if not raw:
        return None
    return EventTest(event=raw["event"], conditions=conditions_from_json(raw.get("conditions")))
