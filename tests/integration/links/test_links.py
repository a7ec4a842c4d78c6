"""Short links: stable for a message, on our own domain, and a click on one is a person's or a machine's."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.contacts.models import Contact
from wagtail_drip.events.models import Event
from wagtail_drip.links import actions
from wagtail_drip.links.models import Click, Link
from wagtail_drip.links.types import LinkSpec

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
PREVIEW = "facebookexternalhit/1.1 Facebot Twitterbot/1.0"
TARGET = "https://shop.example/tea?a=1"


@pytest.fixture
def contact(db: None, now: datetime) -> Contact:
    return Contact.objects.create(
        phone="+447700900123", active_phone="+447700900123", created_at=now, changed_at=now
    )


def spec(
    contact: Contact, site_id: int, *, key: str = "enr:1:1", position: int = 0, url: str = TARGET
) -> LinkSpec:
    return LinkSpec(
        message_key=key,
        position=position,
        url=url,
        contact_id=contact.pk,
        site_id=site_id,
        sequence_id=7,
        step_id="s1",
    )


@pytest.fixture
def link(contact: Contact, now: datetime, site_id: int) -> Link:
    actions.make_links([spec(contact, site_id)], now=now)
    return Link.objects.get()


def test_a_link_is_short_random_and_on_the_site_s_own_domain(link: Link) -> None:
    assert actions.short_url(link.token) == f"https://shop.example/drip/l/{link.token}/"
    assert len(link.token) == 8
    assert link.token.isalnum()


def test_made_again_it_is_the_same(contact: Contact, now: datetime, site_id: int) -> None:
    specs = [spec(contact, site_id, position=position) for position in (0, 1)]

    first = actions.make_links(specs, now=now)
    again = actions.make_links([*specs, spec(contact, site_id, key="enr:2:1")], now=now + timedelta(days=1))

    assert len(set(first.values())) == 2
    assert {key: again[key] for key in first} == first
    assert len(again) == 3


def test_an_address_that_changed_is_followed_until_somebody_has_followed_the_old_one(
    contact: Contact, now: datetime, site_id: int, link: Link
) -> None:
    actions.make_links([spec(contact, site_id, url="https://shop.example/new")], now=now)
    link.refresh_from_db()
    assert link.url == "https://shop.example/new"

    actions.record_click(link.token, user_agent=PHONE, address="", now=now)
    actions.make_links([spec(contact, site_id)], now=now)

    link.refresh_from_db()
    assert link.url == "https://shop.example/new"


def test_ten_times_the_links_take_no_more_queries(contact: Contact, now: datetime, site_id: int) -> None:
    taken = []
    for size in (3, 30):
        with CaptureQueriesContext(connection) as queries:
            actions.make_links([spec(contact, site_id, key=f"enr:{size}:{n}") for n in range(size)], now=now)
        taken.append(len(queries))

    assert taken == [3, 3]


def test_no_links_take_no_query(django_assert_num_queries: object, db: None, now: datetime) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert actions.make_links([], now=now) == {}
    assert len(queries) == 0


def test_a_person_s_click_counts_and_becomes_an_event(
    link: Link, contact: Contact, now: datetime, site_id: int
) -> None:
    assert actions.record_click(link.token, user_agent=PHONE, address="192.0.2.1", now=now) == TARGET
    actions.record_click(link.token, user_agent=PHONE, address="192.0.2.1", now=now + timedelta(hours=1))

    link.refresh_from_db()
    assert (link.clicks, link.first_click_at) == (2, now)
    click = Click.objects.earliest("pk")
    assert (click.user_agent, len(click.address_hash)) == (PHONE, 64)
    assert "192.0.2.1" not in click.address_hash
    event = Event.objects.earliest("pk")
    assert (event.name, event.key, event.store, event.source) == (
        "link_clicked",
        f"click:{click.pk}",
        "drip",
        "link",
    )
    assert (event.contact_id, event.site_id, event.match_due_at) == (contact.pk, site_id, now)
    assert event.properties == {
        "link_id": link.pk,
        "url": TARGET,
        "message_key": "enr:1:1",
        "sequence_id": 7,
        "step_id": "s1",
    }
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("user_agent", "is_prefetch"),
    [(PREVIEW, False), ("WhatsApp/2.23", False), ("curl/8.5", False), ("", False), (PHONE, True)],
)
def test_a_machine_is_led_on_and_counts_for_nobody(
    link: Link, now: datetime, user_agent: str, is_prefetch: bool
) -> None:
    target = actions.record_click(
        link.token, user_agent=user_agent, address="192.0.2.1", now=now, is_prefetch=is_prefetch
    )

    link.refresh_from_db()
    assert target == TARGET
    assert (link.clicks, link.first_click_at) == (0, None)
    assert not Event.objects.exists()
    assert Click.objects.get().user_agent == user_agent


def test_an_unknown_token_leads_nowhere(db: None, now: datetime) -> None:
    assert actions.record_click("nothing1", user_agent=PHONE, address="", now=now) is None
    assert not Click.objects.exists()


def test_a_merged_contact_s_click_is_who_speaks_for_it(link: Link, contact: Contact, now: datetime) -> None:
    head = Contact.objects.create(created_at=now, changed_at=now)
    Contact.objects.filter(pk=contact.pk).update(merged_into=head)

    actions.record_click(link.token, user_agent=PHONE, address="", now=now)

    assert Event.objects.get().contact_id == head.pk


def test_an_erased_contact_s_click_leads_on_and_leaves_no_event(
    link: Link, contact: Contact, now: datetime
) -> None:
    Contact.objects.filter(pk=contact.pk).update(erased_at=now)

    assert actions.record_click(link.token, user_agent=PHONE, address="", now=now) == TARGET
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_clicks_on_several_connections_are_all_counted(contact: Contact, now: datetime, site_id: int) -> None:
    actions.make_links([spec(contact, site_id)], now=now)
    link = Link.objects.get()
    barrier = threading.Barrier(4)

    def click() -> None:
        try:
            barrier.wait(10)
            for _ in range(5):
                actions.record_click(link.token, user_agent=PHONE, address="", now=now)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    link.refresh_from_db()
    assert (link.clicks, Click.objects.count(), Event.objects.count()) == (20, 20, 20)
