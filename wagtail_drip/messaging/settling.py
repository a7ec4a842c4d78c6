"""Writing down why messages that a worker holds do not go, or go back to the queue. Always in a transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from wagtail_drip.compliance.types import Decision, Verdict
from wagtail_drip.messaging import fenced
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.messaging.types import Claimed

S = MessageState
# A text that cannot be composed is tried so often, with growing pauses, and then fails.
MOST_ATTEMPTS = 5


def refuse(decided: Sequence[tuple[Claimed, Decision]], *, token: str, now: datetime) -> None:
    """Skip, expire or put off claimed messages as was decided of each."""
    skipped: defaultdict[str, list[tuple[Claimed, str]]] = defaultdict(list)
    deferred: defaultdict[str, list[tuple[Claimed, datetime, str]]] = defaultdict(list)
    expired = []
    for message, decision in decided:
        if decision.verdict is Verdict.SKIP:
            skipped[decision.reason].append((message, decision.detail))
        elif decision.verdict is Verdict.DEFER:
            deferred[decision.reason].append((message, decision.until or now, decision.detail))
        elif decision.verdict is Verdict.EXPIRE:
            expired.append(message)
    for reason, ended in sorted(skipped.items()):
        details = [detail for _, detail in ended]
        skip(
            [message for message, _ in ended],
            reason=reason,
            details=details if any(details) else (),
            token=token,
            now=now,
        )
    for reason, later in sorted(deferred.items()):
        fenced.move(
            [message for message, _, _ in later],
            token=token,
            before=S.CLAIMED,
            after=S.SCHEDULED,
            now=now,
            per_row={
                "due_at": [until for _, until, _ in later],
                "detail": [detail[:255] for _, _, detail in later],
            },
            defer_reason=reason,
            lease_until=None,
        )
    fenced.move(
        expired,
        token=token,
        before=S.CLAIMED,
        after=S.EXPIRED,
        now=now,
        settled_at=now,
        lease_until=None,
    )


def skip(
    messages: Sequence[Claimed], *, reason: str, token: str, now: datetime, details: Sequence[str] = ()
) -> None:
    """End claimed messages that are not allowed to go."""
    fenced.move(
        messages,
        token=token,
        before=S.CLAIMED,
        after=S.SKIPPED,
        now=now,
        per_row={"detail": [detail[:255] for detail in details]} if details else None,
        reason=reason,
        settled_at=now,
        lease_until=None,
    )


def fail(messages: Sequence[Claimed], *, token: str, now: datetime) -> None:
    """End claimed messages that the database refuses."""
    fenced.move(
        messages,
        token=token,
        before=S.CLAIMED,
        after=S.FAILED,
        now=now,
        reason="error",
        settled_at=now,
        lease_until=None,
    )


def give_back(
    messages: Sequence[Claimed],
    *,
    token: str,
    now: datetime,
    reason: str = "",
    due_at: datetime | None = None,
) -> None:
    """Put claimed messages back into the queue, due at once or at *due_at*."""
    fenced.move(
        messages,
        token=token,
        before=S.CLAIMED,
        after=S.SCHEDULED,
        now=now,
        due_at=due_at or now,
        defer_reason=reason,
        lease_until=None,
    )
