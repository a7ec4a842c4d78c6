"""May this message go now? One row per rule of the page on purposes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.compliance.questions import MARKETING, NOON, american, answer, question
from wagtail_drip.compliance import policy
from wagtail_drip.compliance.frequency_caps import Limits, Pressure, Rules, Sent
from wagtail_drip.compliance.types import Licence
from wagtail_drip.contacts.types import Purpose
from wagtail_drip.core.windows import SPREAD_MINUTES

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
