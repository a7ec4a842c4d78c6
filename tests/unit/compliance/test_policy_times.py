"""When may it go? Whose clock is read, which laws bind whom, and how an opening is spread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.compliance.questions import NOON, american, answer, question
from wagtail_drip.compliance import jurisdictions, policy, times
from wagtail_drip.compliance.jurisdictions import Kind


@pytest.mark.parametrize(
    ("fields", "zone"),
    [
        pytest.param({"zone": "Asia/Tokyo"}, "Asia/Tokyo", id="the contact's own"),
        pytest.param({}, "Europe/London", id="the number's only one"),
        pytest.param(
            {"zones": frozenset({"Europe/London", "Europe/Jersey"}), "country_zone": "Europe/Jersey"},
            "Europe/Jersey",
            id="the site's, in its own country",
        ),
        pytest.param(
            american(zones=frozenset({"America/Denver", "America/New_York"})),
            "America/New_York",
            id="the country's",
        ),
        pytest.param(
            {"zones": frozenset({"Europe/London", "Europe/Jersey"})}, "Europe/Jersey", id="any of them"
        ),
        pytest.param({"zones": frozenset()}, "", id="nothing tells"),
    ],
)
def test_the_zone_of_the_sending_times(fields: dict[str, Any], zone: str) -> None:
    assert times.chosen_zone(question(**fields)) == zone


def test_the_law_must_allow_it_in_every_zone_that_the_number_allows() -> None:
    """A toll-free number may be of New York or of Honolulu: 08:00 to 21:00 in both."""
    both = american(zones=frozenset({"America/New_York", "Pacific/Honolulu"}), ignores_windows=True)

    # 08:00 in New York is 03:00 in Honolulu.
    assert answer(datetime(2026, 11, 23, 13, tzinfo=UTC), **both) == "defer quiet_hours"
    # 13:00 and 08:00.
    assert answer(datetime(2026, 11, 23, 18, tzinfo=UTC), **both) == "send"
    # 21:00 and 16:00.
    assert answer(datetime(2026, 11, 24, 2, tzinfo=UTC), **both) == "defer quiet_hours"


def test_zones_with_less_than_an_hour_in_common_give_way_to_the_countrys() -> None:
    far = american(
        zones=frozenset({"America/New_York", "Pacific/Guam", "Europe/London"}), ignores_windows=True
    )
    asked = question(**far, purpose="welcome")

    assert times.is_zone_guessed(asked, now=NOON) is True
    assert policy.decide(asked, now=datetime(2026, 11, 23, 18, tzinfo=UTC)).verdict == "send"
    assert policy.decide(asked, now=datetime(2026, 11, 23, 10, tzinfo=UTC)).reason == "quiet_hours"
    near = american(zones=frozenset({"America/New_York", "America/Denver"}))
    assert times.is_zone_guessed(question(**near), now=NOON) is False


@pytest.mark.parametrize(
    ("state", "weekday_and_hour", "expected"),
    [
        pytest.param("NY", (23, 20), "send", id="New York at 20:00"),
        pytest.param("FL", (23, 20), "defer quiet_hours", id="Florida at 20:00"),
        pytest.param("KY", (23, 9), "defer quiet_hours", id="Kentucky at 09:00"),
        pytest.param("TX", (22, 11), "defer quiet_hours", id="Texas on a Sunday at 11:00"),
        pytest.param("TX", (22, 12), "send", id="and at noon"),
        pytest.param("AL", (22, 12), "defer quiet_hours", id="Alabama on a Sunday"),
        pytest.param("", (23, 8), "send", id="a state unknown: the country's law"),
    ],
)
def test_states_of_the_usa_have_laws_of_their_own(
    state: str, weekday_and_hour: tuple[int, int], expected: str
) -> None:
    day, hour = weekday_and_hour
    now = datetime(2026, 11, day, hour, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)

    assert answer(now, **american(subdivision=state, ignores_windows=True)) == expected


def test_a_message_may_ignore_the_sending_times_but_not_the_law() -> None:
    night = NOON.replace(hour=3)

    assert answer(night, ignores_windows=True) == "send"
    assert answer(night.replace(hour=7), **american(ignores_windows=True)) == "defer quiet_hours"


@pytest.mark.parametrize(
    ("region", "zone", "purpose", "expected"),
    [
        ("IN", "Asia/Kolkata", "promotional", "defer quiet_hours"),
        ("IN", "Asia/Kolkata", "transactional", "send"),
        ("CN", "Asia/Shanghai", "promotional", "defer quiet_hours"),
        ("CN", "Asia/Shanghai", "transactional", "send"),
        ("GB", "Europe/London", "promotional", "send"),
    ],
)
def test_what_binds_whom(region: str, zone: str, purpose: str, expected: str) -> None:
    """Laws on advertisements and networks' filters do not bind news of an order; custom binds nobody."""
    midnight = datetime(2026, 11, 23, 0, 30, tzinfo=ZoneInfo(zone))
    fields = {"region": region, "zones": frozenset({zone}), "ignores_windows": True}

    assert answer(midnight.astimezone(UTC), purpose=purpose, **fields) == expected


def test_what_waits_for_an_opening_is_spread_over_ten_minutes() -> None:
    """Mautic gave everybody the same opening second."""
    night = NOON.replace(hour=3)
    found = set()
    for n in range(200):
        asked = question(number=f"+4474001{n:05}")
        until = policy.decide(asked, now=night).until
        assert (
            until == policy.decide(asked, now=night + timedelta(hours=1)).until
        )  # the same when asked again
        assert until is not None
        assert policy.decide(asked, now=until).verdict == "send"
        found.add(until)

    assert len(found) > 100
    assert min(found) >= NOON.replace(hour=9)
    assert max(found) < NOON.replace(hour=9, minute=10)


def test_spreading_stays_inside_a_short_window() -> None:
    minute = {str(day): [["09:00", "09:01"]] for day in range(7)}

    for n in range(50):
        until = policy.decide(question(windows=minute, number=f"+44740{n}"), now=NOON.replace(hour=3)).until
        assert until is not None
        assert until.replace(second=0) == NOON.replace(hour=9)


@pytest.mark.parametrize(
    "windows", [{"0": [["nonsense", "20:00"]]}, {"0": "09:00"}, {"0": [["09:00"]]}, None, {"0": [[9, 20]]}]
)
def test_sending_times_that_make_no_sense_are_the_usual_ones(windows: Any) -> None:
    assert answer(NOON, windows=windows) == "send"
    assert answer(NOON.replace(hour=3), windows=windows) == "defer send_window"


def test_what_expires_before_its_window_opens_says_so_at_once() -> None:
    night = NOON.replace(hour=3)

    assert answer(night, expires_at=NOON.replace(hour=9)) == "skip window_closed"
    just = question(expires_at=NOON.replace(hour=9, second=1))
    assert policy.decide(just, now=night).until == NOON.replace(hour=9)
    assert answer(night, windows={}) == "skip window_closed"


@pytest.mark.parametrize("rule", jurisdictions.RULES.values(), ids=lambda rule: rule.place)
def test_every_rule_names_its_source_and_opens_on_some_day(rule: jurisdictions.Rule) -> None:
    assert rule.source
    assert datetime.fromisoformat(rule.read)
    assert rule.kind in Kind
    assert any(rule.week)
    assert all(0 <= begin < end <= 1440 for day in rule.week for begin, end in day)


@pytest.mark.parametrize("zone", jurisdictions.DEFAULT_ZONES.values())
def test_every_default_zone_exists(zone: str) -> None:
    assert ZoneInfo(zone).key == zone


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("+12125550123", "NY"),
        ("+13055550123", "FL"),
        ("+18085550123", "HI"),
        ("+18005550123", ""),  # toll-free
        ("+14165550123", ""),  # Toronto
        ("+447400123456", ""),
    ],
)
def test_the_state_of_an_area_code(number: str, state: str) -> None:
    region = "US" if number.startswith("+1") and number[2:5] != "416" else ""

    assert jurisdictions.subdivision_of(number, region) == state
