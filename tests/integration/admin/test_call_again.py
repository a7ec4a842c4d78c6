"""The button "Try again" on the page of a call that was given up."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from wagtail.models import ModelLogEntry

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

ADDRESSES = {"webhook": "/admin/text-messages/calls/", "notice": "/admin/text-messages/notices/"}


def desk(*codenames: str) -> Client:
    user = User.objects.create_user("bob", password="pass", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("access_admin", *codenames)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def given_up(kind: str) -> OutsideCall:
    sequence = live_sequence(steps=[("send_message", {"text": "Hello"})])
    (row,) = stand_at_the_start(sequence, crowd(1))
    return OutsideCall.objects.create(
        enrolment=row,
        sequence_id=sequence.pk,
        visit=3,
        step_id="ask",
        kind=kind,
        key="enr:1:3",
        state="failed",
        attempts=5,
        error="HTTP 500.",
        created_at=clock.now(),
        settled_at=clock.now(),
    )


@pytest.mark.parametrize("kind", ["webhook", "notice"])
def test_it_is_tried_again_and_who_did_so_is_noted(kind: str) -> None:
    call, client = given_up(kind), desk("view_outsidecall", "change_outsidecall")
    address = f"{ADDRESSES[kind]}{call.pk}/"
    shown = client.get(address).content.decode()
    assert "Try again" in shown
    assert ("The person has gone on without the answer." in shown) == (kind == "webhook")

    response = client.post(f"{ADDRESSES[kind]}again/{call.pk}/", follow=True)

    assert response.redirect_chain == [(address, 302)]
    assert "It is being tried again." in response.content.decode()
    call.refresh_from_db()
    assert (call.state, call.attempts, call.error, call.key) == ("waiting", 0, "", "enr:1:3")
    assert call.asked_again_at is not None
    noted = ModelLogEntry.objects.get(action="wagtail_drip.call_again")
    assert (noted.object_id, noted.user.get_username()) == (str(call.pk), "bob")
    assert str(noted.message) == "Had a call to the outside tried again"

    again = client.post(f"{ADDRESSES[kind]}again/{call.pk}/", follow=True).content.decode()

    assert "Nothing was done" in again
    assert "Try again" not in again
    assert ModelLogEntry.objects.filter(action="wagtail_drip.call_again").count() == 1


def test_it_takes_a_permission_and_a_post() -> None:
    call, client = given_up("webhook"), desk("view_outsidecall")
    address = f"{ADDRESSES['webhook']}again/{call.pk}/"

    assert "Try again" not in client.get(f"{ADDRESSES['webhook']}{call.pk}/").content.decode()
    assert client.post(address).status_code == 302
    User.objects.get(username="bob").user_permissions.add(
        Permission.objects.get(codename="change_outsidecall")
    )
    assert client.get(address).status_code == 405
    assert client.post(f"{ADDRESSES['notice']}again/{call.pk}/").status_code == 404

    call.refresh_from_db()
    assert (call.state, ModelLogEntry.objects.filter(action="wagtail_drip.call_again").count()) == (
        "failed",
        0,
    )


def test_groups_can_be_given_the_permission() -> None:
    User.objects.create_superuser("ada", "ada@shop.example", "pass")
    client = Client()
    client.force_login(User.objects.get(username="ada"), backend="django.contrib.auth.backends.ModelBackend")

    shown = client.get("/admin/groups/new/").content.decode()

    for codename in ("view_outsidecall", "change_outsidecall"):
        pk = Permission.objects.get(codename=codename).pk
        assert f'name="permissions" value="{pk}"' in shown
