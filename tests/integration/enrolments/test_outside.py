"""Webhooks and notices: asked after the advance, over real HTTP, and what becomes of the run that waits."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from tests.integration.enrolments.far_side import FarSide
from tests.integration.enrolments.outside_calls import (
    ASK,
    SORRY,
    crm,
    enrolled,
    go,
    reply,
    settings_with,
    traced,
)
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions, outside
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.enrolments.outside import call_due
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

__all__ = ["crm"]

pytestmark = pytest.mark.django_db


def test_the_answer_decides_a_branch_and_stands_in_the_text(crm: FarSide) -> None:
    crm.answers(reply(body={"total": 120, "tier": {"name": "gold"}}))
    row = enrolled()

    go()

    row.refresh_from_db()
    message = Message.objects.get()
    assert row.state == "completed"
    assert message.variables["webhook"]["points"] == {
        "total": 120,
        "tier": {"name": "gold"},
        "answered": True,
    }
    assert traced("call_webhook") == ["asked", "answered"]
    from wagtail_drip.content.compose import TextToCompose, compose

    text = TextToCompose(
        message_key=message.key,
        contact_id=message.contact_id,
        site_id=message.site_id,
        pinned_text_id=message.pinned_text_id,
        variables=message.variables,
    )
    assert compose([text], now=clock.now())[message.key].body == "You have 120 points."


def test_the_request_says_who_and_why_and_is_signed(crm: FarSide) -> None:
    person = reachable_contact(first_name="Mei", attributes={"size": "M"})
    fields = [{"name": "greeting", "value": "Hi {{ contact.first_name }}"}]
    row = enrolled(("call_webhook", {**ASK[1], "fields": fields}), person=person)

    go()

    headers, body = crm.asked[0]
    document = json.loads(body)
    person.refresh_from_db()
    assert document["contact"]["phone"] == person.phone
    assert document["contact"]["attributes"] == {"size": "M"}
    assert document["fields"] == {"greeting": "Hi Mei"}
    assert document["sequence"] == {"id": row.sequence_id, "name": "Test"}
    signed = headers["Drip-Timestamp"].encode() + b"." + body
    expected = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert headers["Drip-Signature"] == f"sha256={expected}"
    assert headers["Idempotency-Key"].endswith(f":enr:{row.pk}:1")


def test_nothing_is_posted_inside_a_transaction_of_the_advance(crm: FarSide) -> None:
    enrolled()

    run_due(now=clock.now())

    assert crm.asked == []
    assert OutsideCall.objects.get().state == "waiting"


def test_odd_texts_in_an_answer_are_kept_by_every_database(crm: FarSide) -> None:
    crm.answers(reply(body=b'{"a": "x\\u0000y\\ud800", "b": "\xe8\x8c\xb6", "n": 12345678901234567890123}'))
    enrolled()

    go()

    call = OutsideCall.objects.get()
    assert (call.state, call.response["a"], call.response["b"]) == ("answered", "xy?", "茶")


def test_an_address_inside_our_network_is_not_called(crm: FarSide) -> None:
    for url in (
        crm.url,
        crm.url.replace("127.0.0.1", "localhost"),
        "http://169.254.169.254/latest/meta-data",
    ):
        enrolled(name=url)
        with override_settings(WAGTAIL_DRIP=settings_with(crm, ALLOW_PRIVATE=False, URL=url)):
            go()

    assert crm.asked == []
    assert {call.state for call in OutsideCall.objects.all()} == {"failed"}
    assert all("not on the public internet" in call.error for call in OutsideCall.objects.all())


def test_without_an_answer_the_person_goes_on_and_is_not_asked_about_any_more(crm: FarSide) -> None:
    crm.answers(reply(500))
    row = enrolled()
    start = clock.now()
    go(start)

    OutsideCall.objects.update(due_at=start + timedelta(minutes=61))
    go(start + timedelta(minutes=61))

    row.refresh_from_db()
    assert (row.state, len(crm.asked), OutsideCall.objects.get().state) == ("completed", 1, "cancelled")
    assert traced("call_webhook") == ["asked", "no_answer"]


def test_who_left_is_not_asked_about(crm: FarSide) -> None:
    row = enrolled()
    run_due(now=clock.now())
    actions.exit(enrolment_ids=[row.pk], now=clock.now())

    go()

    assert (crm.asked, OutsideCall.objects.get().state) == ([], "cancelled")


def test_nobody_hears_of_somebody_who_was_erased(crm: FarSide) -> None:
    tell = ("notify_staff", {"subject": "Call", "text": "Them", "addresses": "owner@shop.example"})
    row = enrolled(tell, ASK)
    run_due(now=clock.now())
    Contact.objects.filter(pk=row.contact_id).update(erased_at=clock.now())

    go()

    assert (crm.asked, mail.outbox) == ([], [])
    assert set(OutsideCall.objects.values_list("state", flat=True)) == {"cancelled"}


def test_a_paused_sequence_asks_nothing_until_it_goes_on(crm: FarSide) -> None:
    row = enrolled()
    run_due(now=clock.now())
    sequences.pause(row.sequence_id, now=clock.now())
    call_due(now=clock.now())
    assert crm.asked == []

    sequences.resume(row.sequence_id, now=clock.now())
    go()

    assert len(crm.asked) == 1


def test_stopping_everything_stops_webhooks_too(crm: FarSide) -> None:
    enrolled()
    run_due(now=clock.now())
    messaging.hold(scope="all", key="", reason="test", now=clock.now())

    call_due(now=clock.now())

    assert crm.asked == []


def test_staff_are_told_by_e_mail_and_the_person_goes_on_at_once() -> None:
    user = get_user_model().objects.create_user(
        "mei", email="mei@shop.example", password="x", is_superuser=True
    )
    person = reachable_contact(first_name="Ada")
    tell = {
        "subject": "Call {{ contact.first_name }}",
        "text": "{{ contact.first_name }} has waited.",
        "people": [str(user.pk)],
        "addresses": "owner@shop.example\nmei@shop.example",
    }
    row = enrolled(("notify_staff", tell), person=person)

    run_due(now=clock.now())
    row.refresh_from_db()
    assert (row.state, mail.outbox) == ("completed", [])
    go()

    letter = mail.outbox[0]
    assert (letter.subject, letter.body, letter.to) == (
        "Call Ada",
        "Ada has waited.",
        ["mei@shop.example", "owner@shop.example"],
    )
    call = OutsideCall.objects.get()
    assert (call.state, call.response["to"]) == ("answered", letter.to)
    assert len(mail.outbox) == 1


def test_calls_cost_the_same_number_of_queries_whatever_their_number(crm: FarSide) -> None:
    tell = ("notify_staff", {"subject": "Call", "text": "Them", "addresses": "owner@shop.example"})
    sequence = live_sequence(steps=[tell, ASK, SORRY])
    costs = []
    for size in (1, 2, 30):
        stand_at_the_start(sequence, crowd(size))
        for _ in range(2):  # once they ask, once the recheck
            with CaptureQueriesContext(connection) as queries:
                run_due(now=clock.now())
            costs.append(len(queries))
        Enrolment.objects.update(due_at=None)

    assert costs[2:4] == costs[4:6]
    assert OutsideCall.objects.count() == 66


def test_twenty_calls_are_made_side_by_side(crm: FarSide) -> None:
    crm.seconds = 0.3
    sequence = live_sequence(steps=[ASK])
    stand_at_the_start(sequence, crowd(20))
    run_due(now=clock.now())

    began = time.monotonic()
    go()

    assert time.monotonic() - began < 5
    assert len(crm.asked) == 20
    assert Enrolment.objects.filter(state="completed").count() == 20
    assert not outside._flight().calls
