"""What the tests of the policy share: a question about a message, and the answer in two words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from wagtail_drip.compliance import policy
from wagtail_drip.compliance.types import Question
from wagtail_drip.core.windows import default_windows

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday in winter

MARKETING = ["welcome", "information", "interactive", "promotional", "reminder", "survey"]


def question(**fields: Any) -> Question:
    given: dict[str, Any] = {
        "number": "+447400123456",
        "region": "GB",
        "subdivision": "",
        "zones": frozenset({"Europe/London"}),
        "zone": "",
        "country_zone": "",
        "purpose": "promotional",
        "permission": True,
        "is_suppressed": False,
        "is_open": True,
        "is_staff_number": False,
        "is_test": False,
        "windows": default_windows(),
        "ignores_windows": False,
        "expires_at": None,
        "licence": None,
        "site_id": 1,
        **fields,
    }
    return Question(**given)


def answer(now: datetime = NOON, **fields: Any) -> str:
    decision = policy.decide(question(**fields), now=now)
    return f"{decision.verdict} {decision.reason}".strip()


def american(**fields: Any) -> dict[str, Any]:
    return {
        "number": "+12125550123",
        "region": "US",
        "subdivision": "NY",
        "zones": frozenset({"America/New_York"}),
        **fields,
    }
