"""A provider with bad manners, in a process of its own: nothing that kills our workers kills its memory.

It writes a line for every text that reaches a telephone, and that file is the judge. ``/keyed`` recognises a
repeated Idempotency-Key as a careful provider does; ``/plain`` takes every request for a new text. Its
vices, by chance of a seeded generator: an answer that never comes after the text was taken, a
500 after it was taken, a 500 before, a 429; receipts that come before the answer, twice, or out of order.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import queue
import random
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

import requests

TOKEN = "the provider of the kills"
HANGS_SECONDS = 2.5


class Provider(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, log: TextIO, seed: int, *, host: str, latency: float) -> None:
        super().__init__((host, 0), Handler)
        self.latency = latency
        self.log, self.lock = log, threading.Lock()
        self.chance = random.Random(seed)
        self.is_calm = False
        self.taken: dict[str, str] = {}  # our reference -> the provider's id
        self.receipts: queue.SimpleQueue[tuple[float, str, dict[str, Any]]] = queue.SimpleQueue()
        for _ in range(4):
            threading.Thread(target=self.post_receipts, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: who asked was killed."""

    def write(self, **line: Any) -> None:
        with self.lock:
            self.log.write(json.dumps({**line, "at": time.time()}) + "\n")
            self.log.flush()

    def draw(self) -> float:
        with self.lock:
            return 1.0 if self.is_calm else self.chance.random()

    def take(self, message: dict[str, Any], *, key: str) -> tuple[str, bool]:
        """Return the id under which a text is known, and whether it went to the telephone just now."""
        with self.lock:
            if key and key in self.taken:
                return self.taken[key], False
            name = f"P{len(self.taken) + 1}"
            self.taken[key or f"{message['reference']}:{name}"] = name
        self.write(
            kind="text", to=message["to"], text=message["text"], reference=message["reference"], id=name
        )
        return name, True

    def post_receipts(self) -> None:
        while True:
            at, url, event = self.receipts.get()
            time.sleep(max(0.0, at - time.monotonic()))
            if not post_receipt(url, event):
                self.receipts.put((time.monotonic() + 1, url, event))


def post_receipt(url: str, event: dict[str, Any]) -> bool:
    body = json.dumps({"events": [event]}).encode()
    signature = hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Simulator-Signature": signature}
    try:
        return requests.post(url, body, headers=headers, timeout=10).ok
    except requests.RequestException:
        return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Provider

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: there are thousands."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/calm":
            self.server.is_calm = True
            return self.answer(200, {})
        message = json.loads(body)
        drawn = self.server.draw()
        if drawn < 0.01:
            return self.answer(429, {}, {"Retry-After": "1"})
        if drawn < 0.03:
            self.server.write(kind="vice", name="500 before", reference=message["reference"])
            return self.answer(500, {})
        time.sleep(self.server.latency)
        key = self.headers.get("Idempotency-Key", "") if self.path.startswith("/keyed") else ""
        name, is_new = self.server.take(message, key=key)
        if is_new:
            self.report(message, name)
        if drawn < 0.06:
            self.server.write(kind="vice", name="500 after", reference=message["reference"])
            return self.answer(500, {})
        if drawn < 0.08:
            self.server.write(kind="vice", name="silence after", reference=message["reference"])
            time.sleep(HANGS_SECONDS)
            self.close_connection = True
            return None
        return self.answer(202, {"id": name})

    def do_GET(self) -> None:
        self.answer(404, {})

    def report(self, message: dict[str, Any], name: str) -> None:
        url = message.get("callback_url")
        if not url:
            return
        event = {"type": "receipt", "reference": message["reference"], "id": name, "number": message["to"]}
        delivered, sent = {**event, "status": "delivered"}, {**event, "status": "sent"}
        drawn, now = self.server.draw(), time.monotonic()
        if drawn < 0.1:  # before we have answered, so before anybody can have noted our id
            if not post_receipt(url, delivered):
                self.server.receipts.put((now + 1, url, delivered))
        elif drawn < 0.2:  # twice
            self.server.receipts.put((now, url, delivered))
            self.server.receipts.put((now + 0.3, url, delivered))
        elif drawn < 0.3:  # out of order
            self.server.receipts.put((now, url, delivered))
            self.server.receipts.put((now + 0.3, url, sent))
        else:
            self.server.receipts.put((now + 0.1, url, delivered))

    def answer(self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--latency", type=float, default=0, help="seconds until a text is taken")
    parser.add_argument("--calm", action="store_true", help="without vices from the beginning")
    given = parser.parse_args()
    with given.log.open("a", encoding="utf-8") as log:
        provider = Provider(log, given.seed, host=given.host, latency=given.latency)
        provider.is_calm = given.calm
        sys.stdout.write(f"{provider.server_port}\n")
        sys.stdout.flush()
        provider.serve_forever()


if __name__ == "__main__":
    main()
