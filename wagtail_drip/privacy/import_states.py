"""An import's life."""

from __future__ import annotations

from wagtail_drip.core.states import State


class ImportState(State):
    MAPPING = "mapping", "Waits for somebody to say what its columns are."
    CHECKING = "checking", "Is read through, and nothing is written yet."
    CHECKED = "checked", "Was read through; waits for somebody to start it."
    RUNNING = "running", "Is being taken in."
    PAUSED = "paused", "Somebody paused it; it goes on where it was."
    DONE = "done", "Everything was taken in that could be."
    STOPPED = "stopped", "Somebody stopped it; what was taken in by then stays."
    FAILED = "failed", "Its file cannot be read; the error says why."


S = ImportState

TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    S.MAPPING: frozenset({S.CHECKING, S.STOPPED}),
    S.CHECKING: frozenset({S.CHECKED, S.FAILED, S.STOPPED}),
    # Back to the columns, or on.
    S.CHECKED: frozenset({S.MAPPING, S.CHECKING, S.RUNNING, S.STOPPED}),
    S.RUNNING: frozenset({S.PAUSED, S.DONE, S.FAILED, S.STOPPED}),
    S.PAUSED: frozenset({S.RUNNING, S.STOPPED}),
    S.DONE: frozenset(),
    S.STOPPED: frozenset(),
    S.FAILED: frozenset(),
}

AT_WORK = (S.CHECKING, S.RUNNING)
OVER = (S.DONE, S.STOPPED, S.FAILED)
