"""The page by which somebody stops: looking changes nothing, pressing does what a texted STOP does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from wagtail.models import Page, Site

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.events.models import Event
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import senders
from wagtail_drip.links import personal
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import MessageDraft
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db

SENDER = "+447700900999"


@pytest.fixture
def site(site_id: int) -> int:
    core.change_site_settings(site_id, sender_address=SENDER, sender_name="Tea House", region="GB")
    return site_id


@pytest.fixture
def person(site: int) -> Contact:
    return reachable_contact(first_name="Ada", language="en")


def page_of(contact: Contact, site_id: int) -> str:
    return personal.path_of(personal.STOP, contact.pk, site_id)


def stopped() -> set[tuple[str, str, str]]:
    return set(Suppression.objects.filter(lifted_at=None).values_list("scope", "scope_value", "reason"))


def may_get_marketing(contact: Contact) -> list[bool]:
    return list(
        Permission.objects.filter(contact=contact, group="marketing").values_list("granted", flat=True)
    )


def texts_start(contact: Contact) -> bool:
    reach = senders.reach(gateway="default", to_number=SENDER)
    return inbox.start(number=contact.phone, reach=reach, source="sms", wording="START", now=clock.now())


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(client: Client, person: Contact, site: int, method: str) -> None:
    records = ConsentRecord.objects.count()

    response = getattr(client, method)(page_of(person, site))

    assert response.status_code == 200
    assert stopped() == set()
    assert may_get_marketing(person) == [True]
    assert ConsentRecord.objects.count() == records
    assert not Event.objects.exists()


def test_the_page_is_for_one_person_and_names_nobody(client: Client, person: Contact, site: int) -> None:
    response = client.get(page_of(person, site))

    page = response.content.decode()
    assert "Tea House sends no more texts to your phone" in page
    assert "Ada" not in page
    assert person.phone not in page
    assert "style=" not in page
    assert "<script" not in page
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Frame-Options"] == "DENY"
    assert response.cookies == {}


def test_a_press_does_what_a_texted_stop_does(
    client: Client, person: Contact, site: int, now: datetime
) -> None:
    draft = MessageDraft(
        key="enr:1:1", contact_id=person.pk, site_id=site, purpose="promotional", body="Hi", due_at=now
    )
    messaging.queue([draft], now=now)

    response = client.post(page_of(person, site), {"choice": "stop"}, follow=True)

    assert "You get no more texts" in response.content.decode()
    assert stopped() == {("sender", f"default:{SENDER}", "stop_page")}
    assert may_get_marketing(person) == [False]
    assert Message.objects.get().state == "cancelled"
    record = ConsentRecord.objects.order_by("-pk")[0]
    assert (record.granted, record.method, record.source) == (False, "page", "page:stop")
    assert record.wording.startswith("If you press the button, Tea House sends no more texts")
    event = Event.objects.get()
    assert (event.name, event.contact_id, event.properties["source"]) == ("opted_out", person.pk, "page")


def test_pressing_twice_changes_nothing_more(client: Client, person: Contact, site: int) -> None:
    client.post(page_of(person, site), {"choice": "stop"})
    records, rows = ConsentRecord.objects.count(), list(Suppression.objects.values())

    client.post(page_of(person, site), {"choice": "stop"})

    assert ConsentRecord.objects.count() == records
    assert list(Suppression.objects.values()) == rows
    assert Event.objects.count() == 1


def test_a_browser_without_cookies_can_stop(person: Contact, site: int) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(page_of(person, site), {"choice": "stop"}).status_code == 302

    assert len(stopped()) == 1


def test_who_pressed_by_mistake_has_what_they_had_before(client: Client, person: Contact, site: int) -> None:
    client.post(page_of(person, site), {"choice": "stop"})

    response = client.post(page_of(person, site), {"choice": "start"}, follow=True)

    assert "All is as it was before you stopped" in response.content.decode()
    assert stopped() == set()
    assert may_get_marketing(person) == [True]
    assert [event.name for event in Event.objects.order_by("pk")] == ["opted_out", "opted_in"]
    record = ConsentRecord.objects.order_by("-pk")[0]
    assert (record.granted, record.method) == (True, "page")


@pytest.mark.parametrize("back_by", ["page", "text"])
@pytest.mark.parametrize("stopped_by", ["page", "text"])
def test_page_and_text_undo_each_other(
    client: Client, person: Contact, site: int, stopped_by: str, back_by: str
) -> None:
    if stopped_by == "page":
        client.post(page_of(person, site), {"choice": "stop"})
    else:
        reach = senders.reach(gateway="default", to_number=SENDER)
        inbox.stop(number=person.phone, reach=reach, source="sms", wording="STOP", now=clock.now())
    assert may_get_marketing(person) == [False]

    if back_by == "page":
        client.post(page_of(person, site), {"choice": "start"})
    else:
        assert texts_start(person)

    assert stopped() == set()
    assert may_get_marketing(person) == [True]


@pytest.mark.parametrize("reason", ["staff", "provider", "erased", "bad_number"])
def test_what_they_did_not_stop_themselves_is_not_opened_by_a_press(
    client: Client, person: Contact, site: int, now: datetime, reason: str
) -> None:
    compliance.suppress(phone=person.phone, scope="all", reason=reason, source="test", now=now)

    page = client.get(page_of(person, site)).content.decode()
    client.post(page_of(person, site), {"choice": "start"})

    assert "I pressed by mistake" not in page
    assert stopped() == {("all", "", reason)}
    assert not Event.objects.exists()


def test_who_never_agreed_is_not_signed_up_by_a_press(client: Client, site: int) -> None:
    stranger = reachable_contact(agreed_to=())

    client.post(page_of(stranger, site), {"choice": "stop"})
    client.post(page_of(stranger, site), {"choice": "start"})

    assert stopped() == set()
    assert not any(may_get_marketing(stranger))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("sender", ("sender", f"default:{SENDER}")), ("site", ("site", "{site}")), ("all", ("all", ""))],
)
def test_a_stop_counts_for_what_the_owner_chose(
    client: Client, person: Contact, site: int, scope: str, expected: tuple[str, str]
) -> None:
    core.change_site_settings(site, stop_scope=scope)

    client.post(page_of(person, site), {"choice": "stop"})

    assert stopped() == {(expected[0], expected[1].format(site=site), "stop_page")}
    assert "You get no more texts" in client.get(page_of(person, site)).content.decode()


def test_sites_of_the_same_sender_are_named_and_stop_too(client: Client, person: Contact, site: int) -> None:
    root = Page.objects.filter(depth=2).first()
    same = Site.objects.create(hostname="two.example", site_name="Coffee House", root_page=root)
    other = Site.objects.create(hostname="three.example", site_name="Cake House", root_page=root)
    core.change_site_settings(same.pk, sender_address="447700900999")
    core.change_site_settings(other.pk, sender_address="+447700900888")

    page = client.get(page_of(person, site)).content.decode()
    client.post(page_of(person, site), {"choice": "stop"})

    assert "Coffee House" in page
    assert "Cake House" not in page
    closed = Permission.objects.filter(contact=person, group="marketing", granted=False)
    assert set(closed.values_list("site_id", flat=True)) == {site, same.pk}


def test_the_link_of_somebody_who_was_merged_stops_who_speaks_for_them(
    client: Client, person: Contact, site: int
) -> None:
    head = reachable_contact(phone="+447400999888")
    Contact.objects.filter(pk=person.pk).update(merged_into=head, active_phone=None)

    client.post(page_of(person, site), {"choice": "stop"})

    assert may_get_marketing(head) == [False]
    assert len(stopped()) == 1


def test_somebody_without_a_number_withdraws(client: Client, person: Contact, site: int) -> None:
    Contact.objects.filter(pk=person.pk).update(phone="", active_phone=None)

    page = client.post(page_of(person, site), {"choice": "stop"}, follow=True).content.decode()
    assert "You get no more texts" in page
    assert may_get_marketing(person) == [False]

    client.post(page_of(person, site), {"choice": "start"})
    assert may_get_marketing(person) == [True]


def _token(**changes: Any) -> str:
    return Signer(salt="wagtail_drip.own_pages").sign("{contact}.{site}".format(**changes))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("1.1:nonsense", id="tampered with"),
        pytest.param("x", id="cut off"),
        pytest.param(_token(contact=999_999, site=1), id="of nobody"),
        pytest.param(_token(contact="a", site="b"), id="no numbers"),
        pytest.param(_token(contact="9" * 40, site=1), id="a number too large for any database"),
        pytest.param(Signer(salt="another").sign("1.1"), id="made for something else"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_opens_nothing_says_so_kindly(
    client: Client, person: Contact, site: int, token: str, method: str
) -> None:
    response = getattr(client, method)(reverse("wagtail_drip:stop_page", args=[token]))

    assert response.status_code == 404
    assert "answer any of them with STOP" in response.content.decode()
    assert stopped() == set()


def test_the_link_of_somebody_erased_says_nothing_of_them(
    client: Client, person: Contact, site: int, now: datetime
) -> None:
    Contact.objects.filter(pk=person.pk).update(erased_at=now)

    assert client.get(page_of(person, site)).status_code == 404
    assert client.post(page_of(person, site), {"choice": "stop"}).status_code == 404
    assert may_get_marketing(person) == [True]


def test_the_link_still_works_after_the_key_was_changed(
    client: Client, person: Contact, site: int, settings: Any
) -> None:
    address = page_of(person, site)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key"

    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("own", "browser", "expected"),
    [
        pytest.param("zh-hans", "en", "退订", id="their own first"),
        pytest.param("", "zh-CN,zh;q=0.9", "退订", id="what the browser asks for"),
        pytest.param("xx", "en", "Stop all texts", id="none that we know"),
    ],
)
def test_the_page_speaks_the_readers_language(
    client: Client, person: Contact, site: int, own: str, browser: str, expected: str
) -> None:
    Contact.objects.filter(pk=person.pk).update(language=own)

    response = client.get(page_of(person, site), headers={"accept-language": browser})

    assert expected in response.content.decode()
    assert response["Content-Language"] == ("zh-hans" if expected == "退订" else "en")


def test_a_site_that_asks_everybody_to_log_in_lets_them_stop(
    client: Client, person: Contact, site: int, settings: Any
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    assert client.get(page_of(person, site)).status_code == 200


def test_the_page_reads_the_same_whatever_they_did(
    client: Client, person: Contact, site: int, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        client.get(page_of(person, site))
