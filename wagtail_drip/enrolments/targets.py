"""Where somebody goes when another version comes into force. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from wagtail_drip.enrolments.steps import base
from wagtail_drip.sequences.choices import Choice, Chosen
from wagtail_drip.sequences.flow import Flow


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    What becomes of one who stands at a step.

    :param choice: what is done, which is the default where what was chosen cannot be.
    :param step_id: where they stand then; '' at the end.
    :param reason: the exit reason; only for ``Choice.LEAVE``.
    """

    choice: Choice
    step_id: str = ""
    reason: str = ""


def target_of(
    step_id: str, *, old: Flow, new: Flow, chosen: Chosen | None = None, stays: bool = False
) -> Target:
    """
    Return where somebody at *step_id* of the old flow goes on in the new one.

    Unless something else was chosen: at the same step where it survives; else at the next one after it, as the
    old flow goes on, that does; and out if none is left.

    :param stays: an earlier choice left them on the old version, which holds until somebody chooses anew.
    """
    choice = chosen.choice if chosen else Choice.STAY if stays else Choice.KEEP
    if choice == Choice.STAY:
        return Target(choice=Choice.STAY, step_id=step_id)
    if choice == Choice.LEAVE:
        return Target(choice=Choice.LEAVE, step_id=step_id, reason="version_migrated")
    if choice == Choice.MOVE and chosen and chosen.to != step_id and chosen.to in new.steps:
        return Target(choice=Choice.MOVE, step_id=chosen.to)
    if survives(step_id, old=old, new=new):
        can = choice == Choice.RECOMPUTE and can_recompute(step_id, new)
        return Target(choice=Choice.RECOMPUTE if can else Choice.KEEP, step_id=step_id)
    if step_id in new.steps:
        # What it remembers belongs to a step of another kind.
        return Target(choice=Choice.MOVE, step_id=step_id)
    found = _next_that_is_left(step_id, old=old, new=new)
    if found is None:
        return Target(choice=Choice.LEAVE, step_id=step_id, reason="step_removed")
    return Target(choice=Choice.MOVE, step_id=found)


def _next_that_is_left(step_id: str, *, old: Flow, new: Flow) -> str | None:
    # By what follows a step and not by how they are read: after a path comes what follows its branch, not the
    # path beside it, which is for others.
    passed: set[str] = set()
    here = step_id
    while here in old.steps and here not in passed:
        passed.add(here)
        here = old.steps[here].next or ""
        if here in new.steps:
            return here
    return None


def survives(step_id: str, *, old: Flow, new: Flow) -> bool:
    """Tell whether who stands at *step_id* may go on standing there; so may who is at the end."""
    if not step_id:
        return True
    before, after = old.steps.get(step_id), new.steps.get(step_id)
    return before is not None and after is not None and before.kind == after.kind


def keeping_the_wait(step_id: str, memory: Mapping[str, Any], *, old: Flow, new: Flow) -> dict[str, Any]:
    """Return what a step that survives remembers, so that a wait that has begun stays as long as it was."""
    kept = dict(memory)
    before, after = old.steps.get(step_id), new.steps.get(step_id)
    kind = base.find_kind(before.kind) if before is not None else None
    if before is None or after is None or kind is None:
        return kept
    lengths = {name: before.settings.get(name) for name in kind.lengths}
    if any(after.settings.get(name) != value for name, value in lengths.items()):
        # What an earlier version had them keep already goes on.
        kept.setdefault(base.KEPT, lengths)
    return kept


def can_recompute(step_id: str, flow: Flow) -> bool:
    """Tell whether a step only waits, so that it may be asked anew without doing anything twice."""
    return bool(step_id) and step_id in flow.steps and not acts(flow.steps[step_id].kind)


def acts(kind: str) -> bool:
    """Tell whether a kind of step does something that nobody should get twice; an unknown kind does."""
    found = base.find_kind(kind)
    return found is None or found.acts


def again(target: Target, *, at: str, old: Flow, new: Flow, before: Collection[str] = ()) -> frozenset[str]:
    """
    Return the steps that the new flow would lead one to and the old one no longer would have.

    Whoever has been at one of these already must not get it twice. Steps that the old flow would have led to
    again (a loop) are its editor's wish, and steps that only wait or decide do no harm.

    :param at: where they stood in the old flow.
    :param before: steps that they were to pass over in the old flow already.
    """
    begins = target.choice == Choice.MOVE
    meant = ahead(old, at, itself=False) - set(before)
    coming = ahead(new, target.step_id, itself=begins) - meant
    return frozenset(step_id for step_id in coming if acts(new.steps[step_id].kind))


def ahead(flow: Flow, step_id: str, *, itself: bool) -> set[str]:
    """Return every step that somebody may still come to from *step_id*; itself too if it has not begun."""
    found: set[str] = set()
    first = [step_id] if itself else _onward(flow, step_id)
    waiting = [each for each in first if each in flow.steps]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += [each for each in _onward(flow, here) if each in flow.steps]
    return found


def _onward(flow: Flow, step_id: str) -> list[str]:
    step = flow.steps.get(step_id)
    if step is None:
        return []
    return [each for each in (step.next, *(path.start for path in step.paths)) if each]
