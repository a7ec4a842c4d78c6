"""What cannot work is refused at the first door that it comes to, in words, and leaves nothing behind."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.integration.admin.test_sequences import posted, text
from wagtail_drip import api
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.content.models import MessageTemplate, PinnedText
from wagtail_drip.core import actions as core
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.gateways.types import OutboundSms
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

PHONE = "+447400123456"
ORDER = {"order_id": "1", "currency": "GBP", "total": "12.50", "products": []}
NAIVE = datetime(2026, 5, 13, 12)  # noqa: DTZ001 -- what this is about
SEQUENCES = "/admin/text-messages/sequences/"
SAVED = "/admin/text-messages/saved-messages/"
PUBLISH = {"action-publish": "1"}

BAD_TEXTS = [
    pytest.param("Hi {{ contact.first_name", "The text cannot be read: Line 1: ", id="a syntax error"),
    pytest.param(
        "Hi {{ order.nubmer }}", "Nobody has a value for order.nubmer here.", id="an unknown variable"
    ),
]


def told(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = [record for record in caplog.records if record.name == "wagtail_drip.api"]
    assert record.levelno == logging.WARNING
    return record.getMessage()


def nothing_is_known() -> bool:
    return not any(model.objects.exists() for model in (Notice, Event, Contact, ConsentRecord))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"contact": {"phone": "0123"}}, "'phone' cannot be read", id="a number that is none"),
        pytest.param({"properties": {"order_id": "1"}}, "'currency'", id="a required property is missing"),
        pytest.param({"occurred_at": NAIVE}, "'occurred_at' should be an aware", id="a naive moment"),
        pytest.param(
            {"consent": {"granted": True, "at": NAIVE.isoformat()}}, "with their offset", id="a naive consent"
        ),
        pytest.param(
            {
                "name": "appointment_booked",
                "properties": {"appointment_id": "1", "starts_at": NAIVE.isoformat()},
            },
            "'starts_at'",
            id="a naive moment among the properties",
        ),
    ],
)
def test_emit_is_false_says_why_and_writes_nothing(
    changes: dict[str, Any], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"name": "order_placed", "key": "o1", "contact": {"phone": PHONE}, "properties": ORDER}

    assert api.emit(**{**given, **changes}) is False

    assert named in told(caplog)
    time_travel.run()
    assert nothing_is_known()


def test_nobody_is_subscribed_by_a_number_that_cannot_be_read() -> None:
    with pytest.raises(api.BadInput, match="'phone' cannot be read: There is no such phone number"):
        api.subscribe({"phone": "+44 7400 12"}, source="/newsletter/")

    assert nothing_is_known()


def test_a_staff_number_that_cannot_be_read_is_named_beside_its_field(
    admin_client: Client, site_id: int
) -> None:
    page = f"/admin/text-messages/settings/{site_id}/"
    form = admin_client.get(page).context["form"]
    given = {field.html_name: field.value() or "" for field in form}

    answer = admin_client.post(page, {**given, "test_numbers": "0123", "sender_name": "Changed"})

    assert answer.context["form"].errors["test_numbers"][0].startswith("“0123” is not a phone number: ")
    assert core.site_settings(site_id).sender_name == ""


@pytest.mark.parametrize(("words", "said"), BAD_TEXTS)
def test_a_sequence_with_a_text_that_cannot_be_sent_is_not_published(
    admin_client: Client, words: str, said: str
) -> None:
    answer = admin_client.post(f"{SEQUENCES}add/", {**posted([text(words)]), **PUBLISH})

    error = answer.context["form"].errors.as_data()["steps"][0].as_json_data()
    assert error["blockErrors"][0]["blockErrors"]["text"]["messages"][0].startswith(said)
    assert not Sequence.objects.exists()
    assert not PinnedText.objects.exists()


@pytest.mark.parametrize(("words", "said"), BAD_TEXTS)
def test_a_saved_message_that_cannot_be_sent_is_kept_as_a_draft_and_not_published(
    admin_client: Client, words: str, said: str
) -> None:
    given = {"name": "Farewell", "text": words}

    refused = admin_client.post(f"{SAVED}add/", {**given, **PUBLISH})
    kept = admin_client.post(f"{SAVED}add/", given)

    assert refused.context["form"].errors["text"][0].startswith(said)
    assert kept.status_code == 302
    assert [(row.text, row.live) for row in MessageTemplate.objects.all()] == [(words, False)]


def test_a_sequence_without_steps_is_not_published(admin_client: Client) -> None:
    answer = admin_client.post(f"{SEQUENCES}add/", {**posted([]), **PUBLISH})

    assert answer.context["form"].errors == {"steps": ["There are no steps yet. Add the first one."]}
    assert not Sequence.objects.exists()


def test_what_code_publishes_without_steps_leaves_the_version_before_in_force() -> None:
    sequence = live_sequence(steps=[("send_message", {"text": "Hello"})])
    version = SequenceVersion.objects.get()

    sequence.steps = []
    sequence.save_revision().publish()

    runtime = SequenceRuntime.objects.get()
    assert (runtime.state, runtime.health, runtime.version_id) == ("live", "failing", version.pk)
    assert runtime.health_detail == "There are no steps yet. Add the first one."
    assert SequenceVersion.objects.count() == 1


def test_a_loop_without_an_end_texts_nobody_and_stops_nobody_else(drip_outbox: list[OutboundSms]) -> None:
    """No editor can write one; a step of a site's own, or a row changed by hand, can."""
    person = reachable_contact()
    looping = live_sequence(name="Looping", steps=[("send_message", {"text": "Again"})])
    flow = SequenceVersion.objects.get(sequence=looping).flow
    (step,) = flow["steps"]
    step["next"] = step["id"]
    SequenceVersion.objects.filter(sequence=looping).update(flow=flow)
    other = live_sequence(name="Other", steps=[("send_message", {"text": "Hello"})])

    assert api.enrol({"phone": person.phone}, looping)
    assert api.enrol({"phone": person.phone}, other)
    time_travel.run()

    failed = Enrolment.objects.get(sequence=looping)
    assert (failed.state, failed.exit_reason, failed.due_at) == ("failed", "error", None)
    assert "300" in failed.error
    assert [message.text for message in drip_outbox] == ["Hello"]
    assert Message.objects.get().sequence_id == other.pk


def test_a_naive_moment_on_the_command_line_is_refused() -> None:
    with pytest.raises(CommandError, match="needs its offset from UTC"):
        call_command("drip_run_due", now="2026-05-13T12:00")
