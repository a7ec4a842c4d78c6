"""The list of judged stops, and the page on which staff say whether one was meant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from wagtail.models import ModelLogEntry

from tests.integration.admin.test_bad_numbers import staff
from tests.integration.inbox.test_judged import REASON, WISH, arrive
from tests.integration.inbox.test_stop import may_be_texted, subscriber
from tests.integration.inbox.test_stop import site as site
from wagtail_drip.compliance.models import StopReview
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.types import Identity
from wagtail_drip.messaging.models import InboundText

pytestmark = pytest.mark.django_db

INDEX = "wagtail_drip_judged:index"
MAY = ("view_contact", "change_consent", "see_numbers")


def page_of(text: InboundText) -> str:
    return reverse("wagtail_drip_judged:review", args=[text.pk])


def test_it_lists_what_was_judged_by_which_words_and_what_it_closed(now: datetime, site: int) -> None:
    subscriber(now, site)
    arrive(WISH, now)
    arrive("STOP", now)
    arrive("thanks", now)

    page = staff(*MAY).get(reverse(INDEX)).content.decode()

    assert page.count("judged-stops/") >= 1
    for shown in (escape(WISH), "understood by “stop sending”", "Marketing of"):
        assert shown in page
    for other in ("thanks", ">STOP<"):
        assert other not in page


def test_it_is_overturned_with_a_reason_and_logged_without_it(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    text, client = arrive(WISH, now), staff(*MAY)
    assert "That was not a stop" in client.get(page_of(text)).content.decode()

    page = client.post(
        page_of(text), {"decision": "not_a_stop", "reason": REASON}, follow=True
    ).content.decode()

    assert "What this text had closed is open again." in page
    assert may_be_texted(contact, site)
    entry = ModelLogEntry.objects.get(action="wagtail_drip.review_stop")
    assert (entry.object_id, entry.data) == (
        str(contact.pk),
        {"inbound_text": text.pk, "decision": "not_a_stop"},
    )
    assert escape(WISH) not in client.get(reverse(INDEX)).content.decode()
    done = client.get(f"{reverse(INDEX)}?show=done").content.decode()
    for shown in (escape(WISH), "Was not a stop", "staff", escape(REASON)):
        assert shown in done
    again = client.post(page_of(text), {"decision": "not_a_stop", "reason": REASON}, follow=True)
    assert "somebody has decided it already" in again.content.decode()


def test_a_reply_in_somebody_s_story_leads_to_it_and_becomes_a_stop(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    text, client = arrive("I have had it with you", now), staff(*MAY)
    story = client.get(reverse("wagtail_drip_contacts:inspect", args=[contact.pk])).content.decode()
    assert page_of(text) in story
    assert "That was a stop after all" in client.get(page_of(text)).content.decode()

    page = client.post(page_of(text), {"decision": "a_stop", "reason": REASON}, follow=True).content.decode()

    assert "It counts as a stop." in page
    assert not may_be_texted(contact, site)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"decision": "not_a_stop", "reason": ""}, id="no reason"),
        pytest.param({"decision": "moon", "reason": REASON}, id="no such decision"),
        pytest.param({"reason": REASON}, id="no decision"),
    ],
)
def test_what_is_not_filled_in_changes_nothing(now: datetime, site: int, fields: dict[str, Any]) -> None:
    contact = subscriber(now, site)
    text = arrive(WISH, now)

    page = staff(*MAY).post(page_of(text), fields).content.decode()

    assert "Nothing was saved" in page
    assert not may_be_texted(contact, site)
    assert StopReview.objects.count() == 0


def test_while_they_text_it_says_so(now: datetime, site: int) -> None:
    subscriber(now, site)
    text = arrive(WISH, now)
    arrive("hm", now, is_read=False)

    page = staff(*MAY).post(page_of(text), {"decision": "not_a_stop", "reason": REASON}, follow=True)

    assert "Try again in a minute." in page.content.decode()
    assert StopReview.objects.count() == 0


@pytest.mark.parametrize("codenames", [("view_contact",), ("change_consent",), ()])
def test_who_may_not_change_consent_is_refused(now: datetime, site: int, codenames: tuple[str, ...]) -> None:
    contact = subscriber(now, site)
    text, client = arrive(WISH, now), staff(*codenames)

    assert client.get(reverse(INDEX)).status_code == 302
    assert client.post(page_of(text), {"decision": "not_a_stop", "reason": REASON}).status_code == 302
    if "view_contact" in codenames:
        story = client.get(reverse("wagtail_drip_contacts:inspect", args=[contact.pk])).content.decode()
        assert page_of(text) not in story
    assert not may_be_texted(contact, site)


def test_who_may_not_see_texts_reads_none_and_no_number(now: datetime, site: int) -> None:
    subscriber(now, site)
    text, client = arrive(WISH, now), staff("view_contact", "change_consent")

    for page in (client.get(reverse(INDEX)), client.get(page_of(text))):
        said = page.content.decode()
        assert "red ones" not in said
        assert "stop sending" not in said
        assert "7700 900123" not in said
        assert "+447700900123" not in said


def test_a_text_that_was_forgotten_can_no_longer_be_decided(now: datetime, site: int) -> None:
    subscriber(now, site)
    text = arrive(WISH, now)
    InboundText.objects.update(from_number="", text="", phrase="")

    page = staff(*MAY).get(page_of(text)).content.decode()

    assert "were forgotten after their time" in page
    assert "That was not a stop" not in page


@pytest.mark.parametrize("show", ["", "?show=done"])
def test_the_list_takes_as_many_queries_for_twenty_as_for_one(now: datetime, site: int, show: str) -> None:
    client, counts = staff(*MAY), []
    for number in range(20):
        contact = contacts.identify(Identity(phone=f"+4477009001{number:02d}"), now=now)
        text = InboundText.objects.create(
            gateway="default",
            provider_id=str(number),
            from_number=contact.phone,
            text=WISH,
            phrase="stop sending",
            verdict="stop",
            contact=contact,
            at=now,
            recorded_at=now,
        )
        StopReview.objects.create(
            inbound_text_id=text.pk, contact=contact, decision="not_a_stop", recorded_at=now
        )
        if number in (0, 19):
            client.get(reverse(INDEX) + show)
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse(INDEX) + show)
            counts.append(len(queries))

    assert counts[0] == counts[1]
