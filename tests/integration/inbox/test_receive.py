"""Texts that wait are read: to whom they belong, the one answer, the event, and that one bad text stops nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.inbox.receiving import NUMBER, SENDER, answers, arrives, site
from wagtail_drip import signals
from wagtail_drip.admin.contacts import timeline
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.events.models import Event
from wagtail_drip.gateways.types import InboundEvent
from wagtail_drip.inbox import actions
from wagtail_drip.inbox.receive import receive_due
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.messaging.types import MessageDraft

__all__ = ["site"]

pytestmark = pytest.mark.django_db


def test_a_reply_is_the_contact_s_and_tells_which_message_it_answers(now: datetime, site: int) -> None:
    contact = contacts.identify(Identity(phone=NUMBER), now=now)
    messaging.queue(
        [
            MessageDraft(
                key="enr:1:1",
                contact_id=contact.pk,
                site_id=site,
                purpose="promotional",
                body="Hi",
                due_at=now,
                sequence_id=7,
                step_id="s1",
            )
        ],
        now=now,
    )
    Message.objects.update(handed_over_at=now, state="sent")
    inbound = arrives("Thank you 😀", now)

    assert receive_due(now=now) == 1

    inbound.refresh_from_db()
    assert (inbound.contact_id, inbound.verdict, inbound.due_at) == (contact.pk, "reply", None)
    event = Event.objects.get()
    assert (event.name, event.contact_id, event.site_id, event.source) == (
        "message_replied",
        contact.pk,
        site,
        "inbox",
    )
    assert event.properties == {
        "inbound_text_id": inbound.pk,
        "text": "Thank you 😀",
        "word": "thank you",
        "message_key": "enr:1:1",
        "sequence_id": 7,
        "step_id": "s1",
    }
    assert event.match_due_at == now
    assert answers() == {}
    assert receive_due(now=now) == 0


def test_site_code_hears_of_a_reply_and_not_of_a_keyword(
    now: datetime, site: int, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[int, int | None]] = []

    def hear(inbound_text_id: int, contact_id: int | None, **_: Any) -> None:
        heard.append((inbound_text_id, contact_id))

    signals.reply_received.connect(hear)
    inbound, stranger = arrives("Thank you", now), arrives("Thank you", now, number="Tea House")
    arrives("STOP", now)

    with django_capture_on_commit_callbacks(execute=True):
        receive_due(now=now)

    signals.reply_received.disconnect(hear)
    contact = Contact.objects.get(active_phone=NUMBER)
    assert heard == [(inbound.pk, contact.pk), (stranger.pk, None)]


def test_a_stop_that_the_webhook_applied_is_confirmed_once(now: datetime, site: int) -> None:
    contact = contacts.identify(Identity(phone=NUMBER), now=now)
    inbound = InboundEvent(from_number=NUMBER, to_number=SENDER, text="STOP")
    actions.apply_stop_at_once(gateway="default", inbound=inbound, now=now)
    first = arrives("STOP", now)
    second = arrives("Stop!", now + timedelta(minutes=1))

    receive_due(now=now)
    receive_due(now=now + timedelta(minutes=1))

    message = Message.objects.get()
    assert message.key == f"re:{first.pk}"
    assert message.body == (
        "Tea House: You are unsubscribed and will get no more messages. Reply START to return."
    )
    assert (message.licence, message.lane, message.purpose, message.contact_id) == (
        f"inbound:{first.pk}",
        0,
        "response",
        contact.pk,
    )
    assert list(Event.objects.values_list("name", flat=True)) == ["opted_out", "opted_out"]
    assert Event.objects.earliest("pk").properties["keyword"] == "STOP"
    second.refresh_from_db()
    assert second.verdict == "stop"


def test_a_wish_in_words_of_their_own_is_a_stop_and_says_that_it_was_understood_so(
    now: datetime, site: int
) -> None:
    arrives("Please stop texting me", now)

    receive_due(now=now)

    assert InboundText.objects.get().verdict == "stop"
    assert Suppression.objects.get().reason == "stop_phrase"
    told = Event.objects.get(name="opted_out").properties
    assert (told["keyword"], told["source"]) == ("stop texting", "phrase")
    assert len(answers()) == 1
    (line,) = [each for each in timeline.page(Contact.objects.get().pk).entries if each.kind == "reply"]
    assert line.title == "Reply, understood as a wish to stop"
    assert line.details == [("Understood by", "stop texting")]
    shown = [each.details for each in timeline.page(Contact.objects.get().pk).entries if each.kind == "event"]
    assert ("Where", "by text, in their own words") in shown[0]
    assert ("Kind of messages", "marketing texts") in shown[0]


@pytest.mark.parametrize("words", ["STOP", "Stop!", "退订"])
def test_a_keyword_is_no_judgement_of_ours(now: datetime, site: int, words: str) -> None:
    arrives(words, now)

    receive_due(now=now)

    (line,) = [each for each in timeline.page(Contact.objects.get().pk).entries if each.kind == "reply"]
    assert (line.title, line.details) == ("Reply", [])


def test_a_stop_after_a_start_is_confirmed_again(now: datetime, site: int) -> None:
    for minute, words in enumerate(["stop", "start", "stop"]):
        arrives(words, now + timedelta(minutes=minute))

    receive_due(now=now + timedelta(hours=1))

    assert [each.split(":")[1][:16] for each in answers().values()] == [
        " You are unsubsc",
        " Welcome back. R",
        " You are unsubsc",
    ]


def test_a_provider_that_confirmed_the_stop_itself_leaves_us_nothing_to_say(now: datetime, site: int) -> None:
    arrives("leave me alone", now, opted_out=True)

    receive_due(now=now)

    assert answers() == {}
    assert Suppression.objects.get().reason == "provider"
    assert Event.objects.get().name == "opted_out"


def test_start_brings_back_what_stop_closed_and_says_so(now: datetime, site: int) -> None:
    contact = contacts.identify(Identity(phone=NUMBER), now=now)
    contacts.record_consent(
        contact_id=contact.pk,
        site_id=site,
        consent=Consent(
            group=PurposeGroup.MARKETING, granted=True, source="form", method=ConsentMethod.WEB_FORM
        ),
        now=now,
    )
    arrives("stop", now)
    receive_due(now=now)
    arrives("START", now + timedelta(days=1))

    receive_due(now=now + timedelta(days=1))

    assert contact.permissions.get().granted
    assert not Suppression.objects.filter(lifted_at=None).exists()
    assert Event.objects.latest("pk").name == "opted_in"
    assert Message.objects.latest("pk").body == "Tea House: Welcome back. Reply STOP to end, HELP for help."


def test_start_from_somebody_who_never_stopped_is_a_reply(now: datetime, site: int) -> None:
    inbound = arrives("start", now)

    receive_due(now=now)

    inbound.refresh_from_db()
    assert inbound.verdict == "reply"
    assert Event.objects.get().name == "message_replied"
    assert answers() == {}


def test_a_number_without_its_plus_is_kept_as_the_licence_is_checked(now: datetime, site: int) -> None:
    inbound = arrives("help", now, number="447700900123")

    receive_due(now=now)

    inbound.refresh_from_db()
    assert inbound.from_number == NUMBER
    assert Message.objects.get().contact.active_phone == NUMBER


def test_a_short_code_or_a_name_is_nobody(now: datetime, site: int) -> None:
    arrives("STOP", now, number="60777")
    arrives("Hello", now, number="Bank")

    assert receive_due(now=now) == 2

    assert not Contact.objects.exists()
    assert answers() == {}
    assert set(InboundText.objects.values_list("verdict", "due_at")) == {("stop", None), ("reply", None)}


def test_the_answer_speaks_the_contact_s_language(now: datetime, site: int) -> None:
    contacts.identify(Identity(phone=NUMBER, language="xx-unknown"), now=now)
    arrives("stop", now)

    receive_due(now=now)

    assert next(iter(answers().values())).startswith("Tea House: You are unsubscribed")


def test_a_stop_takes_effect_though_its_gateway_is_broken(now: datetime, site: int, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "GATEWAYS": {"default": {"BACKEND": "no.Where"}}}
    inbound = arrives("stop", now)

    receive_due(now=now)

    inbound.refresh_from_db()
    assert (inbound.verdict, inbound.due_at) == ("stop", None)
    assert Suppression.objects.get().lifted_at is None


def test_a_text_that_cannot_be_read_waits_and_is_parked_while_others_go_on(
    now: datetime, site: int, settings: Any
) -> None:
    # A setting that cannot be read: only a text that is answered meets it.
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "GATEWAYS": f"call {NUMBER}"}
    bad, good = arrives("help", now), arrives("Hello", now)

    moment = now
    for _ in range(6):
        receive_due(now=moment)
        moment += timedelta(hours=1)

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.due_at, bad.attempts, bad.verdict) == (None, 5, "")
    assert bad.error.endswith("ImproperlyConfigured")
    assert NUMBER not in bad.error
    assert (good.verdict, good.attempts) == ("reply", 0)
    assert answers() == {}
