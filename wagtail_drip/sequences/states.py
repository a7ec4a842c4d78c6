"""A sequence's runtime, apart from what Wagtail keeps of its draft, review, schedule and publication."""

from __future__ import annotations

from wagtail_drip.core.states import State


class RuntimeState(State):
    LIVE = "live", "People enter and move."
    PAUSED = "paused", "Nobody moves, nobody leaves, nobody is lost."
    DRAINING = "draining", "Nobody enters; who is inside goes on to the end."
    ENDED = "ended", "Nobody enters, nobody is inside."
    ARCHIVED = "archived", "Out of sight; its results are kept."


class Health(State):
    OK = "ok", "Runs as it should."
    SILENT = "silent", "Has started for nobody, or sent nothing, for longer than by its own baseline."
    FAILING = "failing", "The last publish could not be compiled; the version before it runs on."
    AUTO_PAUSED = "auto_paused", "Paused by us because too many messages failed."


R = RuntimeState

TRANSITIONS: dict[RuntimeState, frozenset[RuntimeState]] = {
    R.LIVE: frozenset({R.PAUSED, R.DRAINING, R.ENDED}),
    R.PAUSED: frozenset({R.LIVE, R.DRAINING, R.ENDED}),
    R.DRAINING: frozenset({R.LIVE, R.PAUSED, R.ENDED}),
    R.ENDED: frozenset({R.LIVE, R.ARCHIVED}),
    R.ARCHIVED: frozenset({R.ENDED}),
}
