"""From the tree that an editor wrote to the graph that is walked: every step knows what follows it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from wagtail_drip.sequences.flow import Path, Step

# Steps that nobody goes on from.
LAST = frozenset({"goal", "exit"})


@dataclass(kw_only=True)
class LaidOut:
    """
    :ivar start: the first step; None where there is none.
    :ivar steps: in the order in which an editor reads them.
    :ivar texts: each step's texts, by the setting that is to carry the pinned one.
    """

    start: str | None = None
    steps: dict[str, Step] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)


def lay_out(stream: Any, *, trigger_event: str) -> LaidOut:
    """Return the steps of *stream*, those in its branches too, each joined to what follows it."""
    laid = LaidOut()
    laid.start = _add(stream, following=None, trigger_event=trigger_event, laid=laid)
    laid.steps = {
        step_id: replace(step, paths=tuple(_known(path, laid.steps) for path in step.paths))
        for step_id, step in laid.steps.items()
    }
    return laid


def _add(stream: Any, *, following: str | None, trigger_event: str, laid: LaidOut) -> str | None:
    """Add a stream's steps in reading order and return where it starts: *following* if it is empty."""
    children = list(stream or ())
    for position, child in enumerate(children):
        after = children[position + 1].id if position + 1 < len(children) else following
        goes_on = None if child.block.name in LAST else after
        # Put in before its branches, so that the order is the one an editor reads.
        laid.steps[child.id] = Step(
            id=child.id,
            kind=child.block.name,
            settings=child.block.settings_for(child.value, trigger_event=trigger_event),
            next=goes_on,
        )
        laid.texts[child.id] = child.block.texts(child.value)
        nested = [
            Path(
                key=way.key,
                label=str(way.label),
                start=_add(way.steps, following=goes_on, trigger_event=trigger_event, laid=laid),
            )
            for way in child.block.ways(child.value)
        ]
        elsewhere = [
            Path(key=key, label=key, start=step_id)
            for key, step_id in child.block.targets(child.value).items()
        ]
        if nested or elsewhere:
            laid.steps[child.id] = replace(laid.steps[child.id], paths=(*nested, *elsewhere))
    return children[0].id if children else following


def _known(path: Path, steps: dict[str, Step]) -> Path:
    """Return *path*, leading nowhere where its step is not there: an unfinished draft is drawn all the same."""
    return path if path.start in steps else replace(path, start=None)
