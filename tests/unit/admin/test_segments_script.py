"""The browser counts with the alphabets that the server counts with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import wagtail_drip
from wagtail_drip.gateways import encoding

SCRIPT = Path(wagtail_drip.__file__).parent / "static/wagtail_drip/js/segments.js"


def test_the_script_carries_the_servers_alphabets() -> None:
    found = re.search(r"const ALPHABETS = (\{.*\});", SCRIPT.read_text(encoding="utf-8"))

    assert found
    alphabets = encoding.alphabets()
    assert json.loads(found[1]) == {name: alphabets[name] for name in ("basic", "extension", "limits")}
