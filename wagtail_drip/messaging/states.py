"""A message's life. Docs draw the table from here."""

from __future__ import annotations

from enum import StrEnum

from wagtail_drip.core.states import State


class MessageState(State):
    SCHEDULED = "scheduled", "Waits in the outbox for its moment; a defer reason says why it was put off."
    CLAIMED = "claimed", "A worker decides and composes; nothing has left yet."
    HANDED_OVER = (
        "handed_over",
        "Passed the gate; it is being or has been posted, the answer is not known yet.",
    )
    SENT = "sent", "The gateway accepted it."
    DELIVERED = "delivered", "The phone has it, says the gateway's receipt."
    UNDELIVERED = "undelivered", "The gateway gave up; its receipt says why."
    UNKNOWN = "unknown", "It may or may not have gone; never posted again but by a person."
    SKIPPED = "skipped", "Was not allowed to go; the reason says why."
    CANCELLED = "cancelled", "No longer wanted before it went; the reason says why."
    EXPIRED = "expired", "Its moment passed while it waited."
    FAILED = "failed", "The gateway refused it for good."
    GHOST = "ghost", "Withheld on purpose to measure what texting achieves."


S = MessageState

TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    # Handed over at once where the call can start in the same breath.
    S.SCHEDULED: frozenset({S.CLAIMED, S.HANDED_OVER, S.SKIPPED, S.CANCELLED, S.EXPIRED, S.GHOST}),
    S.CLAIMED: frozenset({S.SCHEDULED, S.HANDED_OVER, S.SKIPPED, S.CANCELLED, S.EXPIRED, S.FAILED}),
    # Back to scheduled only on a certain refusal (connection refused, 429) or when it was given back unposted.
    S.HANDED_OVER: frozenset({S.SENT, S.DELIVERED, S.UNDELIVERED, S.UNKNOWN, S.FAILED, S.SCHEDULED}),
    S.SENT: frozenset({S.DELIVERED, S.UNDELIVERED, S.FAILED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.SENT, S.DELIVERED, S.UNDELIVERED, S.FAILED}),
    # A receipt may be late or out of order: delivered outranks a failure reported first.
    S.UNDELIVERED: frozenset({S.DELIVERED}),
    S.FAILED: frozenset({S.DELIVERED}),
    S.DELIVERED: frozenset(),
    S.SKIPPED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
    S.GHOST: frozenset(),
}

PENDING = (S.SCHEDULED, S.CLAIMED)
COUNTED_AS_SENT = (S.HANDED_OVER, S.SENT, S.DELIVERED, S.UNDELIVERED, S.UNKNOWN)


class SkipReason(StrEnum):
    NO_CONSENT = "no_consent"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    RESTRICTED = "restricted"
    NO_PHONE = "no_phone"
    INVALID_PHONE = "invalid_phone"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    FILTER_FAILED = "filter_failed"
    GOAL_ALREADY_MET = "goal_already_met"
    HOLDOUT = "holdout"
    FREQUENCY_CAP = "frequency_cap"
    CONTACT_PAUSED = "contact_paused"
    WINDOW_CLOSED = "window_closed"
    MISSING_VARIABLE = "missing_variable"
    CONTENT_BLOCKED = "content_blocked"
    TEMPLATE_NOT_APPROVED = "template_not_approved"
    OUT_OF_STOCK = "out_of_stock"
    NO_COUPON = "no_coupon"
    BUDGET_EXCEEDED = "budget_exceeded"
    DUPLICATE = "duplicate"
    SEQUENCE_PAUSED = "sequence_paused"
    NOT_OPEN_YET = "not_open_yet"
    CART_CLOSED = "cart_closed"
    NO_LICENCE = "no_licence"
    DATE_MOVED = "date_moved"


class DeferReason(StrEnum):
    QUIET_HOURS = "quiet_hours"
    SEND_WINDOW = "send_window"
    BLACKOUT_DATE = "blackout_date"
    FREQUENCY_CAP = "frequency_cap"
    CONTACT_PAUSED = "contact_paused"
    CONTACT_HOURS = "contact_hours"
    RATE_LIMIT = "rate_limit"
    GATEWAY_DOWN = "gateway_down"
    OPTIMISED_TIME = "optimised_time"
    HELD = "held"
    STORE_BEHIND = "store_behind"
