"""The life of something that goes out once, from its start."""

from __future__ import annotations

from wagtail_drip.core.states import State


class OnceState(State):
    """How far something is that goes out once."""

    FIRST = "first", "Started: the first people enter, or will at its date."
    WATCHING = "watching", "The first are in; the rest waits for what becomes of their texts."
    HELD = "held", "Too much failed or too many left among the first: the rest waits for a person."
    REST = "rest", "Started: everybody else enters, or will at its date."
    DONE = "done", "Everybody was let in."
    STOPPED = "stopped", "Ended before everybody was let in."


S = OnceState

TRANSITIONS: dict[OnceState, frozenset[OnceState]] = {
    S.FIRST: frozenset({S.WATCHING, S.STOPPED}),
    S.WATCHING: frozenset({S.HELD, S.REST, S.STOPPED}),
    S.HELD: frozenset({S.REST, S.STOPPED}),
    S.REST: frozenset({S.DONE, S.STOPPED}),
    S.DONE: frozenset(),
    # Started again, for those whom it had not reached.
    S.STOPPED: frozenset({S.FIRST, S.REST}),
}

UNDER_WAY = (S.FIRST, S.WATCHING, S.HELD, S.REST)
