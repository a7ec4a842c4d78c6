"""When an event happened is the same to Python and to a query, whoever told of it and however late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wagtail_drip.events import actions, moments
from wagtail_drip.events.models import Event
from wagtail_drip.events.types import BACKFILL, EventDraft


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("source", "days", "expected"),
    [
        pytest.param(BACKFILL, -400, -400, id="the shop's past happened when the shop says"),
        pytest.param(BACKFILL, 2, 0, id="but not after we were told"),
        pytest.param("api", -400, 0, id="everything else happened when it was recorded"),
    ],
)
def test_an_event_happened_at_one_moment(now, site_id, source: str, days: int, expected: int) -> None:
    draft = EventDraft(
        name="order_placed",
        key="a",
        store="site",
        site_id=site_id,
        contact_id=None,
        source=source,
        occurred_at=now + timedelta(days=days),
        recorded_at=now,
    )
    actions.record_events([draft])

    row = Event.objects.annotate(at=moments.AT).get()

    assert moments.of(row) == row.at == now + timedelta(days=expected)
