"""A provider's HTTP server on this machine: it gives one answer, or misbehaves as real networks do."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Behaviour = Literal["answer", "hang", "reset", "stop in the middle"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenRequest:
    """What the provider received."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass(kw_only=True, slots=True)
class FakeProvider:
    """
    What the server does with each request, and what it has seen.

    ``hang`` takes the request and says nothing; ``reset`` takes it and breaks the connection; ``stop in the
    middle`` breaks it while answering.
    """

    url: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    behaviour: Behaviour = "answer"
    seen: list[SeenRequest] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """Run a provider on a free port of 127.0.0.1 until the block is left."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.provider = FakeProvider(url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.provider
    finally:
        server.provider.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def refused_url() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    provider: FakeProvider

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that gave up waiting is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_POST(self) -> None:
        provider = self.server.provider
        length = int(self.headers.get("Content-Length") or 0)
        provider.seen.append(
            SeenRequest(
                method=self.command,
                path=self.path,
                headers=dict(self.headers.items()),
                body=self.rfile.read(length),
                connection=self.client_address[1],
            )
        )
        if provider.behaviour == "hang":
            provider.closing.wait(5)
            self.close_connection = True
        elif provider.behaviour == "reset":
            # Zero linger: the kernel answers with RST instead of a polite end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            self._answer(provider)

    do_GET = do_PUT = do_POST

    def _answer(self, provider: FakeProvider) -> None:
        is_whole = provider.behaviour == "answer"
        self.send_response_only(provider.status)  # without a Date header of its own
        for name, value in provider.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(provider.body) + (0 if is_whole else 100)))
        self.end_headers()
        self.wfile.write(provider.body)
        self.close_connection = not is_whole

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests look at what was seen."""
