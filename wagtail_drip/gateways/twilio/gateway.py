"""
Handing messages to Twilio.

https://www.twilio.com/docs/messaging/api/message-resource, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from wagtail_drip.gateways.errors import (
    AmbiguousGatewayError,
    GatewayError,
    GatewayMisconfigured,
)
from wagtail_drip.gateways.http import Answer, HttpGateway, refusal_by_code, refusal_by_status
from wagtail_drip.gateways.options import Options
from wagtail_drip.gateways.types import (
    REFERENCE_PARAMETER,
    Capabilities,
    Issue,
    OutboundSms,
    Outcome,
    Parsed,
    RawRequest,
    ReceiptStatus,
    SendResult,
    StatusEvent,
    price_of,
    segment_count,
    with_query,
)

from . import webhooks
from .error_codes import ON_DELIVERY, ON_SENDING

MAX_VALIDITY_SECONDS = 36_000
LOOKUP_PAGE_SIZE = 200


class TwilioGateway(HttpGateway):
    """
    Twilio Programmable Messaging.

    OPTIONS: ``account_sid`` (required); ``api_key`` and ``api_secret``, or ``auth_token``, to send;
    ``auth_token`` or ``shared_keys`` (id to secret) to believe Twilio's requests; ``messaging_service_sid``
    where messages name no sender; ``auto_reply_opt_out`` (True: Twilio confirms a STOP);
    ``segments_per_second``; ``base_url``.

    A sender that begins with MG is a Messaging Service.
    """

    webhook_methods = frozenset({"POST", "GET"})

    def __init__(self, *, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias=alias, options=options)
        given = Options.of_gateway(alias, options)
        given.allow(
            {
                "account_sid",
                "api_key",
                "api_secret",
                "auth_token",
                "auto_reply_opt_out",
                "base_url",
                "messaging_service_sid",
                "segments_per_second",
                "shared_keys",
            }
        )
        self._account_sid = given.text("account_sid")
        if not self._account_sid.startswith("AC"):
            raise given.error("account_sid", "must begin with AC")
        self._auth_token = given.text("auth_token", "")
        self._shared_keys = given.texts("shared_keys")
        if "api_key" in given:
            self._credentials = (given.text("api_key"), given.text("api_secret"))
        elif self._auth_token:
            self._credentials = (self._account_sid, self._auth_token)
        else:
            raise given.error("auth_token", "is required, or api_key with api_secret")
        self._service = given.text("messaging_service_sid", "")
        if self._service and not self._service.startswith("MG"):
            raise given.error("messaging_service_sid", "must begin with MG")
        base_url = given.url("base_url", "https://api.twilio.com").rstrip("/")
        self._url = f"{base_url}/2010-04-01/Accounts/{self._account_sid}/Messages.json"
        self._capabilities = Capabilities(
            lookup="weak",
            auto_reply_opt_out=given.flag("auto_reply_opt_out", default=True),
            default_segments_per_second=given.number("segments_per_second", 10),
        )

    @property
    def account(self) -> str:
        return f"twilio:{self._account_sid}"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def check(self) -> list[Issue]:
        if self._auth_token or self._shared_keys:
            return []
        return [
            Issue(
                level="error",
                message=f'The gateway "{self.alias}" cannot believe any receipt or reply: it has no key to check'
                " Twilio's signature with.",
                hint='Give it the option "auth_token" (the account\'s primary one) or "shared_keys".',
            )
        ]

    def write(self, call: Sequence[OutboundSms]) -> requests.Request:
        (message,) = call
        fields = {"To": message.to, "Body": message.text, **self._sender(message)}
        if message.callback_url:
            # Twilio has no field for our reference; in this address it comes back with every receipt, and
            # resolves hand-overs whose answer was lost.
            fields["StatusCallback"] = with_query(
                message.callback_url, **{REFERENCE_PARAMETER: message.reference}
            )
        if message.ttl_seconds is not None:
            fields["ValidityPeriod"] = str(min(max(message.ttl_seconds, 1), MAX_VALIDITY_SECONDS))
        return requests.Request("POST", self._url, data=fields, auth=self._credentials)

    def _sender(self, message: OutboundSms) -> dict[str, str]:
        sender = message.sender or self._service
        if not sender:
            raise GatewayMisconfigured("No sender, and no messaging_service_sid.", code="no_sender")
        return {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}

    def read(self, call: Sequence[OutboundSms], answer: Answer) -> list[SendResult]:
        (message,) = call
        document = answer.json()
        if not isinstance(document, dict) or not document.get("sid"):
            raise AmbiguousGatewayError("The answer names no message.", code="garbage")
        return [
            SendResult(
                reference=message.reference,
                outcome=Outcome.ACCEPTED,
                provider_id=str(document["sid"]),
                segments=_segments(document),
                price=_price(document),
                currency=_currency(document),
            )
        ]

    def refusal(self, answer: Answer) -> GatewayError:
        document = answer.json()
        if not isinstance(document, dict) or "code" not in document:
            return refusal_by_status(answer)
        code, detail = str(document["code"]), str(document.get("message", ""))
        if answer.status < 500 and code in ON_SENDING:
            return refusal_by_code(ON_SENDING[code], answer, detail=detail, code=code)
        return refusal_by_status(answer, detail=detail, code=code)

    def verify(self, request: RawRequest) -> bool:
        return webhooks.verify(request, auth_token=self._auth_token, shared_keys=self._shared_keys)

    def parse(self, request: RawRequest) -> Parsed:
        return webhooks.parse(request)

    def lookup(self, messages: Sequence[OutboundSms], *, since: datetime | None = None) -> list[StatusEvent]:
        """
        Find messages by number, day, sender and text, since Twilio knows no reference of ours.

        Two that look the same prove nothing, so nothing is said of them.
        """
        found = []
        for message in messages:
            query = {"To": message.to, "PageSize": str(LOOKUP_PAGE_SIZE)}
            if since is not None:
                query["DateSent>"] = since.strftime("%Y-%m-%d")  # "DateSent>=…", whole days
            request = requests.Request("GET", self._url, params=query, auth=self._credentials)
            try:
                document = self.exchange(request).json()
                ((field, sender),) = self._sender(message).items()
            except GatewayError:
                continue
            # A further page might hold another one that fits.
            if not isinstance(document, dict) or document.get("next_page_uri"):
                continue
            listed = document.get("messages")
            wanted = {
                "to": message.to,
                "body": message.text,
                "messaging_service_sid" if field == "MessagingServiceSid" else "from": sender,
            }
            fitting = [
                item
                for item in (listed if isinstance(listed, list) else [])
                if isinstance(item, dict)
                and all(item.get(name) == value for name, value in wanted.items())
                and (since is None or _is_created_since(item, since))
            ]
            if len(fitting) == 1:
                found.append(_status_event(fitting[0], message))
        return found


def _is_created_since(item: Mapping[str, Any], since: datetime) -> bool:
    try:
        # Twilio's dates have whole seconds.
        return parsedate_to_datetime(str(item.get("date_created"))) >= since.replace(microsecond=0)
    except ValueError:
        return False


def _status_event(item: Mapping[str, Any], message: OutboundSms) -> StatusEvent:
    code = str(item.get("error_code") or "")
    return StatusEvent(
        reference=message.reference,
        provider_id=str(item.get("sid", "")),
        number=message.to,
        status=webhooks.STATUSES.get(str(item.get("status")), ReceiptStatus.UNKNOWN),
        code=code,
        segments=_segments(item),
        price=_price(item),
        currency=_currency(item),
        outcome=ON_DELIVERY.get(code),
    )


def _segments(document: Mapping[str, Any]) -> int | None:
    """Return the number of segments, None while a Messaging Service has not chosen its sender ("0")."""
    return segment_count(document.get("num_segments")) or None


def _price(document: Mapping[str, Any]) -> Decimal | None:
    """Return what it cost, as a positive number; Twilio tells it later than the answer."""
    return price_of(document.get("price"))


def _currency(document: Mapping[str, Any]) -> str:
    return str(document.get("price_unit") or "").upper()[:3] if _price(document) is not None else ""
