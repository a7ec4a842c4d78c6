"""The links to pages of the reader's own: theirs in a text, and never anybody's in a preview."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from wagtail_drip.content import compose
from wagtail_drip.content.compose import TextToCompose
from wagtail_drip.content.types import Composed
from wagtail_drip.events.models import Event
from wagtail_drip.links import actions as links
from wagtail_drip.links import personal
from wagtail_drip.links.models import Link
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db

BOTH = "{{ link.preferences }} {{ link.stop }}"


@pytest.fixture
def public(settings: Any) -> str:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://go.example/"}
    return "https://go.example"


def made(*contact_ids: int, site_id: int, now: datetime, **fields: Any) -> list[Composed]:
    texts = [
        TextToCompose(message_key=f"enr:{pk}:1", contact_id=pk, site_id=site_id, source=BOTH, **fields)
        for pk in contact_ids
    ]
    found = compose.compose(texts, now=now)
    return [found[text.message_key] for text in texts]


def test_each_reader_has_the_addresses_of_their_own_pages(site_id: int, public: str, now: datetime) -> None:
    ada, bob = reachable_contact(), reachable_contact()

    for contact, text in zip(
        (ada, bob), made(ada.pk, bob.pk, site_id=site_id, now=now, track_links=False), strict=True
    ):
        preferences, stop = text.body.split()
        assert preferences == public + personal.path_of(personal.PREFERENCES, contact.pk, site_id)
        assert stop == public + personal.path_of(personal.STOP, contact.pk, site_id)
        assert text.missing == ()


def test_in_a_text_they_are_short_and_lead_there(
    client: Client, site_id: int, public: str, now: datetime
) -> None:
    ada = reachable_contact(language="en")

    (text,) = made(ada.pk, site_id=site_id, now=now)

    assert all(len(each) < 40 for each in text.body.split())
    assert [row.url for row in Link.objects.order_by("position")] == [
        public + personal.path_of(page, ada.pk, site_id) for page in (personal.PREFERENCES, personal.STOP)
    ]
    short = text.body.split()[1].removeprefix(public)
    page = client.get(client.get(short)["Location"].removeprefix(public)).content.decode()
    assert "Stop all texts" in page


def test_without_an_address_of_ours_they_are_on_the_site(site_id: int, settings: Any, now: datetime) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": ""}
    ada = reachable_contact()

    (text,) = made(ada.pk, site_id=site_id, now=now)

    assert text.body.startswith(f"{Site.objects.get(pk=site_id).root_url}/")


def test_they_cost_a_batch_one_query_and_other_texts_none(site_id: int, public: str, now: datetime) -> None:
    people = [reachable_contact().pk for _ in range(5)]

    def asked(source: str, ids: list[int]) -> int:
        texts = [
            TextToCompose(
                message_key=f"t:{pk}", contact_id=pk, site_id=site_id, source=source, track_links=False
            )
            for pk in ids
        ]
        with CaptureQueriesContext(connection) as queries:
            compose.compose(texts, now=now)
        return len(queries)

    assert asked(BOTH, people) == asked(BOTH, people[:1]) == asked("Hi", people) + 1


def test_a_preview_shows_what_opens_nothing(client: Client, site_id: int, public: str, now: datetime) -> None:
    ada = reachable_contact()

    shown = compose.preview_context(ada.pk, {}, site_id, now=now)["link"]

    assert shown == {
        "stop": f"{public}/drip/stop/example/",
        "preferences": f"{public}/drip/preferences/example/",
    }
    for address in shown.values():
        assert client.get(address.removeprefix(public)).status_code == 404


@pytest.mark.parametrize("page", [personal.STOP, personal.PREFERENCES])
def test_the_event_of_a_click_does_not_open_the_page(
    site_id: int, public: str, now: datetime, page: str
) -> None:
    ada = reachable_contact()
    made(ada.pk, site_id=site_id, now=now)
    link = Link.objects.get(position=[personal.PREFERENCES, personal.STOP].index(page))

    target = links.record_click(link.token, user_agent="Mozilla/5.0 (iPhone) Safari", address="", now=now)

    assert target == link.url
    url = Event.objects.get(name="link_clicked").properties["url"]
    assert url.endswith("/example/")
    assert personal.token_of(ada.pk, site_id) not in url


@pytest.mark.parametrize("url", ["https://shop.example/drip/stop/tea/?a=1", "https://shop.example/", "x"])
def test_other_addresses_are_told_as_they_are(url: str) -> None:
    assert personal.without_token(url) == url
