"""What every kind of step shares: what it reads, what it may answer, and how it is found. Pure."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, ClassVar

from wagtail_drip.core.values import value
from wagtail_drip.enrolments import steps as package
from wagtail_drip.enrolments.effects import Decision, Effect
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.sequences.flow import Step


class UnknownStepKind(WagtailDripError):
    """A flow names a kind of step that is not installed; register it or publish without it."""


@value
class Position:
    """
    Where an enrolment stands.

    :param step_id: '' at the end.
    :param visit: how many steps it has come to, this one included once it has begun.
    :param entered_at: None until this step has begun.
    :param memory: what the step itself remembers while it waits.
    """

    step_id: str
    visit: int = 0
    entered_at: datetime | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)

    @property
    def began_at(self) -> datetime:
        """Return when this step began; a step is never run before."""
        if self.entered_at is None:
            raise ValueError("This step has not begun.")
        return self.entered_at


@value
class GoOn:
    """
    Done here. *path* is the key of the way out; '' for a step that has only one.

    :param was_due_at: the moment that was waited for, where that is not when the enrolment was due: by it is told
        whether what follows comes too late.
    """

    path: str = ""
    effects: tuple[Effect, ...] = ()
    decisions: tuple[Decision, ...] = ()
    was_due_at: datetime | None = None


@value
class Wait:
    """
    Not yet. The step is run again at *until*, or sooner when the event *event* happens to the contact.

    :param until: None to wait for the event alone.
    :param event: its name, or several with blanks between; 64 characters at most.
    :param look_at: run it again as soon as this, to see whether what it waits for has moved.
    """

    until: datetime | None = None
    event: str = ""
    look_at: datetime | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    decisions: tuple[Decision, ...] = ()


@value
class End:
    """The enrolment ends here: *state* is ``completed`` or ``exited``."""

    state: str
    reason: str = ""
    effects: tuple[Effect, ...] = ()
    decisions: tuple[Decision, ...] = ()


Outcome = GoOn | Wait | End


class StepKind:
    """
    One kind of step. It is run when it is reached and again each time its wait is over.

    ``run`` decides by its arguments alone: the same arguments give the same outcome, whoever asks
    (the live engine, the preview, a replay). What it wants done it returns as effects.

    :cvar acts: whether it does anything that nobody should get twice. A kind that only waits or decides says
        False: a new version may then have its wait counted anew, or lead somebody to it again.
    :cvar lengths: the settings that say how long it waits. Who waits when a version with others comes into force
        keeps theirs: ``run`` then reads them through ``settings_of`` and hands ``position.memory`` on.
    :cvar counts_passes: whether it asks how often the enrolment came to it, ``facts.passed``.
    """

    acts: ClassVar[bool] = True
    lengths: ClassVar[tuple[str, ...]] = ()
    counts_passes: ClassVar[bool] = False

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        """Return what must be gathered before ``run``; nothing else is in the facts."""
        return Needs()

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        raise NotImplementedError


KEPT = "kept"


def settings_of(step: Step, position: Position) -> Mapping[str, Any]:
    """Return the step's settings, with the length of the wait that was kept through a change of versions."""
    kept = position.memory.get(KEPT)
    return {**step.settings, **kept} if kept else step.settings


NOT_KINDS = frozenset({"base"})

_registered: dict[str, StepKind] = {}
_ours: dict[str, StepKind] = {}


def register(name: str, kind: type[StepKind]) -> None:
    """Add a site's own kind of step, through ``api.register_step``."""
    _registered[name] = kind()


def kinds() -> dict[str, StepKind]:
    """Return every kind of step by name: ours by file name, then those that the site registered."""
    if not _ours:
        for module_info in pkgutil.iter_modules(package.__path__):
            if module_info.name not in NOT_KINDS:
                module = importlib.import_module(f"{package.__name__}.{module_info.name}")
                _ours[module_info.name] = module.Kind()
    return {**_ours, **_registered}


def find_kind(name: str) -> StepKind | None:
    return _registered.get(name) or _ours.get(name) or kinds().get(name)


def kind_of(name: str) -> StepKind:
    """:raises UnknownStepKind: if no such kind is installed."""
    found = find_kind(name)
    if found is None:
        raise UnknownStepKind(f"No step of kind {name!r} is installed.")
    return found
