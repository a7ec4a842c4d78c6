"""How many drains, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from wagtail_drip import tasks


@pytest.mark.parametrize(
    ("drains", "workers", "clusters", "expected"),
    [
        pytest.param(2, 4, 1, 2, id="as many as the setting says"),
        pytest.param(2, 2, 1, 1, id="one worker stays free"),
        pytest.param(2, 1, 1, 1, id="at least one"),
        pytest.param(8, 4, 1, 3, id="never more than the others"),
        pytest.param(8, 6, 2, 4, id="one stays free on each host"),
        pytest.param(8, 2, 2, 1, id="at least one on all hosts together"),
    ],
)
def test_the_number_of_drains(drains: int, workers: int, clusters: int, expected: int, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "DRAINS": drains}

    assert tasks.number_of_drains(workers=workers, clusters=clusters) == expected


@pytest.mark.parametrize(
    ("workers", "timeout", "retry", "expected"),
    [
        pytest.param(2, 120, 180, 90, id="until after the next tick"),
        pytest.param(2, 60, 180, 50, id="before django-q2 would kill it"),
        pytest.param(2, 120, 60, 50, id="before django-q2 would run it again"),
        pytest.param(2, None, None, 90, id="no time-out is no bound"),
        pytest.param(1, 120, 180, 20, id="a single worker is soon free for the site's own tasks"),
        pytest.param(2, 5, 180, 1, id="never nothing"),
    ],
)
def test_how_long_a_drain_lasts(
    workers: int, timeout: float | None, retry: float | None, expected: float
) -> None:
    assert tasks.drain_seconds(workers=workers, timeout=timeout, retry=retry) == expected
