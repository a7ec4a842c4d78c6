"""
Our own webhook format: JSON signed with HMAC-SHA256 over the raw body. The simulator and memory gateways speak it.

``{"events": [{"type": "receipt", "reference", "id", "number", "status", "code", "at"},
{"type": "inbound", "id", "from", "to", "text", "at"}]}``
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .errors import WebhookRejected
from .types import InboundEvent, Parsed, RawRequest, ReceiptStatus, StatusEvent

SIGNATURE_HEADER = "X-Simulator-Signature"


def sign(body: bytes, *, token: str) -> str:
    """Return the signature of *body*, in hex."""
    return hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def verify(request: RawRequest, *, token: str) -> bool:
    """Return whether *request* is signed with *token*. An empty token signs nothing."""
    given = request.headers.get(SIGNATURE_HEADER, "")
    # Compared as bytes: compare_digest refuses texts that are not ASCII.
    return bool(token) and hmac.compare_digest(given.encode(), sign(request.body, token=token).encode())


def parse(request: RawRequest) -> Parsed:
    """
    Return the events in *request*.

    :raises WebhookRejected: if it is not of this format.
    """
    try:
        document = json.loads(request.body)
        return Parsed(events=[_event(item) for item in document["events"]])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WebhookRejected("The body is not the JSON that this gateway sends.") from error


def _event(item: Mapping[str, Any]) -> StatusEvent | InboundEvent:
    if item["type"] == "inbound":
        return InboundEvent(
            provider_id=str(item.get("id", "")),
            from_number=_text(item["from"]),
            to_number=_text(item["to"]),
            text=_text(item["text"]),
            at=_moment(item.get("at")),
        )
    if item["type"] == "receipt":
        return StatusEvent(
            reference=str(item.get("reference", "")),
            provider_id=str(item.get("id", "")),
            number=str(item.get("number", "")),
            status=ReceiptStatus(item["status"]),
            code=str(item.get("code", "")),
            at=_moment(item.get("at")),
        )
    raise ValueError(item["type"])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _moment(value: object) -> datetime | None:
    if not value:
        return None
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone.")
    return moment
