"""An enrolment's life."""

from __future__ import annotations

from enum import StrEnum

from wagtail_drip.core.states import State


class EnrolmentState(State):
    ACTIVE = "active", "Due to move on."
    WAITING = "waiting", "Stands at a step that waits for a moment or an event."
    PAUSED = "paused", "Parked, because its sequence is paused."
    COMPLETED = "completed", "Went to the end."
    EXITED = "exited", "Left before the end; the exit reason says why."
    FAILED = "failed", "Could not go on; the trace says why."


S = EnrolmentState

TRANSITIONS: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    S.ACTIVE: frozenset({S.ACTIVE, S.WAITING, S.PAUSED, S.COMPLETED, S.EXITED, S.FAILED}),
    S.WAITING: frozenset({S.ACTIVE, S.WAITING, S.PAUSED, S.COMPLETED, S.EXITED, S.FAILED}),
    S.PAUSED: frozenset({S.ACTIVE, S.WAITING, S.EXITED, S.FAILED}),
    S.COMPLETED: frozenset(),
    # Only by undoing the version that took them out.
    S.EXITED: frozenset({S.ACTIVE, S.WAITING, S.PAUSED}),
    S.FAILED: frozenset(),
}

RUNNING = (S.ACTIVE, S.WAITING, S.PAUSED)


class CallState(State):
    """The life of one thing asked of the outside: a webhook, a notice to staff."""

    WAITING = "waiting", "Waits to be made, or to be made again."
    CLAIMED = "claimed", "A worker is making it; after a crash it is made again."
    ANSWERED = "answered", "Done; a webhook's answer is kept."
    FAILED = "failed", "Given up; the error says why."
    CANCELLED = "cancelled", "No longer wanted when its turn came: the person had moved on."


C = CallState

CALL_TRANSITIONS: dict[CallState, frozenset[CallState]] = {
    C.WAITING: frozenset({C.CLAIMED, C.FAILED, C.CANCELLED}),
    C.CLAIMED: frozenset({C.WAITING, C.ANSWERED, C.FAILED}),
    C.ANSWERED: frozenset(),
    C.FAILED: frozenset({C.WAITING}),
    C.CANCELLED: frozenset(),
}


class ExitReason(StrEnum):
    GOAL_MET = "goal_met"
    EXIT_RULE = "exit_rule"
    UNSUBSCRIBED = "unsubscribed"
    LEFT_SEGMENT = "left_segment"
    REMOVED_BY_STAFF = "removed_by_staff"
    REMOVED_BY_SEQUENCE = "removed_by_sequence"
    STEP_REMOVED = "step_removed"
    VERSION_MIGRATED = "version_migrated"
    REPLACED_BY_REENTRY = "replaced_by_reentry"
    EXPIRED = "expired"
    ERASED = "erased"
    MERGED = "merged"
    ERROR = "error"
