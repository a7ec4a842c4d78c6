"""On a contact's page: what they chose for themselves, and the address to give them, for whoever may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import Page, Site

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.links import personal
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(site_id: int) -> Contact:
    return reachable_contact(first_name="Ada")


def page_of(client: Client, contact: Contact) -> str:
    return client.get(reverse("wagtail_drip_contacts:inspect", args=[contact.pk])).content.decode()


def staff(client: Client, *rights: str) -> Client:
    user = User.objects.create_user("eve", "eve@shop.example", "pass", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *rights]))
    client.force_login(user)
    return client


def test_what_they_chose_is_shown(admin_client: Client, person: Contact) -> None:
    assert "Asked for a pause" not in page_of(admin_client, person)
    Contact.objects.filter(pk=person.pk).update(
        paused_until=clock.now() + timedelta(days=3), not_before_hour=9, most_per_week=1
    )

    page = page_of(admin_client, person)

    assert "Asked for a pause until" in page
    assert "09:00–24:00" in page
    assert "at most 1 in 7 days" in page


def test_a_pause_that_is_over_is_not_shown(admin_client: Client, person: Contact) -> None:
    Contact.objects.filter(pk=person.pk).update(paused_until=clock.now() - timedelta(minutes=1))

    assert "Asked for a pause" not in page_of(admin_client, person)


@pytest.mark.parametrize(
    ("rights", "sees"),
    [
        pytest.param(["view_contact", "change_consent"], True, id="who may change consent"),
        pytest.param(["view_contact"], False, id="who may only look"),
    ],
)
def test_the_address_is_for_who_may_choose_for_them(
    client: Client, person: Contact, site_id: int, rights: list[str], sees: bool
) -> None:
    page = page_of(staff(client, *rights), person)

    assert "Ada" in page
    assert (personal.path_of(personal.PREFERENCES, person.pk, site_id) in page) is sees


def test_each_site_that_they_answered_has_its_own(
    admin_client: Client, person: Contact, site_id: int
) -> None:
    root = Page.objects.filter(depth=2).first()
    sites = [Site.objects.create(hostname=f"{name}.example", root_page=root) for name in ("a", "b", "c")]

    def asked() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as queries:
            page = page_of(admin_client, person)
        return page, len(queries)

    asked()
    before, number = asked()
    for site in sites[:2]:
        reachable_contact(phone=person.phone, site=site)
    after, later = asked()

    def paths(page: str) -> list[bool]:
        return [personal.path_of(personal.PREFERENCES, person.pk, site.pk) in page for site in sites]

    assert paths(before) == [False, False, False]
    assert paths(after) == [True, True, False]
    assert later == number


def test_somebody_erased_has_none(admin_client: Client, person: Contact, site_id: int) -> None:
    Contact.objects.filter(pk=person.pk).update(erased_at=clock.now())

    assert "/preferences/" not in page_of(admin_client, person)
