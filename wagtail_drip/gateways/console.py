"""For development: messages are written to the terminal, and nobody is texted."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from .base import Gateway
from .encoding import count
from .types import Capabilities, OutboundSms, Outcome, SendResult

_writing = threading.Lock()


class ConsoleGateway(Gateway):
    """Writes each message to standard output. There are no receipts and no replies."""

    reaches_phones = False

    @property
    def account(self) -> str:
        return "console"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(receipts="none", inbound=False, default_segments_per_second=1000)

    def send(self, call: Sequence[OutboundSms]) -> list[SendResult]:
        results = []
        for message in call:
            cost = count(message.text)
            with _writing:
                sys.stdout.write(
                    f"--- text message to {message.to} from {message.sender or 'nobody'}"
                    f" ({cost.encoding}, {cost.segments} segments)\n{message.text}\n---\n"
                )
                sys.stdout.flush()
            results.append(
                SendResult(
                    reference=message.reference,
                    outcome=Outcome.ACCEPTED,
                    provider_id=f"console-{message.reference}",
                    segments=cost.segments,
                )
            )
        return results
