"""
The part that all HTTP providers share: one call, posted at most once, and what an error says about it.

The question behind every branch is whether the provider may have taken the message. Only what is certainly
not taken is ever tried again.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
import weakref
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from wagtail_drip import __version__

from .base import Gateway
from .errors import (
    AmbiguousGatewayError,
    GatewayError,
    GatewayMisconfigured,
    RejectedMessage,
    ThrottledByGateway,
    TransientGatewayError,
)
from .types import OutboundSms, Outcome, SendResult

MAX_ANSWER_BYTES = 1024 * 1024
# A connection idle for longer is not used again: a firewall may have forgotten it without telling us, and a
# message posted into it would be ambiguous.
MAX_IDLE_SECONDS = 20.0
# Longest time for which a provider may ask us to wait; a typing error of theirs must not park a queue for years.
MAX_RETRY_AFTER_SECONDS = 24 * 3600.0

_thread = threading.local()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the provider answered, read to the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body read as JSON, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class HttpGateway(Gateway):
    """A gateway that hands over by one HTTP request. Subclasses write the request and read the answer."""

    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 20.0
    # The provider's error codes; subclasses fill it.
    error_codes: ClassVar[Mapping[str, Outcome]] = {}

    @abstractmethod
    def write(self, call: Sequence[OutboundSms]) -> requests.Request:
        """
        Return the request that hands over *call*.

        :raises GatewayError: if it cannot be written, say because no sender is known.
        """

    @abstractmethod
    def read(self, call: Sequence[OutboundSms], answer: Answer) -> list[SendResult]:
        """
        Return a result per message from an answer with a status below 300.

        :raises GatewayError: if the answer is a refusal or cannot be understood.
        """

    def refusal(self, answer: Answer) -> GatewayError:
        """Return what an answer with a status of 300 or more means. Subclasses read the provider's codes first."""
        return refusal_by_status(answer)

    def send(self, call: Sequence[OutboundSms]) -> list[SendResult]:
        try:
            answer = self.exchange(self.write(call))
            return self.read(call, answer)
        except GatewayError as error:
            return [result_of(error, message) for message in call]

    def exchange(self, request: requests.Request) -> Answer:
        """
        Post *request* once and return the answer.

        :raises GatewayError: its class says whether the provider may have acted.
        """
        try:
            prepared = request.prepare()
        except (requests.RequestException, ValueError) as error:
            raise GatewayMisconfigured(f"The request cannot be written: {type(error).__name__}") from error
        prepared.headers.setdefault("User-Agent", f"wagtail-drip/{__version__}")
        _thread.has_written = False
        try:
            answer = self._ask(prepared)
        except (requests.RequestException, OSError) as error:
            # Whether anything was written is told by the connection itself; the kind of exception does not
            # tell it (a TLS error may come from the handshake or from the middle of the answer).
            if _thread.has_written:
                raise AmbiguousGatewayError(f"No answer: {type(error).__name__}") from error
            raise TransientGatewayError(f"Not connected: {type(error).__name__}") from error
        if answer.status >= 300:
            raise self.refusal(answer)
        return answer

    def _ask(self, prepared: requests.PreparedRequest) -> Answer:
        # A read time-out is for one read; an answer that drips in could outlast the message's lease.
        deadline = time.monotonic() + self.connect_timeout_seconds + self.read_timeout_seconds
        with self._session().send(
            prepared,
            timeout=(self.connect_timeout_seconds, self.read_timeout_seconds),
            allow_redirects=False,  # requests would follow a 302 with a GET, and the message would be gone
            stream=True,
        ) as response:
            body = bytearray()
            for chunk in response.iter_content(64 * 1024):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout("The answer does not end.")
            return Answer(status=response.status_code, headers=response.headers, body=bytes(body))

    def _session(self) -> requests.Session:
        sessions = _thread.__dict__.setdefault("sessions", weakref.WeakKeyDictionary())
        session: _Session | None = sessions.get(self)
        # A worker that was forked must not share its parent's sockets.
        if session is None or session.process_id != os.getpid():
            session = sessions[self] = _Session()
        now = time.monotonic()
        if now - session.used_at > MAX_IDLE_SECONDS:
            session.close()  # drops its connections; the next request opens a new one
        session.used_at = now
        return session


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.process_id = os.getpid()
        self.used_at = time.monotonic()
        self.trust_env = False  # no proxy and no .netrc that the settings do not name; also faster
        adapter = _Adapter(max_retries=0, pool_connections=2, pool_maxsize=2)
        self.mount("https://", adapter)
        self.mount("http://", adapter)


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class _MarkedHTTPConnection(HTTPConnection):
    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _thread.has_written = True
        super().send(data)


class _MarkedHTTPSConnection(HTTPSConnection):
    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # with the handshake
        _thread.has_written = True
        super().send(data)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _MarkedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _MarkedHTTPSConnection


def result_of(error: GatewayError, message: OutboundSms) -> SendResult:
    """Return the result for a message whose call ended in *error*."""
    return SendResult(
        reference=message.reference,
        outcome=error.outcome,
        code=error.code,
        detail=redacted(str(error), message),
        retry_after_seconds=error.retry_after_seconds,
    )


def refusal_by_status(answer: Answer, *, detail: str = "", code: str = "") -> GatewayError:
    """Return what a status of 300 or more means where the provider's own code says nothing."""
    detail = detail or f"HTTP {answer.status}"
    code = code or f"http_{answer.status}"
    wait = retry_after_seconds(answer.headers)
    if answer.status == 429:
        return ThrottledByGateway(detail, code=code, retry_after_seconds=wait)
    # 408: the server gave up reading; whether it had read enough, nobody knows.
    if answer.status >= 500 or answer.status == 408:
        return AmbiguousGatewayError(detail, code=code, retry_after_seconds=wait)
    if answer.status < 400 or answer.status in {401, 403, 404, 405, 410}:
        return RejectedMessage(detail, outcome=Outcome.CONFIG, code=code)
    return TransientGatewayError(detail, code=code, retry_after_seconds=wait)


def refusal_by_code(outcome: Outcome, answer: Answer, *, detail: str, code: str) -> GatewayError:
    """Return the error for a code that the provider's table knows."""
    wait = retry_after_seconds(answer.headers)
    if outcome is Outcome.THROTTLED:
        return ThrottledByGateway(detail, code=code, retry_after_seconds=wait)
    if outcome is Outcome.TRANSIENT:
        return TransientGatewayError(detail, code=code, retry_after_seconds=wait)
    if outcome is Outcome.AMBIGUOUS:
        return AmbiguousGatewayError(detail, code=code, retry_after_seconds=wait)
    return RejectedMessage(detail, outcome=outcome, code=code)


def retry_after_seconds(headers: Mapping[str, str], name: str = "Retry-After") -> float | None:
    """
    Return how long a provider asks us to wait, from seconds or an HTTP date; None if it does not say.

    A date is measured from the answer's own Date header, so that no clock of ours comes in.
    """
    headers = CaseInsensitiveDict(headers)
    value = headers.get(name, "").strip()
    if not value:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value):
        seconds = float(value)
    else:
        try:
            seconds = (
                parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
            ).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


_LOOKS_LIKE_A_NUMBER = re.compile(r"\+?\d(?:[\s().\-]?\d){6,}")


def redacted(detail: str, message: OutboundSms) -> str:
    """Return a provider's words without the phone numbers and the text that it may repeat in them."""
    if message.text:
        detail = detail.replace(message.text, "[text]")
    return _LOOKS_LIKE_A_NUMBER.sub("[number]", detail)[:200]
