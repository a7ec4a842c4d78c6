"""What a contact has asked for: a pause, and the hours of the day at which they want to be texted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.compliance.questions import MARKETING, NOON, answer, question
from wagtail_drip.compliance import policy, times
from wagtail_drip.compliance.types import Verdict
from wagtail_drip.core.windows import default_windows

LATER = NOON + timedelta(days=3)
MORNING = (9 * 60, 12 * 60)
ALL_DAY = {str(day): [["00:00", "24:00"]] for day in range(7)}
# No legal hours and no windows, so that only the wish is asked.
FREE: dict[str, Any] = {"region": "", "windows": ALL_DAY}


@pytest.mark.parametrize("purpose", MARKETING)
def test_marketing_waits_until_a_pause_ends(purpose: str) -> None:
    found = policy.decide(question(purpose=purpose, paused_until=LATER), now=NOON)

    assert (found.verdict, found.reason, found.until) == (Verdict.DEFER, "contact_paused", LATER)


@pytest.mark.parametrize("purpose", ["transactional", "response"])
def test_a_pause_keeps_nothing_else_back(purpose: str) -> None:
    licence = None
    if purpose == "response":
        from wagtail_drip.compliance.types import Licence

        licence = Licence(NOON)

    assert answer(purpose=purpose, paused_until=LATER, licence=licence) == "send"


@pytest.mark.parametrize(
    ("expires_in", "expected"),
    [
        pytest.param(timedelta(days=4), "defer contact_paused", id="the pause ends in time"),
        pytest.param(timedelta(days=3), "skip contact_paused", id="it ends as the text expires"),
        pytest.param(timedelta(days=1), "skip contact_paused", id="it outlasts the text"),
    ],
)
def test_a_text_that_a_pause_outlasts_does_not_go(expires_in: timedelta, expected: str) -> None:
    assert answer(paused_until=LATER, expires_at=NOON + expires_in) == expected


@pytest.mark.parametrize("now", [LATER, LATER + timedelta(seconds=1)])
def test_a_pause_that_is_over_is_none(now: Any) -> None:
    assert answer(now, paused_until=LATER, **FREE) == "send"


def test_who_said_stop_is_refused_and_not_only_put_off() -> None:
    assert answer(paused_until=LATER, is_suppressed=True) == "skip suppressed"


def test_outside_their_hours_marketing_waits_for_them() -> None:
    found = policy.decide(question(own_hours=MORNING, spread_minutes=0, **FREE), now=NOON)

    assert (found.reason, found.until) == ("contact_hours", NOON.replace(day=24, hour=9))


@pytest.mark.parametrize(
    "fields", [{"purpose": "transactional"}, {"purpose": "promotional", "is_test": True}]
)
def test_their_hours_keep_nothing_else_back(fields: dict[str, Any]) -> None:
    assert answer(own_hours=MORNING, is_staff_number=True, **{**FREE, **fields}) == "send"


def test_their_hours_bind_a_step_that_may_go_outside_sending_times() -> None:
    assert answer(own_hours=MORNING, ignores_windows=True, **FREE) == "defer contact_hours"


def test_their_hours_and_the_shops_leave_what_both_allow() -> None:
    asked = question(own_hours=(19 * 60, 24 * 60), windows=default_windows(), spread_minutes=0)

    found = times.next_possible(asked, now=NOON)

    assert found.at == NOON.replace(hour=19)
    assert [each.reason for each in found.obstacles] == ["contact_hours"]
    assert found.obstacles[0].value["spans"] == [["19:00", "24:00"]]


def test_hours_that_the_shop_never_texts_at_let_nothing_go() -> None:
    assert answer(own_hours=(2 * 60, 3 * 60)) == "skip window_closed"


def test_hours_over_midnight() -> None:
    night = (22 * 60, 6 * 60)

    assert answer(NOON.replace(hour=23), own_hours=night, **FREE) == "send"
    assert answer(NOON.replace(hour=5), own_hours=night, **FREE) == "send"
    assert answer(NOON.replace(hour=7), own_hours=night, **FREE) == "defer contact_hours"


@given(
    hour=st.integers(0, 24 * 14),
    begin=st.integers(0, 23),
    end=st.integers(1, 24),
    pause=st.integers(0, 24 * 10),
)
def test_nothing_ever_goes_in_a_pause_or_outside_their_hours(
    hour: int, begin: int, end: int, pause: int
) -> None:
    now = NOON + timedelta(hours=hour)
    asked = question(own_hours=(begin * 60, end * 60), paused_until=NOON + timedelta(hours=pause))

    if policy.decide(asked, now=now).verdict is Verdict.SEND:
        wall = now.hour  # London in winter
        assert now >= NOON + timedelta(hours=pause)
        assert begin <= wall < end if begin < end else wall >= begin or wall < end
