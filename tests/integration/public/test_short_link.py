"""Following a short link: where it leads, what it tells nobody, and that it never acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from wagtail_drip.contacts.models import Contact
from wagtail_drip.events.models import Event
from wagtail_drip.links import actions
from wagtail_drip.links.models import Click, Link
from wagtail_drip.links.types import LinkSpec

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
TARGET = "https://elsewhere.example/tea?a=1#top"


@pytest.fixture
def link(now: datetime, site_id: int) -> Link:
    contact = Contact.objects.create(created_at=now, changed_at=now)
    actions.make_links(
        [LinkSpec(message_key="enr:1:1", position=0, url=TARGET, contact_id=contact.pk, site_id=site_id)],
        now=now,
    )
    return Link.objects.get()


def path_of(link: Link) -> str:
    return reverse("wagtail_drip:short_link", args=[link.token])


def test_it_leads_on_and_says_nothing_of_its_reader(client: Client, link: Link) -> None:
    response = client.get(path_of(link), headers={"user-agent": PHONE}, REMOTE_ADDR="192.0.2.1")

    assert (response.status_code, response["Location"]) == (302, TARGET)
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"
    assert Event.objects.get().name == "link_clicked"
    assert Click.objects.count() == 1


def test_looking_without_following_is_no_click(client: Client, link: Link) -> None:
    response = client.head(path_of(link), headers={"user-agent": PHONE})

    assert (response.status_code, response["Location"]) == (302, TARGET)
    assert not Click.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
        {"user-agent": PHONE, "sec-purpose": "prefetch;prerender"},
        {"user-agent": PHONE, "purpose": "preview"},
        {},
    ],
    ids=["a preview", "a browser that fetches ahead", "an older browser's preview", "no browser"],
)
def test_a_machine_is_led_on_without_an_event(client: Client, link: Link, headers: dict[str, str]) -> None:
    assert client.get(path_of(link), headers=headers).status_code == 302
    assert not Event.objects.exists()


@pytest.mark.parametrize("method", ["get", "head"])
def test_an_unknown_link_is_not_found(client: Client, method: str) -> None:
    assert getattr(client, method)(reverse("wagtail_drip:short_link", args=["nothing1"])).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_can_only_be_followed(client: Client, link: Link, method: str) -> None:
    assert getattr(client, method)(path_of(link)).status_code == 405
    assert not Click.objects.exists()


def test_a_sender_of_nonsense_is_led_on_too(client: Client, link: Link) -> None:
    response = client.get(path_of(link), headers={"user-agent": "M\x00ozilla/5.0 (iPhone)" + "x" * 1000})

    assert response.status_code == 302
    assert len(Click.objects.get().user_agent) == 255


def test_a_site_that_asks_everybody_to_log_in_lets_readers_through(
    client: Client, link: Link, settings: Any
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    assert client.get(path_of(link), headers={"user-agent": PHONE})["Location"] == TARGET
