from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import override_settings
from wagtail.models import Site

from wagtail_drip.core import actions

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def site_id(db) -> int:
    return Site.objects.get(is_default_site=True).pk


def test_a_new_site_is_closed(site_id):
    assert not actions.is_open(actions.site_settings(site_id), account="memory")


def test_an_opened_site_is_open_for_the_account_it_was_opened_with(site_id):
    row = actions.open_site(site_id, account="memory", now=NOW)

    assert actions.is_open(row, account="memory")
    assert not actions.is_open(row, account="another")


def test_a_copy_of_the_database_at_another_address_is_closed(site_id):
    row = actions.open_site(site_id, account="memory", now=NOW)

    with override_settings(
        WAGTAIL_DRIP={**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://staging.shop.example"}
    ):
        assert not actions.is_open(row, account="memory")


def test_a_closed_site_stays_closed_to_everybody(site_id):
    actions.open_site(site_id, account="memory", now=NOW)

    actions.close_site(site_id)

    assert not actions.is_open(actions.site_settings(site_id), account="memory")
