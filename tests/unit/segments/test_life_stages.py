"""A customer's stage, by what their orders come to: the first that holds wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wagtail_drip.segments.life_stages import Limits, stage_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def stage(*days_ago: float, limits: Limits | None = None) -> str:
    """Return the stage of somebody who ordered so many days ago."""
    moments = sorted(NOW - timedelta(days=days) for days in days_ago)
    first, last = (moments[0], moments[-1]) if moments else (None, None)
    return stage_of(orders=len(moments), first_at=first, last_at=last, limits=limits or Limits(), now=NOW)


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        pytest.param([], "lead", id="never ordered"),
        pytest.param([0], "new", id="ordered today"),
        pytest.param([29.9], "new", id="in the first thirty days"),
        pytest.param([30], "active", id="thirty days after the first order"),
        pytest.param([40, 5], "active", id="ordered again, and is no longer new"),
        pytest.param([89.9], "active", id="just before ninety days"),
        pytest.param([90], "at_risk", id="ninety days without an order and without a rhythm"),
        pytest.param([180], "dormant", id="half a year"),
        pytest.param([365], "lost", id="a year"),
        pytest.param([20, 15, 10, 5], "loyal", id="four orders, be the first ever so late"),
        pytest.param([3, 2, 1, 0], "loyal", id="four orders on four days"),
        pytest.param([70, 40, 10], "active", id="each month, and in time"),
        pytest.param([121, 91, 61], "at_risk", id="each month, and two months late"),
        pytest.param([119, 89, 59], "active", id="each month, and not yet two months late"),
        pytest.param([13.9, 13.9, 13.9], "new", id="three orders at once are no rhythm to be late against"),
        pytest.param([14, 14, 14], "at_risk", id="but after two weeks they are"),
        pytest.param([1090, 725, 360], "active", id="orders once a year, and is not late"),
        pytest.param([1460, 1095, 730], "at_risk", id="once a year, and missed one"),
        pytest.param([1825, 1460, 1095], "dormant", id="once a year, and missed two"),
        pytest.param([2190, 1825, 1460], "lost", id="once a year, and missed three"),
        pytest.param([-1], "new", id="an order of tomorrow, by a shop's wrong clock"),
    ],
)
def test_the_first_stage_that_holds_wins(days_ago: list[float], expected: str) -> None:
    assert stage(*days_ago) == expected


def test_an_owner_s_limits_count() -> None:
    limits = Limits(new_days=10, loyal_orders=2, at_risk_days=20, dormant_days=40, lost_days=60)

    found = [stage(*days, limits=limits) for days in ([9], [10], [12, 1], [20], [40], [60])]

    assert found == ["new", "active", "loyal", "at_risk", "dormant", "lost"]
