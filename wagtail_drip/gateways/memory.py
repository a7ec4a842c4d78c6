"""For tests: messages are kept in a list, and the test says what the provider answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import signed_json
from .base import Gateway
from .encoding import count
from .options import Options
from .types import Capabilities, OutboundSms, Outcome, Parsed, RawRequest, SendResult

# What reached a telephone, oldest first. Cleared by ``reset``.
outbox: list[OutboundSms] = []


@dataclass(kw_only=True, slots=True)
class _Rule:
    number: str
    outcome: Outcome
    code: str
    retry_after_seconds: float | None
    is_taken: bool
    times: int | None


_lock = threading.Lock()
_rules: list[_Rule] = []
_taken: dict[str, SendResult] = {}
_delay = {"seconds": 0.0}


def reset() -> None:
    """Empty the outbox and forget every rule, delay and reference."""
    with _lock:
        outbox.clear()
        _rules.clear()
        _taken.clear()
        _delay["seconds"] = 0.0


def answer(
    outcome: Outcome,
    *,
    number: str = "",
    code: str = "",
    retry_after_seconds: float | None = None,
    is_taken: bool | None = None,
    times: int | None = None,
) -> None:
    """
    Answer *outcome* from now on; the latest rule that fits a message wins.

    :param number: only for this number; '' for every number.
    :param is_taken: whether the message reaches the telephone all the same; by default only if accepted.
        With AMBIGUOUS it makes the case of an answer that was lost.
    :param times: how often the rule holds; None for ever.
    """
    with _lock:
        _rules.insert(
            0,
            _Rule(
                number=number,
                outcome=outcome,
                code=code,
                retry_after_seconds=retry_after_seconds,
                is_taken=outcome is Outcome.ACCEPTED if is_taken is None else is_taken,
                times=times,
            ),
        )


def delay(seconds: float) -> None:
    """Make every call take this long from now on."""
    _delay["seconds"] = seconds


class MemoryGateway(Gateway):
    """
    Keeps messages in ``outbox`` and recognises repeats by their reference for as long as the process lives.

    OPTIONS: ``token`` (signs webhooks as the simulator does; without it they are refused),
    ``max_recipients``, ``idempotency_seconds``.
    """

    reaches_phones = False

    def __init__(self, *, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias=alias, options=options)
        given = Options.of_gateway(alias, options)
        given.allow({"token", "max_recipients", "idempotency_seconds"})
        self._token = given.text("token", "")
        self._capabilities = Capabilities(
            max_recipients=max(given.number("max_recipients", 1), 1),
            personalised_batch=True,
            idempotency_seconds=given.number("idempotency_seconds", 24 * 3600),
            default_segments_per_second=100_000,
        )

    @property
    def account(self) -> str:
        return "memory"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def send(self, call: Sequence[OutboundSms]) -> list[SendResult]:
        if _delay["seconds"]:
            time.sleep(_delay["seconds"])
        with _lock:
            return [self._take(message) for message in call]

    def _take(self, message: OutboundSms) -> SendResult:
        if self._capabilities.idempotency_seconds and message.reference in _taken:
            return _taken[message.reference]
        accepted = SendResult(
            reference=message.reference,
            outcome=Outcome.ACCEPTED,
            provider_id=f"memory-{message.reference}",
            segments=count(message.text).segments,
        )
        rule = next(
            (item for item in _rules if item.number in {"", message.to} and item.times != 0),
            None,
        )
        if rule is not None and rule.times is not None:
            rule.times -= 1
        if rule is None or rule.is_taken:
            outbox.append(message)
            _taken[message.reference] = accepted
        if rule is None or rule.outcome is Outcome.ACCEPTED:
            return accepted
        return SendResult(
            reference=message.reference,
            outcome=rule.outcome,
            code=rule.code,
            detail="As the test said.",
            retry_after_seconds=rule.retry_after_seconds,
        )

    def verify(self, request: RawRequest) -> bool:
        return signed_json.verify(request, token=self._token)

    def parse(self, request: RawRequest) -> Parsed:
        return signed_json.parse(request)
