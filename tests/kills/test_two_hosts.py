"""Two clusters on two hosts, of which one dies in the middle. ``two_hosts.py`` also measures what a host adds."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

RUN = Path(__file__).with_name("two_hosts.py")


def why_not() -> str:
    """Return what this machine lacks; '' if hosts can be made here."""
    if connection.vendor != "postgresql":
        return "hosts share a server: PostgreSQL"
    if shutil.which("ip") is None or os.geteuid() != 0:
        return "making hosts takes root and the command ip"
    with suppress(OSError), socket.create_connection(("127.0.0.1", 6379), timeout=1):
        made = subprocess.run(["ip", "netns", "add", "drip_try"], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", "drip_try"], capture_output=True, check=False)
        return "" if made.returncode == 0 else "no network namespace can be made here"
    return "no Redis answers on 127.0.0.1:6379"


def test_a_host_that_dies_takes_nobodys_text_with_it() -> None:
    if reason := why_not():
        pytest.skip(reason)
    done = subprocess.run(
        [sys.executable, str(RUN), "--orders", "150", "--only-the-death", "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])

    (trial,) = found["trials"]
    assert (trial["doubles"], trial["lost"]) == ([], [])
    assert trial["killed"]
    assert found["is_well"]
