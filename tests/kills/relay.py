"""Carry connections from one address to another: servers that listen on loopback alone become reachable."""

from __future__ import annotations

import socket
import sys
import threading


def carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def serve(host: str, port: int) -> None:
    """Accept on *host*:*port* and connect to the same port of 127.0.0.1."""
    listener = socket.create_server((host, port))
    while True:
        theirs, _ = listener.accept()
        ours = socket.create_connection(("127.0.0.1", port))
        for each in (theirs, ours):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=carry, args=(theirs, ours), daemon=True).start()
        threading.Thread(target=carry, args=(ours, theirs), daemon=True).start()


if __name__ == "__main__":
    for number in sys.argv[2:]:
        threading.Thread(target=serve, args=(sys.argv[1], int(number))).start()
