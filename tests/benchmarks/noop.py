"""A gateway that accepts everything at once: what is left is what our own engine costs."""

from __future__ import annotations

from collections.abc import Sequence

from wagtail_drip.gateways.base import Gateway
from wagtail_drip.gateways.types import (
    Capabilities,
    OutboundSms,
    Outcome,
    Parsed,
    RawRequest,
    SendResult,
    StatusEvent,
)


class NoopGateway(Gateway):
    """OPTIONS: ``max_recipients``, messages in one call; 1 as most providers have it."""

    reaches_phones = False

    @property
    def account(self) -> str:
        return "noop"

    @property
    def capabilities(self) -> Capabilities:
        most = int(self.options.get("max_recipients", 1))
        return Capabilities(max_recipients=most, personalised_batch=most > 1, idempotency_seconds=86400)

    def send(self, call: Sequence[OutboundSms]) -> list[SendResult]:
        return [
            SendResult(reference=message.reference, outcome=Outcome.ACCEPTED, provider_id=message.reference)
            for message in call
        ]

    def verify(self, request: RawRequest) -> bool:
        return False

    def parse(self, request: RawRequest) -> Parsed:
        return Parsed(events=())

    def lookup(self, messages: Sequence[OutboundSms]) -> list[StatusEvent]:
        return []
