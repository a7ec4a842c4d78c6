"""Who is typed into a form is asked once, and agrees to nothing until the owner of the number says yes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.messaging.conftest import _empty_gateway, open_site
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import opt_in_actions as opt_ins
from wagtail_drip.contacts import sealing
from wagtail_drip.contacts.models import ConsentRecord, Contact, OptInRequest, Permission
from wagtail_drip.contacts.opt_in_actions import Asked
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.events.models import Event
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import sign_ups
from wagtail_drip.inbox.receive import receive_due
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.messaging.send_due import send_due

__all__ = ["_empty_gateway", "open_site"]

pytestmark = pytest.mark.django_db

NUMBER = "+447700900123"
OURS = "+447700900000"
WORDING = "Yes, Tea House may text me. I can stop at any time."
ASK = "Tea House: Reply YES to get our texts, or STOP to refuse. Did you not ask for this? Then do nothing."
WELCOME = "Tea House: You get our texts from now on. Reply STOP to end, HELP for help."
COSTS = " Msg frequency varies. Msg & data rates may apply."


@pytest.fixture
def site(open_site: int) -> int:
    core.change_site_settings(open_site, sender_name="Tea House")
    return open_site


def asked(**fields: Any) -> Asked:
    return Asked(
        **{
            "group": PurposeGroup.MARKETING,
            "topic": "",
            "is_double": True,
            "source": "/tea/",
            "wording": WORDING,
            "wording_version": "w1",
            "page_id": 7,
            "revision_id": 31,
            "language": "en",
            "ip": "192.0.2.1",
            **fields,
        }
    )


def sign_up(site: int, now: datetime, *, number: str = NUMBER, **fields: Any) -> None:
    sign_ups.sign_up(number=number, site_id=site, asked=asked(**fields), now=now)


def send(now: datetime) -> list[str]:
    """Let the outbox send, and return everything that ever reached a phone."""
    send_due(now=now)
    return [message.text for message in memory.outbox]


def reply(words: str, now: datetime, *, number: str = NUMBER, read_at: datetime | None = None) -> InboundText:
    text = InboundText.objects.create(
        gateway="default",
        provider_id=f"in-{InboundText.objects.count()}",
        from_number=number,
        to_number=OURS,
        text=words,
        at=now,
        recorded_at=now,
        due_at=now,
    )
    receive_due(now=read_at or now)
    text.refresh_from_db()
    return text


def test_nothing_is_agreed_and_nothing_but_the_question_goes(site: int, now: datetime) -> None:
    sign_up(site, now)

    assert send(now) == [ASK]
    assert (ConsentRecord.objects.count(), Permission.objects.count()) == (0, 0)
    request = OptInRequest.objects.get()
    assert Message.objects.get().key == Message.objects.get().licence == f"optin:{request.pk}"
    assert (request.state, request.expires_at) == ("waiting", now + timedelta(hours=48))


@pytest.mark.parametrize(
    "words",
    ["YES", "yes!", "Yes.", "y", "Ja", "OUI", "是", "同意", "好的", "Да", "はい", "START", "ok 👍"],
)
def test_a_yes_in_any_language_confirms_with_the_whole_proof(words: str, site: int, now: datetime) -> None:
    sign_up(site, now)
    send(now)
    later = now + timedelta(hours=3)

    text = reply(words, later)

    record = ConsentRecord.objects.get()
    assert (record.granted, record.method, record.source, record.wording) == (
        True,
        "double_opt_in",
        "/tea/",
        WORDING,
    )
    assert (record.ip, record.page_id, record.revision_id, record.at) == ("192.0.2.1", 7, 31, later)
    request = OptInRequest.objects.get()
    assert (request.state, request.confirmed_by, request.inbound_text_id, request.record_id) == (
        "confirmed",
        "reply",
        text.pk,
        record.pk,
    )
    assert (text.verdict, Permission.objects.get().granted) == ("confirm", True)
    assert send(later) == [ASK, WELCOME]
    event = Event.objects.get(name="opted_in")
    assert (event.properties["source"], event.properties["purpose_group"]) == ("sign_up", "marketing")
    assert Contact.objects.get().language == "en"


@pytest.mark.parametrize("words", ["No", "Who is this?", "yes but later", "stop it"])
def test_anything_else_confirms_nothing(words: str, site: int, now: datetime) -> None:
    sign_up(site, now)
    send(now)

    reply(words, now)

    assert not ConsentRecord.objects.filter(granted=True).exists()


def test_a_yes_that_nobody_asked_for_is_a_reply(site: int, now: datetime) -> None:
    assert reply("YES", now).verdict == "reply"
    assert ConsentRecord.objects.count() == 0


def test_a_yes_before_the_question_went_is_a_reply(site: int, now: datetime) -> None:
    sign_up(site, now)

    assert reply("YES", now).verdict == "reply"
    assert ConsentRecord.objects.count() == 0


def test_a_yes_from_another_number_confirms_nothing(site: int, now: datetime) -> None:
    sign_up(site, now)
    send(now)

    reply("YES", now, number="+447700900124")

    assert ConsentRecord.objects.count() == 0


def test_a_yes_that_comes_too_late_confirms_nothing(site: int, now: datetime) -> None:
    sign_up(site, now)
    send(now)

    assert reply("YES", now + timedelta(hours=48)).verdict == "reply"
    assert ConsentRecord.objects.count() == 0


def test_a_second_yes_is_a_reply_and_records_nothing(site: int, now: datetime) -> None:
    sign_up(site, now)
    send(now)
    reply("YES", now)

    assert reply("YES", now).verdict == "reply"
    assert ConsentRecord.objects.count() == 1


def test_a_stop_takes_the_request_back_and_a_later_yes_opens_nothing(site: int, now: datetime) -> None:
    sign_up(site, now)
    send(now)

    reply("STOP", now)
    reply("YES", now)

    assert OptInRequest.objects.get().state == "withdrawn"
    assert not ConsentRecord.objects.filter(granted=True).exists()


def test_staff_who_note_a_no_take_the_request_back(site: int, now: datetime) -> None:
    sign_up(site, now)
    no = Consent(group=PurposeGroup.MARKETING, granted=False, source="staff:ada", method=ConsentMethod.STAFF)

    contacts.record_consent(contact_id=Contact.objects.get().pk, site_id=site, consent=no, now=now)

    assert OptInRequest.objects.get().state == "withdrawn"
    assert send(now) == []  # what licensed the question is gone
    assert Message.objects.get().reason == "no_licence"


def test_a_number_is_asked_once_a_day_whoever_types_it(site: int, now: datetime) -> None:
    for minute in range(5):
        sign_up(site, now + timedelta(minutes=minute), ip=f"192.0.2.{minute}", topic=f"t{minute}")
    assert send(now + timedelta(minutes=9)) == [ASK]
    assert OptInRequest.objects.count() == 1

    sign_up(site, now + timedelta(hours=25))

    assert send(now + timedelta(hours=25)) == [ASK, ASK]


def test_a_question_that_never_went_does_not_count(site: int, now: datetime) -> None:
    compliance.suppress(phone=NUMBER, scope="all", reason="staff", source="t", now=now)
    sign_up(site, now)
    assert send(now) == []
    compliance.lift(phone=NUMBER, now=now)

    sign_up(site, now)

    assert send(now) == [ASK]


def test_a_form_does_not_lift_a_stop_and_start_does(site: int, now: datetime) -> None:
    reply("STOP", now)
    before = send(now)
    sign_up(site, now)
    assert send(now) == before
    assert Message.objects.get(purpose="response", key__startswith="optin").reason == "suppressed"

    reply("START", now)
    sign_up(site, now + timedelta(minutes=1))

    assert send(now + timedelta(minutes=1))[-1] == ASK


def test_many_numbers_from_one_address_are_refused_and_nothing_is_written(site: int, now: datetime) -> None:
    for number in range(20):
        sign_up(site, now, number=f"+4477009001{number:02d}")

    with pytest.raises(sign_ups.TooManySignUps):
        sign_up(site, now, number="+447700900150")

    assert OptInRequest.objects.count() == 20
    assert not Contact.objects.filter(phone="+447700900150").exists()
    sign_up(site, now, number="+447700900150", ip="192.0.2.2")
    sign_up(site, now + timedelta(minutes=61), number="+447700900151")
    assert OptInRequest.objects.count() == 22


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        (None, ""),
        ("nonsense", ""),
    ],
)
def test_an_address_is_counted_by_whose_it_is(ip: str | None, network: str) -> None:
    assert opt_ins.network_of(ip) == network


def test_without_a_confirmation_it_is_agreed_at_once_and_the_first_text_says_so(
    site: int, now: datetime
) -> None:
    sign_up(site, now, is_double=False, topic="news")

    assert send(now) == [WELCOME]
    record = ConsentRecord.objects.get()
    assert (record.method, record.topic, record.wording) == ("web_form", "news", WORDING)
    assert (OptInRequest.objects.get().confirmed_by, Event.objects.get().name) == ("form", "opted_in")

    sign_up(site, now, is_double=False, topic="news")
    sign_up(site, now, is_double=False, topic="offers")

    assert set(ConsentRecord.objects.values_list("topic", flat=True)) == {"news", "offers"}
    assert ConsentRecord.objects.count() == 2
    assert send(now) == [WELCOME]


def test_americans_are_told_what_it_costs(site: int, now: datetime) -> None:
    sign_up(site, now, number="+12025550123")

    assert send(now) == [ASK + COSTS]


def test_a_chinese_page_is_followed_by_a_chinese_question(site: int, now: datetime) -> None:
    sign_up(site, now, language="zh-hans", number="+8613800138000")

    [text] = send(now)
    assert "同意" in text
    reply("同意", now, number="+8613800138000")
    assert Contact.objects.get().language == "zh-hans"
    assert "您已订阅我们的短信" in send(now)[-1]


def test_where_nobody_can_reply_the_question_holds_a_link(site: int, now: datetime, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://shop.example"}
    core.change_site_settings(site, sender_address="TEAHOUSE")
    core.open_site(site, account="memory", now=now)

    sign_up(site, now)

    token = OptInRequest.objects.get().token
    assert send(now) == [
        f"Tea House: To get our texts, confirm on https://shop.example/drip/yes/{token}/ "
        "Did you not ask for this? Then do nothing."
    ]


def test_a_page_confirms_once_and_an_erased_person_s_not_at_all(site: int, now: datetime) -> None:
    sign_up(site, now)
    token = OptInRequest.objects.get().token

    assert sign_ups.confirm_by_page(token, now=now) is True
    assert sign_ups.confirm_by_page(token, now=now) is True
    assert ConsentRecord.objects.count() == Event.objects.count() == 1
    assert list(sealing.faults([Contact.objects.get().pk])) == []

    Contact.objects.update(erased_at=now)
    assert sign_ups.confirm_by_page(token, now=now) is False


def test_who_merged_meanwhile_agrees_as_who_speaks_for_them(site: int, now: datetime) -> None:
    sign_up(site, now)
    survivor = Contact.objects.create(created_at=now, changed_at=now)
    Contact.objects.exclude(pk=survivor.pk).update(merged_into=survivor)

    sign_ups.confirm_by_page(OptInRequest.objects.get().token, now=now)

    assert ConsentRecord.objects.get().contact_id == survivor.pk
