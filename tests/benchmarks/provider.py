"""A provider in a process of its own: answers every POST after so many milliseconds, and keeps connections open."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_BODY = b'{"id": "accepted"}'
_ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)


@contextmanager
def running(milliseconds: int) -> Iterator[str]:
    """Yield the address of a provider that answers after so long."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.provider", str(milliseconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/messages"
    finally:
        process.kill()
        process.wait()


class _Connection(asyncio.Protocol):
    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment] # of a stream, it is one
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = _LENGTH.search(head)
        if len(body) < (int(length[1]) if length else 0):
            return
        self.received = b""
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, _ANSWER)
        else:
            self.transport.write(_ANSWER)


async def _serve(milliseconds: int) -> None:
    _Connection.delay = milliseconds / 1000
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
