"""Waiting by the contact's own clock, on the days the clocks change too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments.steps.wait_duration import end_of_wait
from wagtail_drip.enrolments.steps.wait_until_time import next_time

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # year to second, as given


@pytest.mark.parametrize(
    ("began_at", "amount", "unit", "expected"),
    [
        pytest.param(utc(2026, 3, 28, 11), 90, "minutes", utc(2026, 3, 28, 12, 30), id="minutes elapse"),
        pytest.param(
            utc(2026, 3, 28, 23), 5, "hours", utc(2026, 3, 29, 4), id="hours elapse, whatever clocks do"
        ),
        pytest.param(
            utc(2026, 3, 28, 11),
            1,
            "days",
            utc(2026, 3, 29, 10),
            id="a day over the spring change is 23 hours",
        ),
        pytest.param(
            utc(2026, 10, 24, 10),
            1,
            "days",
            utc(2026, 10, 25, 11),
            id="a day over the autumn change is 25 hours",
        ),
        pytest.param(utc(2026, 3, 22, 11), 1, "weeks", utc(2026, 3, 29, 10), id="a week keeps the hour"),
        pytest.param(
            utc(2026, 3, 28, 1, 30), 1, "days", utc(2026, 3, 29, 1, 30), id="02:30 does not exist: 03:30"
        ),
        pytest.param(
            utc(2026, 10, 24, 0, 30), 1, "days", utc(2026, 10, 25, 0, 30), id="02:30 comes twice: the first"
        ),
    ],
)
def test_a_wait_ends(began_at: datetime, amount: int, unit: str, expected: datetime) -> None:
    assert end_of_wait(began_at, amount=amount, unit=unit, zone=BERLIN) == expected


@pytest.mark.parametrize(
    ("moment", "at", "weekdays", "zone", "expected"),
    [
        pytest.param(utc(2026, 3, 2, 7), "09:00", [], BERLIN, utc(2026, 3, 2, 8), id="later today"),
        pytest.param(utc(2026, 3, 2, 8), "09:00", [], BERLIN, utc(2026, 3, 2, 8), id="this very moment"),
        pytest.param(utc(2026, 3, 2, 9), "09:00", [], BERLIN, utc(2026, 3, 3, 8), id="tomorrow"),
        pytest.param(
            utc(2026, 3, 28, 12), "09:00", [], BERLIN, utc(2026, 3, 29, 7), id="after the clocks went forward"
        ),
        pytest.param(
            utc(2026, 3, 25, 12), "09:00", [0], BERLIN, utc(2026, 3, 30, 7), id="Monday across the change"
        ),
        pytest.param(
            utc(2026, 3, 28, 12), "02:30", [], BERLIN, utc(2026, 3, 29, 1, 30), id="a time left out: 03:30"
        ),
        pytest.param(
            utc(2026, 10, 24, 12),
            "02:30",
            [],
            BERLIN,
            utc(2026, 10, 25, 0, 30),
            id="a time that comes twice: the first",
        ),
        pytest.param(
            utc(2026, 10, 25, 1),
            "02:30",
            [],
            BERLIN,
            utc(2026, 10, 26, 1, 30),
            id="not at its second coming too",
        ),
        pytest.param(
            utc(2026, 3, 1, 22),
            "07:00",
            [0],
            ZoneInfo("Asia/Shanghai"),
            utc(2026, 3, 1, 23),
            id="Monday in Shanghai is Sunday in UTC",
        ),
        pytest.param(
            utc(2026, 3, 7, 1),
            "19:00",
            [4],
            ZoneInfo("America/Los_Angeles"),
            utc(2026, 3, 7, 3),
            id="Friday evening in Los Angeles",
        ),
        pytest.param(
            utc(2026, 3, 7, 18),
            "02:30",
            [6],
            NEW_YORK,
            utc(2026, 3, 8, 7, 30),
            id="Sunday of the change in New York",
        ),
        pytest.param(
            utc(2011, 12, 29, 20),
            "09:00",
            [4],
            ZoneInfo("Pacific/Apia"),
            utc(2011, 12, 30, 19),
            id="a Friday that Samoa left out",
        ),
    ],
)
def test_the_next_time(
    moment: datetime, at: str, weekdays: list[int], zone: ZoneInfo, expected: datetime
) -> None:
    assert next_time(moment, at=time.fromisoformat(at), weekdays=weekdays, zone=zone) == expected


ZONES = sorted(zone for zone in available_timezones() if "/" in zone)


@given(
    moment=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- given a zone
    at=st.times().map(lambda each: each.replace(second=0, microsecond=0)),
    weekdays=st.sets(st.integers(0, 6)),
    name=st.sampled_from(ZONES),
)
def test_the_next_time_is_soon_and_on_one_of_the_days(
    moment: datetime, at: time, weekdays: set[int], name: str
) -> None:
    zone = ZoneInfo(name)

    found = next_time(moment, at=at, weekdays=weekdays, zone=zone)

    local = found.astimezone(zone)
    assert moment <= found <= moment + timedelta(days=9)
    is_gap = datetime.combine(local.date(), at, tzinfo=zone).astimezone(UTC).astimezone(zone).time() != at
    assert local.time() == at or is_gap
    assert not weekdays or local.weekday() in weekdays or is_gap
