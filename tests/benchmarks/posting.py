"""A gateway that posts JSON to the benchmark's provider, one message or a hundred in a call."""

from __future__ import annotations

from collections.abc import Sequence

import requests

from wagtail_drip.gateways.http import Answer, HttpGateway
from wagtail_drip.gateways.types import (
    Capabilities,
    OutboundSms,
    Outcome,
    Parsed,
    RawRequest,
    SendResult,
    StatusEvent,
)


class PostingGateway(HttpGateway):
    """OPTIONS: ``url``, and ``max_recipients``, messages in one call."""

    reaches_phones = False

    @property
    def account(self) -> str:
        return "noop"

    @property
    def capabilities(self) -> Capabilities:
        most = int(self.options.get("max_recipients", 1))
        return Capabilities(max_recipients=most, personalised_batch=most > 1, idempotency_seconds=86400)

    def write(self, call: Sequence[OutboundSms]) -> requests.Request:
        return requests.Request(
            "POST",
            self.options["url"],
            headers={"Authorization": "Bearer secret", "Idempotency-Key": call[0].reference},
            json=[payload(each.reference, each.to, each.text) for each in call],
        )

    def read(self, call: Sequence[OutboundSms], answer: Answer) -> list[SendResult]:
        return [
            SendResult(reference=each.reference, outcome=Outcome.ACCEPTED, provider_id=each.reference)
            for each in call
        ]

    def verify(self, request: RawRequest) -> bool:
        return False

    def parse(self, request: RawRequest) -> Parsed:
        return Parsed(events=())

    def lookup(self, messages: Sequence[OutboundSms]) -> list[StatusEvent]:
        return []


def payload(reference: str, number: str, text: str) -> dict[str, str]:
    return {"reference": reference, "to": number, "text": text}
