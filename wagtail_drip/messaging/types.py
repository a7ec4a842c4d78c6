"""What goes through the door of messaging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wagtail_drip.contacts.types import Channel, Purpose
from wagtail_drip.core.values import value

# How long after its due moment a message may still go, where its draft sets no other moment. A promotion may
# wait for the next day's window, a reminder is worth nothing after its occasion, news of an order outlasts a
# weekend's outage, and an answer that comes late answers nothing.
EXPIRES_AFTER: Mapping[str, timedelta] = {
    Purpose.WELCOME: timedelta(hours=72),
    Purpose.INFORMATION: timedelta(hours=72),
    Purpose.INTERACTIVE: timedelta(hours=48),
    Purpose.PROMOTIONAL: timedelta(hours=24),
    Purpose.REMINDER: timedelta(hours=12),
    Purpose.SURVEY: timedelta(hours=72),
    Purpose.TRANSACTIONAL: timedelta(hours=48),
    Purpose.RESPONSE: timedelta(hours=1),
}

LANE_AT_ONCE, LANE_TRIGGERED, LANE_SEND_ONCE = 0, 1, 2
LANES = (LANE_AT_ONCE, LANE_TRIGGERED, LANE_SEND_ONCE)
# Nobody waits behind a promotion for news of an order or for an answer.
AT_ONCE = frozenset({Purpose.TRANSACTIONAL.value, Purpose.RESPONSE.value})

# What a test message is licensed by: it goes to confirmed staff numbers only.
TEST_LICENCE = "test"
# What the one text about an opt-in is licensed by, with the request's id behind it; its key is the same.
OPT_IN_LICENCE = "optin:"
# And what a code is licensed by that opens somebody's data to themselves.
DATA_LICENCE = "data:"


@value
class MessageDraft:
    """
    A text to be queued.

    :param key: the last guard against doubles; the same key again is the same message, and is ignored.
    :param source_text: the template, where no pinned text stands for it.
    :param body: the finished text of a response, sent as it is.
    :param guards: dicts with the fields of ``stores.types.Guard`` but the contact; ``since`` in ISO 8601. The
        message goes only if none of them has come true.
    :param lane: transactional texts and responses go in lane 0 whatever is said here.
    :param expires_at: by default ``due_at`` and what ``EXPIRES_AFTER`` gives its purpose.
    :param licence: what a response answers: ``inbound:<id>``, ``optin:<id>`` or ``data:<id>``.
    """

    key: str
    contact_id: int
    site_id: int
    purpose: str
    due_at: datetime
    topic: str = ""
    channel: str = Channel.SMS
    pinned_text_id: int | None = None
    source_text: str = ""
    body: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    guards: Sequence[Mapping[str, Any]] = ()
    sequence_id: int | None = None
    version_id: int | None = None
    step_id: str = ""
    variant: str = ""
    enrolment_id: int | None = None
    event_id: int | None = None
    lane: int = LANE_TRIGGERED
    priority: int = 0
    expires_at: datetime | None = None
    track_links: bool = True
    ignores_windows: bool = False
    licence: str = ""


class Person(NamedTuple):
    """What of a contact bears on whether a text may go; read by ``facts.people_rows``."""

    id: int
    active_phone: str | None
    zone: str
    most_per_week: int | None
    most_per_month: int | None
    paused_until: datetime | None
    not_before_hour: int | None
    not_after_hour: int | None
    restricted_at: datetime | None
    merged_into_id: int | None


People = Mapping[int, Person]


class Claimed(NamedTuple):
    """What a pass reads of a message that it holds; the fields stand in the order of ``COLUMNS``."""

    id: int
    key: str
    contact_id: int
    site_id: int
    channel: str
    gateway: str
    sender: str
    purpose: str
    topic: str
    priority: int
    sequence_id: int | None
    step_id: str
    pinned_text_id: int | None
    variables: dict[str, Any]
    track_links: bool
    body: str
    segments: int
    encoding: str
    guards: list[dict[str, Any]]
    licence: str
    ignores_windows: bool
    expires_at: datetime | None
    generation: int
    attempts: int
    reference: str
    handed_over_at: datetime | None

    @property
    def sender_key(self) -> str:
        return sender_key(self.gateway, self.sender)

    @property
    def posted_reference(self) -> str:
        """Return what the gateway knows this attempt by: another one only after a certain refusal."""
        return f"{self.reference}-{self.generation}" if self.generation else self.reference


COLUMNS = Claimed._fields


class Ready(NamedTuple):
    """
    A claimed message with its text, and whom it would go to as far as was known when it was written.

    :ivar contact_id: who speaks for the message's contact: itself, or whom it was merged into.
    """

    message: Claimed
    contact_id: int
    number: str
    body: str
    segments: int
    encoding: str


def sender_key(gateway: str, sender: str) -> str:
    """Return the name under which suppressions, holds and budgets know a sender."""
    return f"{gateway}:{sender}"


def own_reference(posted: str) -> str:
    """Return the message's reference from the one that a gateway repeats."""
    return posted.partition("-")[0]
