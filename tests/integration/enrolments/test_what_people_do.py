"""Sequences that start because somebody texts a keyword, clicks a link, or sends a form of the site."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from wagtail.models import Page, Site

from tests.testapp.models import PrizeField, PrizePage
from wagtail_drip import tasks
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Notice
from wagtail_drip.gateways.types import OutboundSms
from wagtail_drip.messaging.models import InboundText
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello"})


def write(person: Contact, words: str) -> None:
    """Let a text of theirs arrive, as the gateway's webhook would store it."""
    now = clock.now()
    InboundText.objects.create(
        gateway="default",
        from_number=person.phone,
        to_number="+447700900000",
        text=words,
        at=now,
        recorded_at=now,
        due_at=now,
    )
    tasks.run_until_idle()


def inside() -> list[tuple[int, int]]:
    return list(Enrolment.objects.order_by("pk").values_list("sequence_id", "contact_id"))


@pytest.fixture
def site_id(drip_outbox: list[OutboundSms]) -> int:
    from wagtail_drip.core import actions as core

    pk = Site.objects.get(is_default_site=True).pk
    core.change_site_settings(pk, sender_address="+447700900000", region="GB")
    return int(pk)


@pytest.mark.parametrize(
    ("words", "enters"),
    [
        ("COFFEE", True),
        ("coffee", True),
        ("  Coffee! ☕", True),
        ("Café", False),
        ("coffee please", False),
        ("I want to say that your coffee is the best", False),
        ("STOP", False),
    ],
)
def test_a_keyword_is_the_whole_text_however_it_is_written(site_id: int, words: str, enters: bool) -> None:
    sequence = live_sequence(trigger=None, trigger_kind="keyword", trigger_keyword="Coffee", steps=[HELLO])
    live_sequence(trigger=None, trigger_kind="keyword", trigger_keyword="tea", steps=[HELLO], name="Tea")
    ada = reachable_contact()

    write(ada, words)

    assert inside() == ([(sequence.pk, ada.pk)] if enters else [])


def test_a_chinese_keyword(site_id: int) -> None:
    sequence = live_sequence(trigger=None, trigger_kind="keyword", trigger_keyword="咖啡", steps=[HELLO])
    ada = reachable_contact()

    write(ada, "咖啡！")

    assert inside() == [(sequence.pk, ada.pk)]


@pytest.mark.parametrize("word", ["STOP", "stop!", "退订", "Start", "help", "TD", "", "  ", "arrêt"])
def test_a_word_that_means_something_already_cannot_be_a_keyword(word: str) -> None:
    with pytest.raises(ValueError, match=r"word"):
        live_sequence(trigger=None, trigger_kind="keyword", trigger_keyword=word, steps=[HELLO])


def test_a_click_on_a_link_starts_the_sequence_that_names_its_address(drip_outbox: Any) -> None:
    from wagtail_drip.links import actions as links
    from wagtail_drip.links.models import Link

    coffee = live_sequence(trigger=None, trigger_kind="link", trigger_url="/coffee", steps=[HELLO])
    live_sequence(trigger=None, trigger_kind="link", trigger_url="/tea", steps=[HELLO], name="Tea")
    ada, now = reachable_contact(), clock.now()
    Link.objects.create(
        token="abc",
        message_key="enr:1:1",
        position=0,
        url="https://shop.example/coffee?x=1",
        contact_id=ada.pk,
        site_id=Site.objects.get().pk,
        created_at=now,
    )

    links.record_click("abc", user_agent="Mozilla/5.0 (Android 16) Mobile", address="203.0.113.1", now=now)
    tasks.run_until_idle()

    assert inside() == [(coffee.pk, ada.pk)]


@pytest.fixture
def prize(drip_outbox: Any) -> PrizePage:
    root = Page.objects.get(pk=Site.objects.get(is_default_site=True).root_page_id)
    page = root.add_child(instance=PrizePage(title="Win a grinder", slug="prize"))
    for place, (label, kind) in enumerate(
        [("Name", "singleline"), ("Phone", "singleline"), ("City", "singleline"), ("SMS consent", "checkbox")]
    ):
        PrizeField.objects.create(
            page=page,
            label=label,
            field_type=kind,
            required=False,
            sort_order=place,
            help_text="Text me offers." if kind == "checkbox" else "",
        )
    return PrizePage.objects.get(pk=page.pk)


def send_form(page: PrizePage, **answers: str) -> None:
    answer = Client().post(page.url, answers)
    assert answer.status_code == 200
    tasks.run_until_idle()


def of_the_form(page: PrizePage, **options: Any) -> Sequence:
    return live_sequence(
        trigger=None, trigger_kind="form", trigger_form=page, steps=[HELLO], reentry="always", **options
    )


def test_a_form_of_the_site_starts_its_sequence_and_keeps_the_proof(
    site_id: int, prize: PrizePage, drip_outbox: list[OutboundSms]
) -> None:
    sequence = of_the_form(prize)

    send_form(prize, name="Ada", phone="07400 123456", city="Leeds", sms_consent="on")

    person = Contact.objects.get(active_phone="+447400123456")
    assert inside() == [(sequence.pk, person.pk)]
    assert person.first_name == "Ada"
    held = Permission.objects.select_related("record").get(contact=person)
    assert (held.granted, held.record.wording) == (True, "SMS consent Text me offers.")
    assert [each.to for each in drip_outbox] == ["+447400123456"]
    assert Enrolment.objects.get().event.properties["fields"]["city"] == "Leeds"


def test_whoever_ticks_nothing_is_not_texted(
    site_id: int, prize: PrizePage, drip_outbox: list[OutboundSms]
) -> None:
    of_the_form(prize)

    send_form(prize, name="Ada", phone="07400 123456")

    assert len(inside()) == 1
    assert drip_outbox == []
    assert Permission.objects.count() == 0


def test_a_form_without_a_number_or_another_page_starts_nothing(site_id: int, prize: PrizePage) -> None:
    of_the_form(prize)

    send_form(prize, name="Ada", city="Leeds")

    assert Notice.objects.count() == 0
    assert inside() == []


def test_the_form_is_kept_whatever_goes_wrong_with_us(
    site_id: int, prize: PrizePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wagtail_drip.public import form_pages

    def fail(*_: Any, **__: Any) -> None:
        raise ValidationError("broken")

    monkeypatch.setattr(form_pages.events, "write_notice", fail)
    send_form(prize, phone="07400 123456")

    assert prize.get_submission_class().objects.count() == 1
    assert Notice.objects.count() == 0
