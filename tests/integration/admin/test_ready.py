"""The page "Are you ready to text customers in …?": whose country, every line and link, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.integration.admin.ready_page import _outbox, agreed, american, sent, url
from tests.integration.admin.test_previews import EDITOR, staff
from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import State
from wagtail_drip.compliance import readiness
from wagtail_drip.contacts import phone
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

__all__ = ["_outbox", "url"]

pytestmark = pytest.mark.django_db


# The page


def test_the_page_is_about_the_country_where_most_contacts_are(admin_client: Client, url: str) -> None:
    for number in range(2):
        american(number)
    reachable_contact()

    page = admin_client.get(url)

    assert page.context["place"] == "US"
    words = page.content.decode()
    assert "Are you ready to text customers?" in words
    assert "United States" in words
    assert "2 contacts with a number are there." in words
    assert "United States (2)" in words
    for line in readiness.lines_for("US"):
        assert f'data-check="{line.check}"' in words


@pytest.mark.parametrize("asked", ["cn", "CN"])
def test_any_country_can_be_asked_about(admin_client: Client, url: str, asked: str) -> None:
    assert admin_client.get(url, {"country": asked}).context["place"] == "CN"


@pytest.mark.parametrize("asked", ["", "XX", "<script>", "United States"])
def test_without_a_country_that_there_is_it_is_the_sites_own(
    admin_client: Client, url: str, site_id: int, asked: str
) -> None:
    core.change_site_settings(site_id, region="FR")

    assert admin_client.get(url, {"country": asked}).context["place"] == "FR"


def test_where_no_country_is_known_one_is_to_be_chosen(
    admin_client: Client, url: str, site_id: int, settings: Any
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "DEFAULT_REGION": ""}
    core.change_site_settings(site_id, region="")

    page = admin_client.get(url)

    assert (page.context["place"], page.status_code) == ("", 200)
    assert "Choose the country" in page.content.decode()


def test_every_line_has_a_state_in_every_country_and_every_link_leads_somewhere(
    admin_client: Client, site_id: int
) -> None:
    row, links = core.site_settings(site_id), set()

    for place in phone.regions():
        facts = Facts(row, place, 0, clock.now())
        for line in readiness.lines_for(place):
            told = CHECKS[line.check](facts, line)
            assert told.state in State
            assert told.sentence
            links |= {told.url} if told.url and place in ("US", "CN", "DE", "IE") else set()

    assert len(links) > 8
    assert {url: admin_client.get(url).status_code for url in links} == dict.fromkeys(links, 200)


def test_whoever_may_not_change_the_settings_does_not_see_it(url: str) -> None:
    assert staff("ada", *EDITOR).get(url).status_code == 302
    assert not User.objects.filter(is_superuser=True).exists()


def test_the_queries_do_not_grow_with_people_texts_and_sequences(
    admin_client: Client, url: str, site_id: int
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            admin_client.get(url, {"country": "US"})
        return len(found)

    ada = american()
    sent(ada, site_id, state="delivered")
    live_sequence(name="Tips", steps=[("send_message", {"text": "Tea"})])
    queries()
    few = queries()
    for number in range(1, 6):
        other = american(number)
        agreed(site_id, other)
        sent(other, site_id, state="delivered", code="30034")
        live_sequence(name=f"More {number}", steps=[("send_message", {"text": "Tea"})])

    # One fewer: what is refused for it is asked before what arrived.
    assert queries() <= few
