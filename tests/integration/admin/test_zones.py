"""By which clock a contact is texted, as their page says it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from wagtail_drip.admin import zones
from wagtail_drip.compliance import time_actions
from wagtail_drip.compliance.time_actions import LegalHoursDraft
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "zone", "source"),
    [
        pytest.param({}, "Europe/London", "number", id="the number has one"),
        pytest.param({"zone": "Asia/Tokyo"}, "Asia/Tokyo", "profile", id="their own word"),
        pytest.param({"phone": "+79161234567"}, "Europe/Moscow", "guessed", id="a country of many"),
        pytest.param(
            {"phone": "+79161234567", "zone": "Asia/Omsk"}, "Asia/Omsk", "profile", id="of many, and they say"
        ),
    ],
)
def test_the_clock_and_where_it_is_from(site_id: int, known: dict[str, str], zone: str, source: str) -> None:
    core.change_site_settings(site_id, zone="Europe/London", region="GB")

    found = zones.clock_of(reachable_contact(**known), now=NOW)

    assert (found.zone, found.source) == (zone, source)
    assert found.law_is_guessed is False


def keep_american_mornings() -> None:
    mornings = {str(day): [["10:00", "12:00"]] for day in range(7)}
    draft = LegalHoursDraft(country="US", week=mornings, source="our lawyer", read_on=NOW.date())
    time_actions.change_legal_hours(draft, by="ada", now=NOW)


def test_a_number_of_half_the_world_has_a_guessed_zone_and_the_law_of_all(site_id: int) -> None:
    found = zones.clock_of(reachable_contact(phone="+18002345678"), now=NOW)

    assert found.possible > 10
    assert (found.zone, found.source, found.law_is_guessed) == ("America/New_York", "guessed", False)


def test_where_the_law_leaves_no_common_hour_it_is_kept_in_one_zone_only(site_id: int) -> None:
    keep_american_mornings()

    assert zones.clock_of(reachable_contact(phone="+18002345678"), now=NOW).law_is_guessed is True


def test_the_page_says_that_it_is_a_guess(admin_client: Any, site_id: int) -> None:
    person = reachable_contact(phone="+18002345678")
    url = reverse("wagtail_drip_contacts:inspect", args=[person.pk])

    before = admin_client.get(url).content.decode()
    keep_american_mornings()
    after = admin_client.get(url).content.decode()

    assert "America/New_York" in before
    assert "guessed" in before
    assert "Legal hours are kept in all of them." in before
    assert "less than an hour a day in common" in after


def test_whose_zone_is_guessed_is_counted_as_their_pages_say_it(
    site_id: int, django_assert_num_queries: Any
) -> None:
    core.change_site_settings(site_id, zone="Europe/London", region="GB")
    keep_american_mornings()
    known: list[dict[str, str]] = [
        {},
        {"phone": "+79161234567"},
        {"phone": "+79161234568"},
        {"phone": "+79161234569", "zone": "Asia/Omsk"},
        {"phone": "+18002345678"},
        {"phone": "+12125550123"},
    ]
    people = [reachable_contact(**each) for each in known]
    clocks = [zones.clock_of(person, now=NOW) for person in people]

    def count(pks: list[int]) -> tuple[int, int]:
        found = zones.guessed_among(Contact.objects.filter(pk__in=pks), site_id=site_id, now=NOW)
        return found.people, found.by_law

    assert count([person.pk for person in people]) == (3, 1)
    assert [clock.source == "guessed" for clock in clocks].count(True) == 3
    assert [clock.law_is_guessed for clock in clocks].count(True) == 1
    with CaptureQueriesContext(connection) as few:
        count([people[0].pk])
    with django_assert_num_queries(len(few)):
        count([person.pk for person in people])
