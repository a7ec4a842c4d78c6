"""What a walk wants done, as data: ``carry_out`` does it, previews and replays only show it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wagtail_drip.core.values import value


@value
class SendMessage:
    """Put one text into the outbox, due at once: windows and quiet hours are the gate's business.

    :param visit: makes the message's key, so that no visit can ever text twice.
    :param text_id: the pinned text.
    :param purpose: '' for the sequence's own, and so for *topic*.
    :param expires_hours: None for the default of the purpose.
    """

    step_id: str
    visit: int
    text_id: int | None
    purpose: str = ""
    topic: str = ""
    track_links: bool = True
    ignores_windows: bool = False
    expires_hours: int | None = None


@value
class UpdateContact:
    """Write one field of the contact, or one of its attributes where *attribute* names it."""

    field: str
    attribute: str = ""
    value: Any = ""


@value
class CancelPending:
    """Take back the texts of this enrolment that have not left, because it ended early."""

    reason: str


@value
class ChangeTag:
    """Give the contact a tag, or take it away."""

    tag: str
    add: bool


@value
class SetSubscription:
    """
    Close what the contact is subscribed to, or open it as far as their own records allow.

    :param topic: '' for the whole group.
    """

    group: str
    topic: str
    granted: bool
    step_id: str


@value
class EnrolIn:
    """Let the contact into another sequence, by its own rules.

    :param visit: makes the entry's key, so that no visit can let in twice.
    """

    sequence_id: int
    step_id: str
    visit: int


@value
class RemoveFrom:
    """End the contact's runs of another sequence, and take back its texts that have not left."""

    sequence_id: int
    step_id: str


# For what an enrolment waits that has asked the outside: no event has this name.
ANSWERED = "outside_answered"


@value
class CallOutside:
    """Ask something of the outside; it is done after the transaction, by a pass of its own.

    :param kind: ``webhook`` or ``notice``.
    :param visit: makes the call's key, so that no visit can ask twice.
    :param name: under which later steps find the answer.
    :param payload: plain JSON; texts in it may still hold variables.
    """

    kind: str
    step_id: str
    visit: int
    name: str = ""
    payload: Mapping[str, Any]


Effect = (
    SendMessage
    | UpdateContact
    | CancelPending
    | ChangeTag
    | SetSubscription
    | EnrolIn
    | RemoveFrom
    | CallOutside
)


@value
class Decision:
    """
    One line of the trace, from which a screen makes a sentence in the reader's language.

    :param rule: which rule was asked, with the values an editor gave it; ``name`` says which kind.
    :param value: what was read: a number of events, an attribute, a zone.
    :param outcome: ``yes`` or ``no``, or what came of it.
    :param since: from which moment on events were looked at, in ISO 8601.
    """

    step: str
    rule: Mapping[str, Any]
    value: Any = None
    outcome: str = ""
    since: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "rule": dict(self.rule),
            "value": self.value,
            "outcome": self.outcome,
            "since": self.since,
        }
