"""May this message go now? One row per rule of the page on purposes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from wagtail_drip.compliance import jurisdictions, policy, times
from wagtail_drip.compliance.frequency_caps import Limits, Pressure, Rules, Sent
from wagtail_drip.compliance.jurisdictions import Kind
from wagtail_drip.compliance.types import Licence, Question
from wagtail_drip.contacts.types import Purpose
from wagtail_drip.core.windows import SPREAD_MINUTES, default_windows

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


FRESH = Licence(NOON - timedelta(hours=1))


@pytest.mark.parametrize("purpose", MARKETING)
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "send", id="all is well"),
        pytest.param({"permission": None}, "skip no_consent", id="nobody ever agreed"),
        pytest.param({"permission": False}, "skip unsubscribed", id="withdrawn"),
        pytest.param({"is_suppressed": True}, "skip suppressed", id="suppressed"),
        pytest.param({"is_open": False}, "skip not_open_yet", id="the site is closed"),
        pytest.param({"is_open": False, "is_staff_number": True}, "send", id="closed, but to staff"),
        pytest.param(
            {"is_open": False, "is_staff_number": True, "permission": None},
            "skip no_consent",
            id="staff agree too",
        ),
        pytest.param({"number": ""}, "skip no_phone", id="without a number"),
        pytest.param({"expires_at": NOON}, "expire", id="too late"),
        pytest.param({"expires_at": NOON + timedelta(seconds=1)}, "send", id="just in time"),
        pytest.param({"licence": FRESH, "permission": None}, "skip no_consent", id="a licence is no consent"),
    ],
)
def test_marketing(purpose: str, fields: dict[str, Any], expected: str) -> None:
    assert answer(purpose=purpose, **fields) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "send", id="all is well"),
        pytest.param({"permission": None}, "skip no_consent", id="its own permission"),
        pytest.param({"is_suppressed": True}, "skip suppressed", id="suppressed"),
        pytest.param({"expires_at": NOON}, "expire", id="too late"),
        pytest.param({"windows": {}}, "send", id="no sending times"),
    ],
)
def test_transactional(fields: dict[str, Any], expected: str) -> None:
    assert answer(purpose="transactional", **fields) == expected


def test_news_of_an_order_goes_at_night_where_no_law_forbids_it() -> None:
    night = NOON.replace(hour=3)

    assert answer(night, purpose="transactional") == "send"
    assert answer(night, purpose="promotional") == "defer send_window"


def test_where_the_law_has_quiet_hours_they_bind_news_of_an_order_too() -> None:
    night = NOON.replace(hour=7)  # 02:00 in New York

    decision = policy.decide(question(**american(purpose="transactional")), now=night)

    assert (decision.verdict, decision.reason) == ("defer", "quiet_hours")
    assert decision.until is not None
    wall = decision.until.astimezone(ZoneInfo("America/New_York"))
    assert (wall.hour, wall.minute // 10) == (8, 0)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"licence": FRESH}, "send", id="licensed"),
        pytest.param({"licence": None}, "skip no_licence", id="unlicensed"),
        pytest.param({"licence": Licence(NOON - timedelta(hours=24))}, "send", id="licensed 24 hours ago"),
        pytest.param(
            {"licence": Licence(NOON - timedelta(hours=24, seconds=1))}, "skip no_licence", id="and a second"
        ),
        pytest.param({"licence": FRESH, "permission": False}, "send", id="permission is not asked"),
        pytest.param({"licence": FRESH, "windows": {}}, "send", id="nor are sending times"),
        pytest.param({"licence": FRESH, "is_suppressed": True}, "skip suppressed", id="suppression binds"),
        pytest.param(
            {"licence": FRESH._replace(is_stop=True), "is_suppressed": True},
            "send",
            id="but for the confirmation of a stop",
        ),
        pytest.param({"licence": FRESH, "is_open": False}, "skip not_open_yet", id="a closed site is silent"),
        pytest.param({"licence": FRESH, "expires_at": NOON}, "expire", id="too late"),
    ],
)
def test_response(fields: dict[str, Any], expected: str) -> None:
    assert answer(purpose="response", **fields) == expected


def test_a_response_goes_at_any_hour() -> None:
    night = NOON.replace(hour=7)

    assert answer(night, **american(purpose="response", licence=Licence(night))) == "send"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"is_staff_number": True}, "send", id="to staff"),
        pytest.param({}, "skip not_open_yet", id="to anybody else"),
        pytest.param({"is_staff_number": True, "is_open": False}, "send", id="before opening"),
        pytest.param({"is_staff_number": True, "permission": None}, "send", id="confirming is agreeing"),
        pytest.param({"is_staff_number": True, "is_suppressed": True}, "skip suppressed", id="suppressed"),
        pytest.param({"is_staff_number": True, "windows": {}}, "send", id="at any time"),
    ],
)
def test_a_test_text(fields: dict[str, Any], expected: str) -> None:
    assert answer(purpose="transactional", is_test=True, **fields) == expected


def test_a_test_text_does_not_bend_to_a_stops_licence() -> None:
    fields = {"is_suppressed": True, "licence": FRESH._replace(is_stop=True)}

    assert answer(purpose="transactional", **fields) == "skip suppressed"


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


def test_every_purpose_is_decided() -> None:
    for purpose in Purpose:
        assert answer(purpose=purpose, licence=FRESH) == "send"


def under_pressure(*ago: timedelta, limits: Limits = Limits(2, 8), kept: Sequence[Sent] = ()) -> Pressure:  # noqa: B008 -- immutable
    return Pressure(
        site_id=1,
        purpose="promotional",
        topic="",
        sequence_id=7,
        rules=Rules(everyone=limits),
        own=Limits(),
        sent=[Sent(NOON - each, 1, "promotional", "") for each in ago],
        kept=list(kept),
    )


DAY = timedelta(days=1)


@pytest.mark.parametrize("purpose", MARKETING)
def test_a_full_cap_puts_off_every_marketing_purpose(purpose: str) -> None:
    decision = policy.decide(question(purpose=purpose, pressure=under_pressure(DAY, 2 * DAY)), now=NOON)

    assert (decision.verdict, decision.reason, decision.until) == ("defer", "frequency_cap", NOON + 5 * DAY)
    assert '"had":2,"limit":2' in decision.detail


@pytest.mark.parametrize("fields", [{"purpose": "transactional"}, {"purpose": "response", "licence": FRESH}])
def test_a_full_cap_stops_neither_news_of_an_order_nor_an_answer(fields: dict[str, Any]) -> None:
    assert answer(**fields, pressure=under_pressure(DAY, 2 * DAY)) == "send"


def test_where_there_is_room_again_at_night_it_is_put_off_to_the_morning() -> None:
    # Room is at 02:00 on Friday; Friday opens at 09:00.
    decision = policy.decide(
        question(pressure=under_pressure(timedelta(hours=10), 2 * DAY + timedelta(hours=10))), now=NOON
    )

    opening = datetime(2026, 11, 28, 9, tzinfo=UTC)
    assert decision.reason == "frequency_cap"
    assert decision.until is not None
    assert opening <= decision.until < opening + timedelta(minutes=SPREAD_MINUTES)
    assert decision.until.isoformat() in decision.detail


def test_at_night_a_cap_that_is_still_full_in_the_morning_is_told_at_once() -> None:
    night = NOON.replace(hour=2)

    full = policy.decide(question(pressure=under_pressure(DAY, 2 * DAY)), now=night)
    roomy = policy.decide(question(pressure=under_pressure(DAY, 7 * DAY + timedelta(hours=4))), now=night)

    assert (full.reason, full.until) == ("frequency_cap", NOON + 5 * DAY)
    assert roomy.reason == "send_window"  # in the morning there is room


def test_where_it_expires_before_there_is_room_or_before_it_opens_it_is_skipped() -> None:
    had = under_pressure(DAY, 2 * DAY)

    assert answer(pressure=had, expires_at=NOON + 5 * DAY) == "skip frequency_cap"
    assert answer(pressure=had, expires_at=NOON + 5 * DAY + timedelta(seconds=1)) == "defer frequency_cap"
    at_night = under_pressure(timedelta(hours=10), 2 * DAY + timedelta(hours=10))
    assert answer(pressure=at_night, expires_at=datetime(2026, 11, 28, 5, tzinfo=UTC)) == "skip frequency_cap"


def test_a_place_is_kept_until_the_other_is_due_and_then_it_is_asked_again() -> None:
    kept = [Sent(NOON + DAY, 1, "welcome", "")]

    decision = policy.decide(question(pressure=under_pressure(DAY, kept=kept)), now=NOON)

    assert (decision.reason, decision.until) == ("frequency_cap", NOON + DAY)
    assert '"kept":true' in decision.detail


def test_what_may_never_go_is_skipped() -> None:
    assert answer(pressure=under_pressure(limits=Limits(0, None))) == "skip frequency_cap"
