"""What must be mended before a sequence can run, and what its owner should know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from wagtail_drip.events import condition_blocks as conditions
from wagtail_drip.sequences import answers, jumps, starts, trigger_problems
from wagtail_drip.sequences.blocks import base, tree
from wagtail_drip.sequences.lay_out import lay_out
from wagtail_drip.sequences.types import Problem

if TYPE_CHECKING:
    from wagtail_drip.sequences.models import Sequence

# Far above what people write. It bounds the compiled flow, and so the walk.
MOST_STEPS = 300


def find(sequence: Sequence) -> list[Problem]:
    """
    Return every problem of the sequence as it stands, in the order in which an editor reads.

    Runs the same from a form, from code, from the API and on a schedule, where no form validates.
    """
    return [*_of_the_whole(sequence), *_of_the_steps(sequence)]


def errors(sequence: Sequence) -> list[Problem]:
    """Return the problems that stop publishing."""
    return [problem for problem in find(sequence) if problem.level == "error"]


def _of_the_whole(sequence: Sequence) -> Iterator[Problem]:
    yield from trigger_problems.find(sequence)
    if starts.heard_event(sequence):
        yield from _of_conditions("trigger_conditions", sequence.trigger_conditions)
    yield from trigger_problems.of_an_event("goal_event", sequence.goal_event)
    yield from _of_conditions("goal_conditions", sequence.goal_conditions)
    for rule in sequence.exit_rules:
        event = rule.value.get("event") or ""
        if not event:
            yield Problem(
                field="exit_rules", message=_("Choose what makes people leave early, or remove the rule.")
            )
        yield from trigger_problems.of_an_event("exit_rules", event)
        yield from _of_conditions("exit_rules", rule.value.get("conditions"))
    if sequence.reentry == "after_days" and sequence.reentry_days < 1:
        yield Problem(
            field="reentry_days", message=_("Say after how many days the same person may enter again.")
        )


def _of_conditions(field: str, stream: Any) -> Iterator[Problem]:
    for message in conditions.faults_in(stream):
        yield Problem(field=field, message=message)


def _of_the_steps(sequence: Sequence) -> Iterator[Problem]:
    steps = list(tree.places(sequence.steps))
    if not steps:
        yield Problem(field="steps", message=_("There are no steps yet. Add the first one."))
        return
    if len(steps) > MOST_STEPS:
        yield Problem(
            field="steps",
            message=_("There are %(count)d steps, more than %(most)d. Make two sequences of it.")
            % {"count": len(steps), "most": MOST_STEPS},
        )
    if not any(place.child.block.texts(place.child.value) for place in steps):
        yield Problem(
            field="steps",
            level="advice",
            message=_("No step sends a text. Add “Send a text” to reach people."),
        )
    seen: set[str] = set()
    wrong_jumps = _wrong_jumps(sequence, steps)
    for place in steps:
        step_id = place.child.id or ""
        where = _("Step %(number)s, %(kind)s") % {"number": place.name, "kind": place.label}
        if step_id in wrong_jumps:
            yield Problem(
                step_id=step_id, field="target", message=_JUMPS[wrong_jumps[step_id]](), place=where
            )
        for fault in place.child.block.faults(place.child.value, trigger_event=starts.heard_event(sequence)):
            yield Problem(
                step_id=step_id, field=fault.field, message=fault.message, level=fault.level, place=where
            )
        for name in answers.unasked_in(place.child, steps):
            yield Problem(
                step_id=step_id,
                place=where,
                message=_(
                    "No step of this sequence asks another system for “%(name)s”. Add one, or correct the name."
                )
                % {"name": name},
            )
        if step_id and step_id in seen:
            yield Problem(
                step_id=step_id,
                place=where,
                message=_("Another step has the same identity. Duplicate this one and remove the original."),
            )
        seen.add(step_id)


def _wrong_jumps(sequence: Sequence, steps: list[tree.Place]) -> dict[str, str]:
    targets = {
        place.child.id: target
        for place in steps
        for target in place.child.block.targets(place.child.value).values()
        if place.child.id
    }
    if not targets:
        return {}
    waits = frozenset(kind for kind, block in base.step_blocks().items() if block.waits)
    laid = lay_out(sequence.steps, trigger_event=starts.heard_event(sequence))
    return dict(jumps.faults(laid.steps, targets, waits))


_JUMPS: dict[str, Callable[[], str]] = {
    jumps.MISSING: lambda: _("The step to go to is not there any more. Choose another."),
    jumps.ENDLESS: lambda: _(
        "This goes round without ever waiting. Put a wait between the step it goes to and this one."
    ),
}
