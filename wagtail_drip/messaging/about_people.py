"""What this room's tables hold about people."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.db.models import Q, QuerySet

from wagtail_drip.core.personal_data import Age, Erasing, Held, Kind, Person, nothing, of_contact
from wagtail_drip.messaging.models import (
    Callback,
    Hold,
    InboundText,
    Message,
    MessageTally,
    NumberFailure,
    Receipt,
    SenderBudget,
    SendLedger,
)
from wagtail_drip.messaging.states import PENDING, MessageState


def _inbound(person: Person) -> QuerySet[Any]:
    by_number = Q(from_number__in=person.numbers, recorded_at__lte=person.until)
    return InboundText.objects.filter(Q(contact__in=person.contact_ids) | by_number)


def _receipts(person: Person) -> QuerySet[Any]:
    by_number = Q(number_hash__in=person.number_hashes, recorded_at__lte=person.until)
    return Receipt.objects.filter(Q(message__contact__in=person.contact_ids) | by_number)


def _number_failures(person: Person) -> QuerySet[Any]:
    by_number = Q(number_hash__in=person.number_hashes, recorded_at__lte=person.until)
    return NumberFailure.objects.filter(Q(contact__in=person.contact_ids) | by_number)


def _callbacks(person: Person) -> QuerySet[Any]:
    """Find what is not read yet by the number in it: few, so each is looked into."""
    unread = Callback.objects.filter(received_at__lte=person.until).exclude(raw={})
    rows = unread.values_list("pk", "raw").iterator(chunk_size=500)
    return Callback.objects.filter(pk__in=[pk for pk, raw in rows if person.is_named_in(_readable(raw))])


def _readable(raw: Any) -> str:
    """Return a request as text; its body is stored encoded."""
    body = raw.get("body_base64", "") if isinstance(raw, dict) else ""
    try:
        return f"{raw} {base64.b64decode(body).decode(errors='replace')}"
    except (binascii.Error, ValueError, TypeError):
        return str(raw)


HELD = (
    Held(
        model=Message,
        why="Each text to somebody, from its queueing to its receipt.",
        rows=of_contact(Message),
        personal={
            "variables": Kind.VALUES,
            "body": Kind.TEXT,
            "guards": Kind.VALUES,
            "detail": Kind.TRACE,
            "provider_id": Kind.KEY,
        },
        kept={
            "reference": "random, ours: a late receipt finds its message",
            "price": "a sum",
            "segments": "a sum",
        },
        plain="id key contact site channel gateway sender purpose topic lane priority sequence_id version_id "
        "step_id variant enrolment_id event_id pinned_text track_links encoding licence ignores_windows state "
        "reason defer_reason due_at parked_due_at expires_at lease_until lease_token generation attempts currency "
        "created_at handed_over_at sent_at settled_at",
        ages=(
            Age(
                setting="KEEP_MESSAGE_DAYS",
                since="created_at",
                blanks=("variables", "body", "guards", "detail"),
                where=~Q(state__in=(*PENDING, MessageState.HANDED_OVER)),
            ),
        ),
    ),
    Held(
        model=SendLedger,
        why="How many texts somebody got: limits count them.",
        rows=of_contact(SendLedger),
        plain="id message contact site purpose topic handed_over_at",
        erasing=Erasing.KEEP,
    ),
    Held(
        model=InboundText,
        why="What people texted to us.",
        rows=_inbound,
        personal={
            "from_number": Kind.NUMBER,
            "text": Kind.TEXT,
            "phrase": Kind.TEXT,
            "due_at": Kind.PROFILE,
            "error": Kind.TRACE,
        },
        kept={"provider_id": "a repeat of the same text is recognised by it"},
        plain="id gateway to_number opted_out contact verdict at recorded_at attempts",
        ages=(
            Age(
                setting="KEEP_INBOUND_TEXT_DAYS",
                since="recorded_at",
                blanks=("text", "from_number", "phrase", "error"),
                where=Q(due_at=None, error=""),
            ),
        ),
    ),
    Held(
        model=Receipt,
        why="What a gateway says became of a text.",
        rows=_receipts,
        personal={"number_hash": Kind.NUMBER_HASH, "provider_id": Kind.KEY, "detail": Kind.TRACE},
        plain="id message gateway reference status part code segments price currency at recorded_at due_at attempts",
        erasing=Erasing.DELETE,
        ages=(Age(setting="KEEP_CALLBACK_DAYS", since="recorded_at", where=Q(due_at=None)),),
    ),
    Held(
        model=Callback,
        why="What a gateway posted and is not read yet.",
        rows=_callbacks,
        personal={"raw": Kind.VALUES, "due_at": Kind.PROFILE, "error": Kind.TRACE},
        plain="id gateway kind digest received_at attempts",
        ages=(
            Age(
                setting="KEEP_CALLBACK_DAYS",
                since="received_at",
                blanks=("raw", "error"),
                where=Q(due_at=None) & ~Q(raw={}),
            ),
        ),
    ),
    Held(
        model=NumberFailure,
        why="Which texts failed because their number cannot receive texts.",
        rows=_number_failures,
        personal={"number_hash": Kind.NUMBER_HASH},
        plain="id message contact gateway code recorded_at",
        erasing=Erasing.DELETE,
    ),
    nothing(SenderBudget, "id sender tokens refilled_at", why="How fast a sender may send."),
    nothing(
        Hold,
        "id scope key reason since until lifted_at lifted_by",
        why="What is stopped, and by which staff.",
    ),
    nothing(MessageTally, "id site_id sequence_id step_id state day n segments", why="Sums."),
)
