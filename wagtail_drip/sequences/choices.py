"""What a publisher chose for the people inside, by where they stand. Pure.

A choice belongs to a pair of versions and a step of the older one: it is kept with the version that was
published, and another publish makes its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wagtail_drip.exceptions import WagtailDripError


class Choice(StrEnum):
    """
    What becomes of who stands at a step when another version comes into force.

    KEEP: the same step and the same wait, by the new version. STAY: to the end by the old version. MOVE: on at
    a step of the new version. RECOMPUTE: the same step, its wait counted anew from when it began. LEAVE: out.
    """

    KEEP = "keep"
    STAY = "stay"
    MOVE = "move"
    RECOMPUTE = "recompute"
    LEAVE = "leave"


class NoSuchChoice(WagtailDripError):
    """A choice names something that is not there; the message says which and what to choose instead."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """:param to: the step to go on at; only for MOVE."""

    choice: Choice
    to: str = ""


# By the older version's primary key and the id of one of its steps.
Choices = Mapping[tuple[int, str], Chosen]


def to_json(choices: Choices) -> list[dict[str, Any]]:
    """Return the choices as a version keeps them; the inverse of ``from_json``."""
    return [
        {"version": version_id, "step": step_id, "choice": chosen.choice.value, "to": chosen.to}
        for (version_id, step_id), chosen in sorted(choices.items())
    ]


def from_json(raw: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], Chosen]:
    """:raises NoSuchChoice: if one is none of ``Choice``."""
    return {
        (int(each["version"]), str(each["step"])): Chosen(choice=_choice(each["choice"]), to=each["to"])
        for each in raw
    }


def refuse_unknown_steps(choices: Choices, steps: Iterable[str]) -> None:
    """
    Check that every step to move to is one of *steps*.

    :raises NoSuchChoice: naming the step that people stand at and the one they cannot go to.
    """
    known = set(steps)
    for (_version_id, step_id), chosen in choices.items():
        if chosen.choice == Choice.MOVE and chosen.to not in known:
            raise NoSuchChoice(
                f"Who stands at step {step_id!r} cannot go on at {chosen.to!r}: "
                "choose one of the steps of the version that is published."
            )


def _choice(value: str) -> Choice:
    try:
        return Choice(value)
    except ValueError:
        known = ", ".join(Choice)
        raise NoSuchChoice(f"There is no choice {value!r}; choose one of {known}.") from None
