"""Another system, as a real HTTP server on this machine, which answers what a test tells it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class FarSide:
    """
    :ivar replies: given one after the other; the last again and again.
    :ivar seconds: how long it thinks before it answers.
    :ivar drips: seconds between the bytes of an answer.
    """

    url: str = ""
    replies: list[Reply] = field(default_factory=lambda: [(200, {}, b"{}")])
    seconds: float = 0
    drips: float = 0
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def answers(self, *replies: Reply) -> None:
        self.replies = list(replies)


@contextmanager
def far_side() -> Iterator[FarSide]:
    side = FarSide()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                side.asked.append((dict(self.headers), body))
                status, headers, answer = side.replies.pop(0) if len(side.replies) > 1 else side.replies[0]
            time.sleep(side.seconds)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if side.drips:
                for byte in answer:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(side.drips)
            else:
                self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *given: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # we hung up
                super().handle()

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # connections that wait to be taken; five by default

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    side.url = f"http://127.0.0.1:{server.server_port}/hook?shop=1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield side
    finally:
        server.shutdown()
        server.server_close()
