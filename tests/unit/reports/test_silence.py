"""The alarm for a sequence that has gone silent: it hears what is there, and cries for nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.reports.failing import is_failing
from wagtail_drip.reports.silence import LEAST_EXPECTED, silence

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
LONG_AGO = NOW - 52 * WEEK


def shop(*, weeks: int, a_day: int, quiet_hours: int) -> Mapping[datetime, int]:
    """Return the hours of a shop that sells between nine and nine, and then fell silent."""
    hours = (NOW - HOUR * ago for ago in range(1 + quiet_hours, weeks * 168))
    return {hour: max(a_day // 12, 1) for hour in hours if 9 <= hour.hour < 21}


@pytest.mark.parametrize(
    ("history", "is_silent"),
    [
        pytest.param(shop(weeks=6, a_day=60, quiet_hours=0), False, id="sells as always"),
        pytest.param(shop(weeks=6, a_day=60, quiet_hours=5), True, id="nothing since ten in the morning"),
        pytest.param(shop(weeks=6, a_day=60, quiet_hours=1), False, id="an hour says little"),
        pytest.param(shop(weeks=2, a_day=600, quiet_hours=24), False, id="too new to be judged"),
        pytest.param({}, False, id="nothing is known"),
        pytest.param({NOW - k * WEEK - HOUR: 2 for k in range(1, 9)}, False, id="two a week"),
    ],
)
def test_a_shop_with_its_hours(history: Mapping[datetime, int], is_silent: bool) -> None:
    assert (silence(history, live_since=LONG_AGO, now=NOW) is not None) is is_silent


def test_the_night_is_no_silence() -> None:
    night = datetime(2026, 11, 25, 4, tzinfo=UTC)
    history = {hour: n for hour, n in shop(weeks=6, a_day=60, quiet_hours=0).items() if hour < night}

    assert silence(history, live_since=LONG_AGO, now=night) is None


def test_it_tells_since_when_and_how_many_were_expected() -> None:
    found = silence(shop(weeks=6, a_day=60, quiet_hours=5), live_since=LONG_AGO, now=NOW)

    assert found is not None
    assert found.since == NOW - 5 * HOUR
    assert found.expected == 25


def test_who_was_just_resumed_has_its_time() -> None:
    history = shop(weeks=6, a_day=60, quiet_hours=48)

    assert silence(history, live_since=NOW - HOUR, now=NOW) is None
    assert silence(history, live_since=NOW - 5 * HOUR, now=NOW) is not None


def test_one_odd_week_neither_makes_nor_hides_an_alarm() -> None:
    history = dict(shop(weeks=6, a_day=60, quiet_hours=5))
    outage = {hour: n for hour, n in history.items() if not NOW - 2 * WEEK <= hour < NOW - WEEK}
    sale = {hour: n * (50 if NOW - 2 * WEEK <= hour < NOW - WEEK else 1) for hour, n in history.items()}

    assert silence(outage, live_since=LONG_AGO, now=NOW) is not None
    found = silence(sale, live_since=LONG_AGO, now=NOW)
    assert found is not None
    assert found.expected == 25


hours = st.dictionaries(st.integers(0, 9 * 168), st.integers(0, 40), max_size=400)


@given(ago=hours)
def test_whoever_was_heard_this_hour_is_not_silent(ago: Mapping[int, int]) -> None:
    history = {NOW - HOUR * hour: n for hour, n in ago.items()} | {NOW: 1}

    assert silence(history, live_since=LONG_AGO, now=NOW) is None


@given(ago=st.dictionaries(st.integers(1, 9 * 168), st.integers(0, 1), max_size=30))
def test_who_starts_for_few_is_never_called_silent(ago: Mapping[int, int]) -> None:
    a_week_at_most = sum(ago.values())
    history = {NOW - HOUR * hour: n for hour, n in ago.items()}

    found = silence(history, live_since=LONG_AGO, now=NOW)

    assert found is None or a_week_at_most >= 2 * LEAST_EXPECTED


@given(ago=hours, shift=st.integers(-1000, 1000))
def test_it_is_the_same_at_any_time_of_history(ago: Mapping[int, int], shift: int) -> None:
    moved = HOUR * shift
    history = {NOW - HOUR * hour: n for hour, n in ago.items()}
    later = {hour + moved: n for hour, n in history.items()}

    here = silence(history, live_since=LONG_AGO, now=NOW)
    there = silence(later, live_since=LONG_AGO, now=NOW + moved)

    assert (here is None) is (there is None)
    if here is not None and there is not None:
        assert (here.since + moved, here.expected) == (there.since, there.expected)


@given(rate=st.integers(1, 50), quiet=st.integers(24, 160))
def test_whoever_always_came_and_comes_no_more_is_missed(rate: int, quiet: int) -> None:
    history = {NOW - HOUR * ago: rate for ago in range(quiet + 1, 9 * 168)}

    found = silence(history, live_since=LONG_AGO, now=NOW)

    assert found is not None
    assert found.since == NOW - HOUR * quiet
    assert found.expected == rate * quiet


@pytest.mark.parametrize(
    ("failed", "went", "expected"),
    [(20, 20, True), (20, 21, False), (19, 0, False), (0, 0, False), (500, 100, True)],
)
def test_failing(failed: int, went: int, expected: bool) -> None:
    assert is_failing(failed=failed, went=went, share=0.5, least=20) is expected


@given(failed=st.integers(0, 10**6), went=st.integers(0, 10**6))
def test_a_share_of_nothing_bears_everything(failed: int, went: int) -> None:
    assert not is_failing(failed=failed, went=went, share=0, least=1)
