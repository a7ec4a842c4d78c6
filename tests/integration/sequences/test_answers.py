"""A sequence that reads an answer must ask for it somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from wagtail_drip.test.sequences import live_sequence

ASK = ("call_webhook", {"target": "crm", "name": "points"})
TEXT = ("send_message", {"text": "You have {{ webhook.points.total }} points."})
TEST = (
    "branch",
    {
        "test": "attribute",
        "property": "webhook.points.total",
        "operator": "at_least",
        "value": "1",
        "yes": [TEXT],
    },
)


@pytest.fixture(autouse=True)
def _crm(settings: Any, db: None) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "WEBHOOKS": {"crm": {"URL": "https://crm.example/"}}}


@pytest.mark.parametrize(
    "steps", [[TEXT], [TEST], [("call_webhook", {"target": "crm", "name": "other"}), TEXT]]
)
def test_an_answer_that_nobody_asks_for_stops_publishing(steps: list[Any]) -> None:
    with pytest.raises(ValueError, match="asks another system for “points”"):
        live_sequence(steps=steps)


def test_an_answer_that_is_asked_for_does_not(site_id: int) -> None:
    live_sequence(steps=[ASK, TEST, TEXT])


def test_a_system_that_is_not_in_the_settings_stops_publishing(settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "WEBHOOKS": {}}

    with pytest.raises(ValueError, match="No other system is set up"):
        live_sequence(steps=[ASK])
