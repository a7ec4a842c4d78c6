"""Who may not see contacts sees none: not in the log, not in the calls, not in the server's own log."""

from __future__ import annotations

import logging
from datetime import datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from tests.integration.privacy import story
from wagtail_drip import api
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.events import actions as events
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel

pytestmark = pytest.mark.django_db

EVERYTHING_BUT_PEOPLE = (
    "access_admin",
    "view_message",
    "view_outsidecall",
    "change_outsidecall",
    "view_sequence",
    "change_sequence",
    "add_sequence",
    "change_sitesettings",
)


@pytest.fixture
def zebulon(site_id: int, now: datetime) -> Contact:
    contact = story.person(site_id=site_id, now=now)
    story.told(contact, site_id=site_id, now=now)
    return contact


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/text-messages/log/",
        "/admin/text-messages/log/?q=Zebulon",
        "/admin/text-messages/log/{message}/",
        "/admin/text-messages/calls/",
        "/admin/text-messages/calls/{call}/",
        "/admin/text-messages/notices/",
        "/admin/text-messages/contacts/",
        "/admin/text-messages/contacts/{contact}/",
        "/admin/text-messages/contacts/{contact}/why/",
        "/admin/text-messages/contacts/{contact}/why/{sequence}/",
        "/admin/text-messages/contacts/of-sequence/{sequence}/",
        "/admin/text-messages/sequences/results/{sequence}/",
    ],
)
def test_staff_who_may_not_see_people_see_none(zebulon: Contact, address: str) -> None:
    user = get_user_model().objects.create_user("clerk", password="clerk")
    user.user_permissions.set(Permission.objects.filter(codename__in=EVERYTHING_BUT_PEOPLE))
    client = Client()
    client.force_login(user)
    rows = {
        "message": Message.objects.get().pk,
        "call": OutsideCall.objects.get().pk,
        "contact": zebulon.pk,
        "sequence": Sequence.objects.get().pk,
    }

    answer = client.get(address.format(**rows), follow=True)

    assert answer.status_code == 200
    # What they asked for themselves stands in the field that they typed it into.
    page = answer.content.decode().replace('value="Zebulon"', "").replace("q=Zebulon", "")
    assert [word for word in story.SECRETS if word in page] == []


def test_the_servers_log_names_nobody(
    zebulon: Contact, site_id: int, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="wagtail_drip")
    person = {"phone": story.NUMBER, "email": "zeb@quiggle.example", "first_name": "Zebulon"}
    api.emit("order_placed", key="zeb@quiggle.example", contact=person, properties={"total": "plumcake"})
    api.emit("custom:x", key="x", contact={"phone": "7400987654 plumcake"}, properties={})
    api.emit("custom:y", key="y", contact={"phone": "Zebulon", "zone": "plumcake"}, properties={})
    events.write_notice(
        store="site", kind="custom:z", key="z", envelope={"event": "order_placed", "contact": person}, now=now
    )
    messaging.store_callback(gateway="default", raw={"from": story.NUMBER}, digest="bad", now=now)
    InboundText.objects.create(
        gateway="default",
        provider_id="IN9",
        from_number=story.NUMBER,
        text="plumcake",
        at=now,
        recorded_at=now,
        due_at=now,
    )

    for _ in range(6):
        time_travel.run()
        time_travel.advance(hours=1)

    assert caplog.records  # there was something to complain of
    assert [word for word in story.SECRETS if word in caplog.text] == []
