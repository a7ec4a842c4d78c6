"""A short killing at every seam. ``run.py`` does it two hundred times; docs/explanation/never_twice.md has its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.db import connection

from tests.kills.seams import SEAMS

RUN = Path(__file__).with_name("run.py")


def test_no_kill_at_any_seam_doubles_or_loses_a_text(worker_id: str) -> None:
    # One kind of provider each: it takes a minute or two.
    provider = "plain" if connection.vendor == "postgresql" else "keyed"
    name = f"{os.environ.get('DRIP_TEST_NAME', 'drip')}_{worker_id}_{provider}"
    done = subprocess.run(
        [sys.executable, str(RUN), "--kills", "1", "--minutes", "3", "--provider", provider, "--json"],
        env={**os.environ, "DRIP_TEST_NAME": name},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    verdict: dict[str, Any] = json.loads(done.stdout)

    assert verdict["doubles"] == []
    assert verdict["lost"] == []
    assert verdict["watchdog"] == {}
    assert verdict["states"].get("unknown", 0) <= verdict["most_unknown"]
    # A busy machine does not get to all of them in three minutes.
    assert len(set(SEAMS) & set(verdict["kills"])) >= 3
    assert verdict["is_well"]
    assert done.returncode == 0
