"""The heart: where somebody stands in a flow, what is known of them, and so what happens next. Pure.

``walk`` runs steps until one waits or the flow ends. The live run, the preview, the timeline and the replay
all call it; only the clock and what becomes of the effects differ.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from wagtail_drip.core.values import value
from wagtail_drip.enrolments.effects import CancelPending, Decision, Effect
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps import base
from wagtail_drip.enrolments.steps.base import End, GoOn, Position, Wait
from wagtail_drip.events.conditions import EventTest, test_to_json
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.sequences.flow import Flow, Step

# As many steps as a sequence may have; a loop without a wait among its steps ends here.
STEPS_PER_WALK = 300


class NoSuchStep(WagtailDripError):
    """Somebody stands at a step that the flow does not have, or a step named a path that it does not have."""


class WaitsForNothing(WagtailDripError):
    """A kind of step answered with a wait that nothing would ever end, or that is over already."""


@value
class Visited:
    """One pass through one step.

    :param is_new: False where the step had begun before this walk: its visit is on record already.
    :param left_at: None while it waits there.
    """

    visit: int
    step_id: str
    kind: str
    entered_at: datetime
    left_at: datetime | None = None
    path: str = ""
    decisions: tuple[Decision, ...] = ()
    is_new: bool = True


@value
class Walked:
    """
    What came of a walk.

    :param state: ``waiting``, ``completed``, ``exited`` or ``failed``.
    :param look_at: when to walk again already, only to see whether *wake_at* has moved.
    :param was_due_at: the moment that the last wait on the way was for, where it says so.
    :param wake_at: when to walk again; None at the end, or where only the event *waits_for* can wake it.
    """

    position: Position
    state: str
    exit_reason: str = ""
    wake_at: datetime | None = None
    look_at: datetime | None = None
    waits_for: str = ""
    effects: tuple[Effect, ...] = ()
    visits: tuple[Visited, ...] = ()
    was_due_at: datetime | None = None
    error: str = ""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(decision for visited in self.visits for decision in visited.decisions)

    @property
    def has_ended(self) -> bool:
        return self.state != "waiting"


@dataclass(kw_only=True)
class _Trail:
    """What has gathered on the way so far."""

    effects: list[Effect] = field(default_factory=list)
    visits: list[Visited] = field(default_factory=list)
    was_due_at: datetime | None = None


def start_of(flow: Flow) -> Position:
    """Return where everybody begins."""
    return Position(step_id=flow.start or "")


def needs_of(flow: Flow) -> Needs:
    """Return all that a walk of *flow* may ask; a kind that is not installed fails whoever reaches it, not here."""
    tests = [test for test in (flow.goal, *flow.exits) if test is not None]
    needs = Needs(events=frozenset(test.event for test in tests))
    for step in flow.steps.values():
        kind = base.find_kind(step.kind)
        if kind is not None:
            needs |= kind.needs(step.settings)
    return needs


def walk(
    flow: Flow, position: Position, facts: Facts, now: datetime, *, skips: Collection[str] = ()
) -> Walked:
    """
    Return what happens to somebody who stands at *position* and is looked at *now*.

    Goals and exits are asked first, every time, from the facts: whether or not an event woke us.

    :param skips: steps to pass over, for they had them by an earlier version.
    :raises NoSuchStep: if the position, or a step's path, is not in the flow.
    """
    left = _left_early(flow, position, facts, now)
    if left is not None:
        return left
    trail = _Trail()
    here = position
    for _ in range(STEPS_PER_WALK):
        if not here.step_id:
            return _ended(here, "completed", "", trail)
        step = flow.steps.get(here.step_id)
        if step is None:
            raise NoSuchStep(f"This version has no step {here.step_id!r}.")
        is_new = here.entered_at is None
        if is_new:
            here = Position(step_id=here.step_id, visit=here.visit + 1, entered_at=now)
        kind = base.kind_of(step.kind)
        outcome = kind.run(step, here, facts, now)
        visited = Visited(
            visit=here.visit,
            step_id=step.id,
            kind=step.kind,
            entered_at=here.began_at,
            left_at=None if isinstance(outcome, Wait) else now,
            path=outcome.path if isinstance(outcome, GoOn) else "",
            decisions=outcome.decisions,
            is_new=is_new,
        )
        trail.effects.extend(outcome.effects)
        if isinstance(outcome, Wait):
            _refuse_endless(step, outcome, now)
            trail.visits.append(visited)
            return Walked(
                position=replace(here, memory=outcome.memory),
                state="waiting",
                wake_at=outcome.until,
                look_at=outcome.look_at,
                waits_for=outcome.event,
                effects=tuple(trail.effects),
                visits=tuple(trail.visits),
                was_due_at=trail.was_due_at,
            )
        if isinstance(outcome, End):
            trail.visits.append(visited)
            return _ended(here, outcome.state, outcome.reason, trail)
        trail.visits.append(visited)
        trail.was_due_at = outcome.was_due_at or trail.was_due_at
        facts = facts.after(outcome.effects)
        if kind.counts_passes:
            facts = facts.having_passed(step.id)
        onward = _next(step, outcome.path)
        here = Position(step_id=flow.past(onward, skips) if skips else onward, visit=here.visit)
    endless = Decision(
        step=here.step_id,
        rule={"name": "bound", "steps": STEPS_PER_WALK},
        value=[visited.step_id for visited in trail.visits[-10:]],
        outcome="failed",
    )
    trail.visits[-1] = replace(trail.visits[-1], decisions=(*trail.visits[-1].decisions, endless))
    # Nothing of an endless loop is carried out: it might be a hundred texts.
    return Walked(
        position=here,
        state="failed",
        exit_reason="error",
        visits=tuple(trail.visits),
        error=f"Went through {STEPS_PER_WALK} steps without a wait; the last: "
        + ", ".join(visited.step_id for visited in trail.visits[-10:]),
    )


def facts_after(walked: Walked, facts: Facts) -> Facts:
    """Return the facts for the next walk of somebody whose walks are only imagined, and so leave no rows behind."""
    facts = facts.after(walked.effects)
    for visited in walked.visits:
        kind = base.find_kind(visited.kind)
        if visited.is_new and kind is not None and kind.counts_passes:
            facts = facts.having_passed(visited.step_id)
    return facts


def _refuse_endless(step: Step, wait: Wait, now: datetime) -> None:
    if wait.until is None and not wait.event:
        raise WaitsForNothing(f"Step {step.id!r} ({step.kind}) waits for no moment and no event.")
    if any(moment is not None and moment <= now for moment in (wait.until, wait.look_at)):
        raise WaitsForNothing(f"Step {step.id!r} ({step.kind}) waits for a moment that has come.")


def _next(step: Step, path: str) -> str:
    if not path:
        return step.next or ""
    chosen = step.path(path)
    if chosen is None:
        raise NoSuchStep(f"Step {step.id!r} has no path {path!r}.")
    return chosen.start or ""


def _ended(here: Position, state: str, reason: str, trail: _Trail) -> Walked:
    return Walked(
        position=here,
        state=state,
        exit_reason=reason,
        effects=tuple(trail.effects),
        visits=tuple(trail.visits),
        was_due_at=trail.was_due_at,
    )


def left_by(flow: Flow, facts: Facts) -> tuple[str, EventTest, int] | None:
    """Return the exit reason that holds, the test that says so and how many events passed it; None to stay."""
    rules = [("goal_met", flow.goal), *(("exit_rule", test) for test in flow.exits)]
    for reason, test in rules:
        found = len(facts.matching(test)) if test is not None else 0
        if test is not None and found:
            return reason, test, found
    return None


def _left_early(flow: Flow, position: Position, facts: Facts, now: datetime) -> Walked | None:
    why: Decision
    if facts.ended_because:
        reason = facts.ended_because
        why = Decision(step=position.step_id, rule={"name": reason}, outcome="yes")
    else:
        held = left_by(flow, facts)
        if held is None:
            return None
        reason, test, found = held
        why = Decision(
            step=position.step_id,
            rule={"name": reason, **(test_to_json(test) or {})},
            value=found,
            outcome="yes",
            since=facts.since.isoformat(),
        )
    step = flow.steps.get(position.step_id)
    visited = Visited(
        visit=position.visit if position.entered_at else position.visit + 1,
        step_id=position.step_id,
        kind=step.kind if step else "",
        entered_at=position.entered_at or now,
        left_at=now,
        decisions=(why,),
        is_new=position.entered_at is None,
    )
    return Walked(
        position=position,
        state="exited",
        exit_reason=reason,
        effects=(CancelPending(reason=reason),),
        visits=(visited,),
    )
