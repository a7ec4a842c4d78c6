"""What branches and dates decided, in sentences that somebody who asks why understands."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation

from wagtail_drip.admin.step_sentences import RULES

SINCE = "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("rule", "value", "outcome", "words"),
    [
        pytest.param(
            {"name": "clicked", "scope": "sequence"},
            2,
            "yes",
            "They had clicked 2 such links since",
            id="clicked",
        ),
        pytest.param(
            {"name": "replied", "how": "is"}, 0, "no", "So this test did not hold.", id="did not reply"
        ),
        pytest.param(
            {"name": "permission", "group": "marketing"}, False, "no", "had not agreed", id="permission"
        ),
        pytest.param(
            {"name": "purchases", "measure": "count", "operator": "at_least", "number": "2"},
            "3",
            "yes",
            "number of orders is at least 2; it was 3. So this test held.",
            id="purchases",
        ),
        pytest.param(
            {"name": "payload", "property": "total", "operator": "at_least", "value": "50"},
            "60.00",
            "yes",
            "is at least 50; it was “60.00”.",
            id="what started it",
        ),
        pytest.param(
            {"name": "event", "event": "order_placed", "negate": False, "times": 2, "path": "yes"},
            1,
            "no",
            "“An order is placed” had happened 1 time since",
            id="too rarely",
        ),
        pytest.param({"name": "wait_until_date"}, None, "missing", "There is no such date", id="no date"),
        pytest.param({"name": "wait_until_date"}, "2026-05-17", SINCE, "Waits until", id="a date to come"),
        pytest.param({"name": "wait_until_date"}, None, "cancelled", "It was cancelled", id="cancelled"),
    ],
)
def test_sentences(rule: dict[str, Any], value: Any, outcome: str, words: str) -> None:
    decided = {"step": "s", "rule": rule, "value": value, "outcome": outcome, "since": SINCE}

    with override_settings(LANGUAGE_CODE="en-gb"), translation.override("en-gb"):
        sentence = RULES[rule["name"]](decided)

    assert words in sentence
    assert "%(" not in sentence
