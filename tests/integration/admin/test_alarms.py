"""Choosing who is told of what, and the banner for a worker that does not run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from wagtail.users.models import UserProfile

from wagtail_drip import tasks
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.reports import alarms

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/text-messages/settings/alarms/"


def person(name: str, *permissions: str, email: str = "") -> Any:
    user = get_user_model().objects.create_user(name, email or f"{name}@shop.example", name)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["access_admin", *permissions]))
    return user


def test_people_are_chosen_by_kind(admin_client: Client) -> None:
    assert reverse("wagtail_drip_settings:alarms") == ADDRESS
    ada = person("ada")
    page = admin_client.get(ADDRESS).content.decode()
    assert "ada@shop.example" in page
    assert "Nobody is told of anything by e-mail." in page

    response = admin_client.post(ADDRESS, {"workers": [ada.pk], "sequences": [ada.pk]}, follow=True)

    assert "The people to be told were saved." in response.content.decode()
    assert alarms.chosen() == {"workers": {ada.pk}, "sequences": {ada.pk}}
    assert "Nobody is told of anything by e-mail." not in response.content.decode()
    admin_client.post(ADDRESS, {"workers": [ada.pk]})
    assert alarms.chosen() == {"workers": {ada.pk}}


def test_who_may_not_log_in_or_has_no_address_cannot_be_chosen(admin_client: Client) -> None:
    customer = get_user_model().objects.create_user("customer", "customer@shop.example", "x")

    response = admin_client.post(ADDRESS, {"workers": [customer.pk]})

    assert "Nothing was saved" in response.content.decode()
    assert alarms.chosen() == {}


def test_only_who_may_change_the_settings_may_choose(client: Client) -> None:
    client.force_login(person("clerk", "view_message"))

    assert client.post(ADDRESS, {"workers": []}).status_code == 302
    assert client.get(ADDRESS).status_code == 302


@pytest.mark.parametrize(("permission", "is_shown"), [("view_message", True), ("view_contact", False)])
def test_a_dead_worker_stands_on_the_home_page(client: Client, permission: str, is_shown: bool) -> None:
    client.force_login(person("clerk", permission))
    tasks.note_alive()
    assert "No text messages are sent." not in client.get("/admin/").content.decode()
    Lease.objects.filter(name=tasks.TICK).update(started_at=clock.lease_now() - timedelta(minutes=5))

    page = client.get("/admin/").content.decode()
    assert ("No text messages are sent." in page) is is_shown
    assert "Nothing needs your attention." not in page


def test_an_alarm_that_stands_is_told_in_the_language_of_who_reads(admin_client: Client) -> None:
    tasks.note_alive()
    Lease.objects.filter(name=tasks.TICK).update(started_at=clock.lease_now() - timedelta(minutes=5))
    alarms.look(now=clock.now())
    UserProfile.objects.update_or_create(
        user=get_user_model().objects.get(username="admin"), defaults={"preferred_language": "zh-hans"}
    )

    page = admin_client.get(ADDRESS).content.decode()

    assert page.count("已有 5 分钟没有 worker 运行") == 2
    assert "No worker has run" not in page
