"""A gateway whose provider is a telephone drawn on a page: everything is real but the radio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from wagtail_drip import conf

from . import signed_json
from .errors import AmbiguousGatewayError, GatewayError, GatewayMisconfigured
from .http import Answer, HttpGateway, refusal_by_code, refusal_by_status
from .options import Options
from .types import (
    Capabilities,
    Issue,
    OutboundSms,
    Outcome,
    Parsed,
    RawRequest,
    ReceiptStatus,
    SendResult,
    StatusEvent,
)

PATH = "/phone/api/messages"


class SimulatorGateway(HttpGateway):
    """
    Posts each message as JSON to a simulated telephone, which answers 202 and calls our webhook later.

    OPTIONS: ``token`` (required; bearer token there, signature key back), ``url`` (default
    ``PUBLIC_BASE_URL`` + ``/phone/api/messages``). The telephone recognises a repeated ``Idempotency-Key``.
    ``GET <url>/<reference>`` answers ``{"id", "status", "code"}``, or 404.
    A refusal is ``{"outcome": "opted_out", "code": …, "message": …}`` with a status of 400 or more.
    """

    reaches_phones = False

    def __init__(self, *, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias=alias, options=options)
        given = Options.of_gateway(alias, options)
        given.allow({"token", "url"})
        self._token = given.text("token")
        self._own_url = given.url("url") if "url" in given else ""

    @property
    def url(self) -> str:
        """Return where messages are posted."""
        return self._own_url or conf.settings.PUBLIC_BASE_URL.rstrip("/") + PATH

    @property
    def account(self) -> str:
        return f"simulator:{self.url}"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(lookup="ref", idempotency_seconds=24 * 3600, default_segments_per_second=1000)

    def check(self) -> list[Issue]:
        if self._own_url or conf.settings.PUBLIC_BASE_URL:
            return []
        return [
            Issue(
                level="error",
                message=f'The gateway "{self.alias}" does not know where the simulated telephone is.',
                hint='Set WAGTAIL_DRIP["PUBLIC_BASE_URL"], or the option "url".',
            )
        ]

    def write(self, call: Sequence[OutboundSms]) -> requests.Request:
        if not self._own_url and not conf.settings.PUBLIC_BASE_URL:
            raise GatewayMisconfigured("Neither PUBLIC_BASE_URL nor the option url is set.")
        (message,) = call
        return requests.Request(
            "POST",
            self.url,
            headers={"Authorization": f"Bearer {self._token}", "Idempotency-Key": message.reference},
            json={
                "reference": message.reference,
                "to": message.to,
                "from": message.sender,
                "text": message.text,
                "callback_url": message.callback_url,
            },
        )

    def read(self, call: Sequence[OutboundSms], answer: Answer) -> list[SendResult]:
        (message,) = call
        document = answer.json()
        if not isinstance(document, dict) or not document.get("id"):
            raise AmbiguousGatewayError("The answer names no message.", code="garbage")
        return [
            SendResult(
                reference=message.reference,
                outcome=Outcome.ACCEPTED,
                provider_id=str(document["id"]),
            )
        ]

    def refusal(self, answer: Answer) -> GatewayError:
        document = answer.json()
        if not isinstance(document, dict) or document.get("outcome") not in tuple(Outcome):
            return refusal_by_status(answer)
        return refusal_by_code(
            Outcome(document["outcome"]),
            answer,
            detail=str(document.get("message", "")),
            code=str(document.get("code", "")),
        )

    def lookup(self, messages: Sequence[OutboundSms], *, since: datetime | None = None) -> list[StatusEvent]:
        found = []
        for message in messages:
            request = requests.Request(
                "GET",
                f"{self.url}/{quote(message.reference, safe='')}",
                headers={"Authorization": f"Bearer {self._token}"},
            )
            try:
                document = self.exchange(request).json()
            except GatewayError:
                continue
            if isinstance(document, dict) and document.get("status") in tuple(ReceiptStatus):
                found.append(
                    StatusEvent(
                        reference=message.reference,
                        provider_id=str(document.get("id", "")),
                        number=message.to,
                        status=ReceiptStatus(document["status"]),
                        code=str(document.get("code", "")),
                    )
                )
        return found

    def verify(self, request: RawRequest) -> bool:
        return signed_json.verify(request, token=self._token)

    def parse(self, request: RawRequest) -> Parsed:
        return signed_json.parse(request)
