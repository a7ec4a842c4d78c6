"""The life of a row: states with their meanings, the transitions allowed, and the guarded UPDATE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from wagtail_drip.exceptions import WagtailDripError


class ForbiddenTransition(WagtailDripError):
    """A state was asked to become another that its table does not allow."""


class State(StrEnum):
    """A StrEnum whose members carry a one-line meaning: ``SENT = "sent", "The gateway accepted it."``"""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> State:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(member.value, member.value.replace("_", " ")) for member in cls]


Transitions = Mapping[Any, frozenset[Any]]


def sources(table: Transitions, to: str) -> list[str]:
    """Return the states from which *to* may be reached, in the table's order."""
    return [str(state) for state, targets in table.items() if to in targets]


def move(
    rows: QuerySet[Any],
    to: str,
    *,
    table: Transitions,
    field: str = "state",
    allowed_from: Iterable[str] | None = None,
    **changes: Any,
) -> int:
    """
    Move the rows that may go to *to*, in one guarded UPDATE, and return how many went.

    Zero means that somebody else was there first, or that the transition is not allowed from
    where the row stands; nothing has changed then.

    :param allowed_from: narrows the table further (never widens it).
    :raises ForbiddenTransition: if the table knows no way to *to* from *allowed_from*.
    """
    possible = sources(table, to)
    if allowed_from is not None:
        possible = [state for state in possible if state in set(allowed_from)]
    if not possible:
        raise ForbiddenTransition(f"Nothing may become {to} from {allowed_from or 'anywhere'}.")
    return rows.filter(**{f"{field}__in": possible}).update(**{field: to, **changes})


def is_allowed(table: Transitions, before: str, after: str) -> bool:
    return after in table.get(before, frozenset())
