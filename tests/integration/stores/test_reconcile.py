from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import paper_shop as shop
from tests.paper_shop import PaperShop
from wagtail_drip.core import actions as core
from wagtail_drip.core.models import Installation
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.stores import intake, reconcile
from wagtail_drip.stores.models import Purchase

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _installed_long_ago(site_id, now):
    reconcile._asked.clear()
    core.installation()
    Installation.objects.update(created_at=now - timedelta(days=100))


def test_an_order_that_nobody_told_us_of_is_taken_in(site_id, now):
    shop.order(1, site_id=site_id, now=now - HOUR)

    assert reconcile.reconcile("paper", now=now) == 1
    intake.take_in_due(now=now)

    event = Event.objects.get(name="order_placed")
    assert (event.key, event.source, event.match_due_at) == ("order:1:placed", "reconcile", now)
    assert Purchase.objects.get().order_id == "1"
    assert reconcile.reconcile("paper", now=now) == 0


def test_an_order_that_was_told_is_left_alone_taken_in_or_not(site_id, now):
    for n in (1, 2):
        shop.order(n, site_id=site_id, now=now - HOUR)
        shop.notice("order_placed", str(n), now=now, key=f"order:{n}:placed")
    intake.take_in_due(now=now, limit=1)

    assert reconcile.reconcile("paper", now=now) == 0
    assert Notice.objects.count() == 2


def test_an_order_heard_of_too_late_is_kept_and_starts_nothing(site_id, now):
    shop.order(1, site_id=site_id, now=now - 7 * HOUR)

    reconcile.reconcile("paper", now=now)
    intake.take_in_due(now=now)

    assert (Event.objects.get().source, Event.objects.get().match_due_at) == ("backfill", None)


@pytest.mark.parametrize(
    ("placed", "installed"),
    [
        pytest.param(25 * HOUR, 2000 * HOUR, id="more than a day ago"),
        pytest.param(2 * HOUR, HOUR, id="before this installation"),
    ],
)
def test_older_orders_are_history(site_id, now, placed, installed):
    Installation.objects.update(created_at=now - installed)
    shop.order(1, site_id=site_id, now=now - placed)

    assert reconcile.reconcile("paper", now=now) == 0


def test_each_shop_is_asked_every_ten_minutes_and_not_at_every_poll(site_id, now):
    reconcile.reconcile_due(now=now)
    reconcile.reconcile_due(now=now)
    reconcile._asked.clear()
    reconcile.reconcile_due(now=now)

    assert PaperShop.asked == ["order_ids_since"] * 2  # once for each of the two shops
    with CaptureQueriesContext(connection) as queries:
        reconcile.reconcile_due(now=now)
    assert len(queries) == 0


def test_a_shop_that_cannot_be_asked_stops_nothing(site_id, now, monkeypatch):
    monkeypatch.setattr(PaperShop, "order_ids_since", lambda *_, **__: 1 / 0)

    assert reconcile.reconcile_due(now=now) == 0
