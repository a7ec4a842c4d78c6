"""What goes through this room's door: frozen dataclasses and closed lists of words."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Literal, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from django.utils.datastructures import CaseInsensitiveMapping

from wagtail_drip.core.values import value

FORM_CONTENT_TYPE = "application/x-www-form-urlencoded"


class Outcome(StrEnum):
    """What became of one hand-over, sorted by what the caller can do about it."""

    ACCEPTED = "accepted"  # The provider has it; receipts follow.
    THROTTLED = "throttled"  # Refused for now, certainly not taken: try again later.
    TRANSIENT = "transient"  # Did not reach the provider, or was refused for a passing reason: try again.
    AMBIGUOUS = "ambiguous"  # May have been taken: never post it again; wait for a receipt or look it up.
    OPTED_OUT = "opted_out"  # The provider knows that this number said stop.
    BAD_NUMBER = "bad_number"  # This number cannot receive text messages.
    CONTENT = "content"  # This text is refused for everybody: hold the step.
    CONFIG = "config"  # The account or the sender is refused for everything: hold the gateway.


class ReceiptStatus(StrEnum):
    """What a provider reports of a message it has taken."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@value
class OutboundSms:
    """
    One text message, ready to go.

    ``to`` is E.164 with the plus; ``sender`` is a number, a short code, a name or a provider's own id of
    a sender; ``callback_url`` is the address of our webhook, to which a gateway adds the reference.
    """

    reference: str
    to: str
    sender: str
    text: str
    callback_url: str = ""
    ttl_seconds: int | None = None
    marketing: bool = True


@value
class SendResult:
    """The outcome for one message. ``detail`` is for people and holds neither number nor text."""

    reference: str
    outcome: Outcome
    provider_id: str = ""
    code: str = ""
    detail: str = ""
    retry_after_seconds: float | None = None
    segments: int | None = None
    price: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """
    What a gateway can do.

    ``idempotency_seconds``: for how long the provider recognises a repeat of the same reference; 0 never.
    ``lookup``: ``ref`` finds by our reference, ``id`` by the provider's, ``weak`` by number, time and text.
    ``auto_reply_opt_out``: the provider itself confirms a STOP, so that we must not.
    """

    max_recipients: int = 1
    personalised_batch: bool = False
    free_text: bool = True
    idempotency_seconds: int = 0
    lookup: Literal["ref", "id", "weak", "none"] = "none"
    receipts: Literal["push", "none"] = "push"
    inbound: bool = True
    auto_reply_opt_out: bool = False
    max_chars: int = 1600
    default_segments_per_second: int = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusEvent:
    """
    A receipt, or an answer to a look-up. What the provider did not say is blank or None; ``part`` counts from 1.

    ``outcome`` is what the provider's error code means, where its table knows the code.
    """

    reference: str = ""
    provider_id: str = ""
    number: str = ""
    status: ReceiptStatus
    code: str = ""
    detail: str = ""
    part: int = 0
    segments: int | None = None
    price: Decimal | None = None
    currency: str = ""
    at: datetime | None = None
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        _clean(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundEvent:
    """
    A text that somebody sent to us.

    ``opted_out``: True or False when the provider itself has stopped or started this number; None when
    it says nothing.
    """

    provider_id: str = ""
    from_number: str
    to_number: str
    text: str
    at: datetime | None = None
    opted_out: bool | None = None

    def __post_init__(self) -> None:
        _clean(self)


def _clean(event: StatusEvent | InboundEvent) -> None:
    """
    Take NULs and halves of surrogate pairs out of an event's texts.

    No database keeps them, and providers do send them: a long text cut in the middle of an emoji.
    """
    for each in fields(event):
        value = getattr(event, each.name)
        if type(value) is str and _UNCLEAN.search(value):
            object.__setattr__(event, each.name, _UNCLEAN.sub("", value))


_UNCLEAN = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookResponse:
    """What the provider expects to hear in answer to its request."""

    status: int = 204
    content_type: str = "text/plain; charset=utf-8"
    body: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A provider's request, understood."""

    events: Sequence[StatusEvent | InboundEvent]
    response: WebhookResponse = field(default_factory=WebhookResponse)


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """Something wrong with a gateway's settings, and what to do about it."""

    level: Literal["error", "warning", "info"]
    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawRequest:
    """
    A provider's request before anything is believed of it.

    ``url`` is the public address (``PUBLIC_BASE_URL`` with path and query), never the Host header.
    ``form`` is the decoded body of a form post and ``query`` that of the address: every name with all its
    values. Made by ``build``.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: CaseInsensitiveMapping({}))
    body: bytes = b""
    form: Mapping[str, list[str]] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    remote_addr: str = ""

    @classmethod
    def build(
        cls,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        remote_addr: str = "",
    ) -> Self:
        """
        Make one from what came over the wire, decoding a form body.

        :raises ValueError: if the form or the query has more than 1000 fields.
        """
        insensitive: CaseInsensitiveMapping[str] = CaseInsensitiveMapping(dict(headers))
        form: dict[str, list[str]] = {}
        if insensitive.get("Content-Type", "").split(";")[0].strip().lower() == FORM_CONTENT_TYPE:
            form = _fields(body.decode("utf-8", "replace"))
        return cls(
            method=method.upper(),
            url=url,
            headers=insensitive,
            body=body,
            form=form,
            query=_fields(urlsplit(url).query),
            remote_addr=remote_addr,
        )

    def to_json(self) -> dict[str, Any]:
        """
        Return what is needed to parse it again, as JSON for a table.

        Without what proves its origin: no header but the content type, no ``secret`` in the query.
        """
        parts = urlsplit(self.url)
        query = [
            (name, value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
            if name != SECRET_PARAMETER
        ]
        return {
            "method": self.method,
            "url": urlunsplit(parts._replace(query=urlencode(query))),
            "content_type": self.headers.get("Content-Type", ""),
            # Not as text: PostgreSQL's jsonb refuses the NUL and the broken characters that a body may hold,
            # and a provider would then repeat it for ever.
            "body_base64": base64.b64encode(self.body).decode("ascii"),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return the request that ``to_json`` wrote. ``verify`` would refuse it; ``parse`` reads it."""
        return cls.build(
            method=raw["method"],
            url=raw["url"],
            headers={"Content-Type": raw["content_type"]},
            body=base64.b64decode(raw["body_base64"]),
        )


def _fields(encoded: str) -> dict[str, list[str]]:
    return parse_qs(encoded, keep_blank_values=True, max_num_fields=1000)


# The query's names in the webhook address: our reference, and the secret of providers that sign nothing.
REFERENCE_PARAMETER = "ref"
SECRET_PARAMETER = "secret"  # noqa: S105 -- the parameter's name


def with_query(url: str, **values: str) -> str:
    """Return *url* with these query parameters set, replacing those of the same name."""
    parts = urlsplit(url)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in values
    ]
    return urlunsplit(parts._replace(query=urlencode([*kept, *values.items()])))


MAX_SEGMENTS = 255  # a part's number is one octet, 3GPP TS 23.040 §9.2.3.24.1
MAX_PRICE = 100_000  # of anything; more is not the price of a text message


def segment_count(value: object) -> int | None:
    """Return a number of segments as a provider writes it, None where that is not one."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        return None
    return int(text) if int(text) <= MAX_SEGMENTS else None


def price_of(value: object) -> Decimal | None:
    """Return a price without its sign (some write what they take as negative), None where that is not one."""
    try:
        price = abs(Decimal(str(value)))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price < MAX_PRICE else None
