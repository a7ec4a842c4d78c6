"""Who may log in to the admin and was given nothing of ours sees nothing of ours."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger(client: Client) -> Client:
    user = get_user_model().objects.create_user("stranger", password="stranger")
    user.user_permissions.add(
        Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin")
    )
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "name",
    [
        "wagtail_drip_contacts:index",
        "wagtail_drip_contacts:inspect",
        "wagtail_drip_messages:index",
        "wagtail_drip_sequences:list",
        "wagtail_drip_sequences:add",
        "wagtail_drip_sequences:edit",
        "wagtail_drip_sequences:results",
    ],
)
def test_a_stranger_is_sent_home(stranger: Client, site_id: int, name: str) -> None:
    person = reachable_contact(first_name="Ada")
    sequence = live_sequence(steps=[("send_message", {"text": "Hello"})])
    row = {"wagtail_drip_contacts:inspect": person.pk}.get(name, sequence.pk)
    needs_row = name.endswith((":inspect", ":edit", ":results"))

    response = stranger.get(reverse(name, args=[row] if needs_row else []))

    assert response.status_code == 302
    assert response.url == reverse("wagtailadmin_home")  # type: ignore[attr-defined]
