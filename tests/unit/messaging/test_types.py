"""What a message is given where nobody says otherwise."""

from __future__ import annotations

import re
from pathlib import Path

from wagtail_drip.contacts.types import Purpose
from wagtail_drip.messaging.types import EXPIRES_AFTER

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "the_gate.md"


def test_every_purpose_has_an_expiry_and_the_page_tells_it() -> None:
    table = PAGE.read_text().split("## How long a text may wait")[1]
    told = {purpose: int(hours) for purpose, hours in re.findall(r"^\| `(\w+)` \| (\d+) \|$", table, re.M)}

    assert set(EXPIRES_AFTER) == set(Purpose)
    assert told == {str(purpose): after.total_seconds() / 3600 for purpose, after in EXPIRES_AFTER.items()}
