"""What is older than its setting is forgotten; that it happened, and every sum, is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from tests.integration.privacy import story
from wagtail_drip import conf
from wagtail_drip.contacts.models import Contact, OptInRequest
from wagtail_drip.core import claims
from wagtail_drip.core.models import Lease
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.links.models import Click, Link
from wagtail_drip.messaging.models import Callback, InboundText, Message, Receipt, SendLedger
from wagtail_drip.privacy import retention
from wagtail_drip.stores.models import Purchase

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(site_id: int, now: datetime, settings: Any) -> datetime:
    """Let everything have happened a hundred days ago, where nothing may be older than ninety."""
    keep = {name: 90 for name in conf.setting_names() if name.startswith("KEEP_")}
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, **keep}
    then = now - timedelta(days=100)
    contact = story.person(site_id=site_id, now=then)
    story.told(contact, site_id=site_id, now=then)
    Notice.objects.create(store="site", kind="k", key="k", envelope={"contact": "Zebulon"}, recorded_at=then)
    return then


def test_the_words_are_forgotten_and_what_happened_is_not(old: datetime, now: datetime) -> None:
    done, is_all = retention.forget(now=now)

    assert is_all
    assert done == {
        "Callback": 1,
        "Click": 1,
        "ContactMerge": 1,
        "Event": 2,
        "InboundText": 1,
        "Message": 1,
        "Notice": 1,
        "OutsideCall": 1,
        "Receipt": 1,
    }
    message = Message.objects.get()
    assert (message.body, message.variables, message.state) == ("", {}, "delivered")
    text = InboundText.objects.get()
    assert (text.text, text.from_number, text.verdict) == ("", "", "reply")
    assert Event.objects.count() == 2
    assert [row.properties for row in Event.objects.all()] == [{}, {}]
    assert (Click.objects.get().user_agent, Link.objects.get().clicks) == ("", 1)
    call = OutsideCall.objects.get()
    assert (call.payload, call.response) == ({}, {})
    assert (Callback.objects.get().raw, Notice.objects.get().envelope) == ({}, None)
    assert (Receipt.objects.count(), SendLedger.objects.count(), Purchase.objects.count()) == (0, 1, 1)


@pytest.mark.parametrize("state", ["confirmed", "withdrawn", "waiting"])
def test_the_address_of_a_sign_up_is_forgotten_whatever_became_of_it(
    old: datetime, site_id: int, now: datetime, state: str
) -> None:
    """One that still waits expired within a day."""
    OptInRequest.objects.create(
        contact=Contact.objects.get(),
        site_id=site_id,
        purpose_group="marketing",
        state=state,
        source="form",
        wording="Text me.",
        ip="203.0.113.77",
        network="203.0.113.77",
        token="t",
        requested_at=old,
        expires_at=old,
    )

    retention.forget(now=now)

    assert OptInRequest.objects.values_list("ip", "network").get() == (None, "")


def test_a_second_run_finds_nothing(old: datetime, now: datetime) -> None:
    retention.forget(now=now)

    assert retention.forget(now=now) == ({}, True)


def test_what_is_younger_stays(old: datetime) -> None:
    assert retention.forget(now=old + timedelta(days=89)) == ({}, True)
    assert Message.objects.get().body == "Dear Zebulon, plumcake!"


def test_zero_keeps_it_for_ever(old: datetime, now: datetime, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "KEEP_MESSAGE_DAYS": 0}

    retention.forget(now=now + timedelta(days=10_000))

    assert Message.objects.get().body == "Dear Zebulon, plumcake!"


@pytest.mark.parametrize("state", ["scheduled", "claimed", "handed_over"])
def test_what_is_still_under_way_stays(old: datetime, now: datetime, state: str) -> None:
    Message.objects.update(state=state)

    retention.forget(now=now)

    assert Message.objects.get().body == "Dear Zebulon, plumcake!"


def test_a_text_that_waits_to_be_read_stays(old: datetime, now: datetime) -> None:
    InboundText.objects.update(due_at=now)

    retention.forget(now=now)

    assert InboundText.objects.get().text == "More plumcake, please"


def test_a_dry_run_counts_and_changes_nothing(old: datetime) -> None:
    said = StringIO()

    call_command("drip_retention", "--dry-run", stdout=said)

    assert (
        "Message: 1 older than 90 days (KEEP_MESSAGE_DAYS): variables, body, guards, detail"
        in said.getvalue()
    )
    assert "Receipt: 1 older than 90 days (KEEP_CALLBACK_DAYS): whole rows" in said.getvalue()
    assert Message.objects.get().body == "Dear Zebulon, plumcake!"


def test_more_than_a_chunk_is_forgotten_too(
    old: datetime, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 1)

    done, _ = retention.forget(now=now)

    assert done["Event"] == 2


def test_workers_do_it_once_a_day_and_go_on_where_time_was_short(
    old: datetime, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 1)
    monkeypatch.setattr(retention, "AT_ONCE_SECONDS", 0.0)

    parts = 0
    while retention.forget_daily(now=now):
        parts += 1

    assert parts == 10  # each a chunk, and the last found nothing more
    assert claims.take_lease(retention.LEASE, seconds=1) is None
    assert Lease.objects.get(name=retention.LEASE).token
