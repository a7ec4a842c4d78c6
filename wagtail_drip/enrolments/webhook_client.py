"""
One POST to a webhook, safe to make from inside our network: no redirects, no proxies, no private addresses.

The address is resolved and judged here and connected to as it was judged, so that a name which changes its
mind in between (DNS rebinding) reaches nothing else. The exchange as a whole ends at the target's time-out.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import math
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests.utils

from wagtail_drip import __version__
from wagtail_drip.enrolments.webhook_targets import Target
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.gateways.http import retry_after_seconds

MOST_BYTES = 16 * 1024
DEEPEST = 20  # MariaDB calls JSON nested deeper than 32 no JSON
TIMESTAMP_HEADER, SIGNATURE_HEADER, KEY_HEADER = "Drip-Timestamp", "Drip-Signature", "Idempotency-Key"
_AGAIN = frozenset({408, 425, 429})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(WagtailDripError):
    """It will not be better next time: an address we do not go to, or an answer that is none."""


class NoAnswer(WagtailDripError):
    """It may be better next time.

    :param retry_after_seconds: how long the other side asked us to wait.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


def post(target: Target, body: bytes, *, key: str) -> dict[str, Any]:
    """
    Post *body*, which is JSON, and return the JSON object that is answered; {} for an empty answer.

    :param key: the same for every repeat of the same call.
    :raises Refused: if there is no sense in trying again.
    :raises NoAnswer: if there is.
    """
    exchange = _Exchange(target)
    cut = threading.Timer(target.timeout_seconds, exchange.cut)
    cut.daemon = True
    cut.start()
    try:
        return exchange.ask(body, _headers(target, body, key))
    except (OSError, http.client.HTTPException, ValueError, WagtailDripError) as error:
        if exchange.is_cut or isinstance(
            error, TimeoutError
        ):  # whatever it looks like from inside: half an answer, a lost connection
            raise NoAnswer("No answer: it took too long.") from error
        if isinstance(error, WagtailDripError):
            raise
        raise NoAnswer(f"No answer: {type(error).__name__}.") from error
    finally:
        cut.cancel()
        exchange.close()


def sign(body: bytes, *, secret: str, timestamp: str) -> str:
    """Return the hex HMAC-SHA256 of the timestamp, a dot and the body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _headers(target: Target, body: bytes, key: str) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": f"wagtail-drip/{__version__}",
        "Connection": "close",
        KEY_HEADER: key,
    }
    if target.secret:
        timestamp = str(int(time.time()))
        headers[TIMESTAMP_HEADER] = timestamp
        headers[SIGNATURE_HEADER] = f"sha256={sign(body, secret=target.secret, timestamp=timestamp)}"
    return headers


class _Exchange:
    """One connection, which another thread may cut at any moment."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.is_cut = False
        self.ends_at = time.monotonic() + target.timeout_seconds
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def ask(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        parts = urlsplit(self.target.url)
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        plain = self._connect(host, port)
        connection: http.client.HTTPConnection
        if is_tls:
            secured = _tls().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            self._hold(secured)
            secured.do_handshake()
            connection = http.client.HTTPSConnection(host, port, context=_tls())
            connection.sock = secured
        else:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = plain
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=dict(headers))
        return _read(connection.getresponse())

    def cut(self) -> None:
        with self._lock:
            self.is_cut = True
            if self._socket is not None:
                # Past SSLSocket's own shutdown, which pulls the rug from under a read in the other thread.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _hold(self, held: socket.socket) -> None:
        with self._lock:
            self._socket = held
            if self.is_cut:
                held.close()
                raise TimeoutError

    def _connect(self, host: str, port: int) -> socket.socket:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_rest, address in found:
            if not self.target.allow_private and not is_public(str(address[0])):
                raise Refused(
                    f"{host} is at {address[0]}, which is not on the public internet. Set ALLOW_PRIVATE if it is meant."
                )
        last: OSError = TimeoutError()
        for family, kind, protocol, _name, address in found:
            left = self.ends_at - time.monotonic()
            if left <= 0:
                break
            made = socket.socket(family, kind, protocol)
            made.settimeout(left)
            try:
                made.connect(address)
            except OSError as error:
                made.close()
                last = error
                continue
            self._hold(made)
            return made
        raise last


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the public internet, also where it wraps another one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # The system's authorities, where a company's own may be, and those that requests brings: slim images have none.
    context = ssl.create_default_context()
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    return context


def _read(response: http.client.HTTPResponse) -> dict[str, Any]:
    status = response.status
    if 300 <= status < 400:
        raise Refused(f"HTTP {status}: it redirects. Put the address that it redirects to into WEBHOOKS.")
    if status in _AGAIN or status >= 500:
        raise NoAnswer(
            f"HTTP {status}.", retry_after_seconds=retry_after_seconds(dict(response.getheaders()))
        )
    if status >= 400:
        raise Refused(f"HTTP {status}: it refuses the call.")
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise Refused("The answer is compressed, which we did not ask for.")
    body = response.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise Refused(f"The answer is longer than {MOST_BYTES // 1024} KiB.")
    length = response.getheader("Content-Length")
    if length is not None and length.isdecimal() and len(body) < int(length):
        raise NoAnswer("The answer broke off.")
    return _object(body)


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        found = json.loads(body, parse_constant=_refuse_number, parse_float=_finite)
        cleaned = _clean(found, 1)
    except (ValueError, RecursionError) as error:
        raise Refused("The answer is not JSON that can be kept.") from error
    if not isinstance(cleaned, dict):
        raise Refused("The answer is not a JSON object.")
    return cleaned


def _refuse_number(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(written)
    return number


def _clean(found: Any, depth: int) -> Any:
    """Return what every database can keep: no NUL, no half of a surrogate pair, no bottomless nesting."""
    if depth > DEEPEST:
        raise ValueError("too deep")
    if isinstance(found, str):
        return found.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(found, list):
        return [_clean(each, depth + 1) for each in found]
    if isinstance(found, dict):
        return {_clean(key, depth): _clean(value, depth + 1) for key, value in found.items()}
    return found
