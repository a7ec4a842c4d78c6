"""Days on which no text goes: the owner's blackout dates, and public holidays as the site says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.compliance.test_times import MONDAY, blackout, met, question
from wagtail_drip.compliance import public_holidays, times
from wagtail_drip.compliance.jurisdictions import Holidays


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, True, id="marketing"),
        pytest.param({"ignores_windows": True}, True, id="also what ignores the sending times"),
        pytest.param({"purpose": "transactional"}, False, id="not news of an order"),
        pytest.param({"purpose": "response"}, False, id="nor an answer"),
        pytest.param({"is_test": True}, False, id="nor a test"),
        pytest.param({"site_id": 2}, True, id="every site"),
    ],
)
def test_a_blackout_date_stops_marketing(fields: dict[str, Any], expected: bool) -> None:
    asked = question(rules=blackout(MONDAY.date()), **fields)

    assert ("blackout_date" in met(asked, MONDAY)) is expected


@pytest.mark.parametrize(
    ("limits", "fields", "expected"),
    [
        ({"site_id": 1}, {}, True),
        ({"site_id": 2}, {}, False),
        ({"purposes": frozenset({"survey"})}, {}, False),
        ({"purposes": frozenset({"transactional"})}, {"purpose": "transactional"}, True),
        ({"purposes": frozenset({"response"})}, {"purpose": "response"}, False),
        ({"sequences": frozenset({5})}, {"sequence_id": 5}, True),
        ({"sequences": frozenset({5})}, {"sequence_id": 6}, False),
        ({"sequences": frozenset({5})}, {"sequence_id": None}, False),
    ],
)
def test_a_blackout_date_may_be_for_some_only(
    limits: dict[str, Any], fields: dict[str, Any], expected: bool
) -> None:
    asked = question(rules=blackout(MONDAY.date(), **limits), **fields)

    assert ("blackout_date" in met(asked, MONDAY)) is expected


def test_a_long_blackout_is_waited_for() -> None:
    """Spring Festival: fifteen days in a row."""
    rules = blackout(date(2027, 2, 5), date(2027, 2, 20))
    now = datetime(2027, 2, 5, 12, tzinfo=UTC)

    found = times.next_possible(question(rules=rules), now=now)

    assert found.at == datetime(2027, 2, 21, 10, tzinfo=UTC)
    assert [obstacle.reason for obstacle in found.obstacles] == ["blackout_date", "send_window"]
    assert found.obstacles[0].value["name"] == "Mourning"


def test_the_days_of_a_blackout_are_the_recipients() -> None:
    tokyo = question(
        region="JP", zones=frozenset({"Asia/Tokyo"}), rules=blackout(date(2026, 11, 24)), ignores_windows=True
    )

    assert met(tokyo, datetime(2026, 11, 23, 14, 59, tzinfo=UTC)) == []
    assert met(tokyo, datetime(2026, 11, 23, 15, tzinfo=UTC)) == ["blackout_date"]
    assert met(tokyo, datetime(2026, 11, 24, 15, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("holidays", "hour", "expected"),
    [
        (Holidays.USUAL, 9, []),
        (Holidays.SUNDAY, 9, ["send_window"]),
        (Holidays.SUNDAY, 10, []),
        (Holidays.CLOSED, 10, ["blackout_date", "send_window"]),
    ],
)
def test_public_holidays_are_what_the_site_says(holidays: str, hour: int, expected: list[str]) -> None:
    christmas = datetime(2026, 12, 25, hour, tzinfo=UTC)  # a Friday

    assert met(question(holidays=holidays), christmas) == expected


def test_a_holidays_name_is_told() -> None:
    christmas = datetime(2026, 12, 25, 9, tzinfo=UTC)

    closed = times.next_possible(question(holidays="closed"), now=christmas).obstacles[0]
    sunday = times.next_possible(question(holidays="sunday"), now=christmas).obstacles[0]

    assert closed.value["name"] == sunday.value["holiday"] == "Christmas Day"


def test_the_law_of_alabama_has_no_holidays() -> None:
    thanksgiving = datetime(2026, 11, 26, 18, tzinfo=UTC)
    alabama = {"region": "US", "subdivision": "AL", "zones": frozenset({"America/Chicago"})}

    (first, *_) = times.next_possible(
        question(**alabama, purpose="transactional"), now=thanksgiving
    ).obstacles

    assert first.reason == "quiet_hours"
    assert (first.value["place"], first.value["holiday"]) == ("US-AL", "Thanksgiving Day")
    assert first.value["read"] == "2026-11-21"
    assert met(question(**{**alabama, "subdivision": "GA"}, purpose="transactional"), thanksgiving) == []


def test_a_country_that_nobody_knows_has_no_holidays() -> None:
    assert public_holidays.names("XX", "", 2026) == {}
    assert public_holidays.names("US", "QQ", 2026) == public_holidays.names("US", "", 2026)
    assert public_holidays.names("CN", "", 2026, "en_US")[date(2026, 10, 1)] == "National Day"
