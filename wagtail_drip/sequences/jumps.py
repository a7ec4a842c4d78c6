"""Jumps that cannot be: to a step that is not there, or round and round without a wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wagtail_drip.sequences.flow import Step

MISSING, ENDLESS = "missing", "endless"


def faults(
    steps: Mapping[str, Step], targets: Mapping[str, str], waits: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """
    Yield (the jump's id, what is wrong with it).

    :param targets: by the jump's id, the step that it leads to.
    :param waits: the kinds of steps at which somebody may stand for a while.
    """
    for jump, target in targets.items():
        if not target:
            continue  # the step says itself that nothing is chosen
        if target not in steps:
            yield jump, MISSING
        elif _comes_back(steps, jump, target, waits):
            yield jump, ENDLESS


def _comes_back(steps: Mapping[str, Step], jump: str, start: str, waits: frozenset[str]) -> bool:
    """Tell whether some way leads from *start* to the jump again without passing a step that waits."""
    open_, seen = [start], set()
    while open_:
        here = open_.pop()
        if here == jump:
            return True
        step = steps.get(here)
        if step is None or here in seen or step.kind in waits:
            continue
        seen.add(here)
        open_ += [after for after in (step.next, *(path.start for path in step.paths)) if after]
    return False
