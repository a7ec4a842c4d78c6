"""The interface that every provider implements, and nothing that only some of them need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from .errors import WebhookRejected
from .types import Capabilities, Issue, OutboundSms, Parsed, RawRequest, SendResult, StatusEvent


class Gateway(ABC):
    """
    A way to hand text messages to a provider, and to understand what it says later.

    Made once per process from ``{"BACKEND": …, "OPTIONS": …}`` and used by many threads at once, so an
    instance changes nothing of itself after ``__init__``.

    :raises GatewayMisconfigured: from ``__init__``, naming the option that cannot work.
    """

    # The methods by which the provider calls our webhook.
    webhook_methods: frozenset[str] = frozenset({"POST"})
    # False for what only pretends to send; a production site with such a gateway is warned.
    reaches_phones: bool = True

    def __init__(self, *, alias: str, options: Mapping[str, Any]) -> None:
        self.alias = alias
        self.options = options

    @property
    @abstractmethod
    def account(self) -> str:
        """
        Return a stable text naming the provider's account, without any secret.

        A site that was opened for customers is open for this account only.
        """

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Return what this gateway can do, as configured."""

    @abstractmethod
    def send(self, call: Sequence[OutboundSms]) -> list[SendResult]:
        """
        Hand over the messages of one call, and return exactly one result for each, in their order.

        Posts at most once and never raises for an error of the provider or the network.

        :param call: one of the lists that ``plan`` made.
        """

    def check(self) -> list[Issue]:
        """Return what looks wrong in the settings. Calls nobody."""
        return []

    def plan(self, messages: Sequence[OutboundSms]) -> Iterator[list[OutboundSms]]:
        """Split *messages* into calls, each message in exactly one."""
        size = self.capabilities.max_recipients
        for start in range(0, len(messages), size):
            yield list(messages[start : start + size])

    def verify(self, request: RawRequest) -> bool:
        """Return whether *request* really comes from the provider. Without a proof it does not."""
        return False

    def parse(self, request: RawRequest) -> Parsed:
        """
        Return the events in a request, and what the provider wants to hear.

        :param request: verified, or read back from the table it was kept in after it was verified.
        :raises WebhookRejected: if it is not what this provider sends.
        """
        raise WebhookRejected("This gateway sends no receipts and no replies.")

    def lookup(self, messages: Sequence[OutboundSms], *, since: datetime | None = None) -> list[StatusEvent]:
        """
        Ask the provider what became of *messages*, and return what it knows for certain.

        A message that is missing in the answer proves nothing. Never raises for a provider's error.

        :param since: aware; the first of them was not handed over before this moment.
        """
        return []
