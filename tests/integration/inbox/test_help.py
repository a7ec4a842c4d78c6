"""HELP is answered in the owner's words or ours, with what they leave out, and not after the provider."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.inbox.receiving import NUMBER, answers, arrives, help_answers, site
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.types import Identity
from wagtail_drip.core import actions as core
from wagtail_drip.events.models import Event
from wagtail_drip.inbox.receive import receive_due
from wagtail_drip.messaging.models import InboundText, Message

__all__ = ["site"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def twilio(site: int, settings: Any) -> None:
    """A gateway whose provider answers keywords itself."""
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "GATEWAYS": {
            "default": {
                "BACKEND": "wagtail_drip.gateways.twilio.TwilioGateway",
                "OPTIONS": {"account_sid": "AC" + "0" * 32, "auth_token": "t" * 32},
            }
        },
    }


@pytest.mark.parametrize("words", ["stop", "help"])
def test_what_the_provider_answers_is_not_answered_again(now: datetime, twilio: None, words: str) -> None:
    arrives(words, now)

    receive_due(now=now)

    assert answers() == {}


def test_the_owner_s_own_words_of_help_go_out_all_the_same(now: datetime, twilio: None, site: int) -> None:
    core.change_site_settings(site, help_text="Call 0113 496 0000")
    arrives("help", now)

    receive_due(now=now)

    assert help_answers() == ["Tea House: Call 0113 496 0000. Reply STOP to end."]


def test_help_gets_the_owner_s_words(now: datetime, site: int) -> None:
    core.change_site_settings(site, help_text="Call 0113 496 0000")
    arrives("help?", now)

    receive_due(now=now)

    assert help_answers() == ["Tea House: Call 0113 496 0000. Reply STOP to end."]
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("Tea house, 0113 496 0000. STOP ends it", "Tea house, 0113 496 0000. STOP ends it."),
        ("Write to hi@tea.example", "Tea House: Write to hi@tea.example Reply STOP to end."),
        ("https://tea.example/help", "Tea House: https://tea.example/help Reply STOP to end."),
    ],
)
def test_what_the_owner_s_words_leave_out_is_added_and_nothing_twice(
    now: datetime, site: int, own: str, expected: str
) -> None:
    core.change_site_settings(site, help_text=own)
    arrives("help", now)

    receive_due(now=now)

    assert help_answers() == [expected]


@pytest.mark.parametrize(
    ("number", "language", "start", "end"),
    [
        (
            NUMBER,
            "en",
            "Tea House: For help visit https://shop.example. Choose what you get: https://tea.example/drip/preferences/",
            "/ Reply STOP to end.",
        ),
        (
            NUMBER,
            "zh-hans",
            "【Tea House】如需帮助，请访问 https://shop.example 。 选择您想收到的内容：https://tea.example/drip/preferences/",
            "/ 回复“退订”即可退订。",
        ),
        # In China a link must be the same for everybody.
        (
            "+8613800138000",
            "zh-hans",
            "【Tea House】如需帮助，请访问 https://shop.example 。",
            "回复“退订”即可退订。",
        ),
    ],
)
def test_help_leads_to_where_they_choose(
    now: datetime, site: int, settings: Any, number: str, language: str, start: str, end: str
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://tea.example"}
    contacts.identify(Identity(phone=number, language=language), now=now)
    arrives("help", now, number=number)

    receive_due(now=now)

    [body] = answers().values()
    assert body.startswith(start)
    assert body.endswith(end)
    assert ("preferences" in body) == (number == NUMBER)


def test_help_is_told_once_a_day(now: datetime, site: int) -> None:
    for hours in (0, 1, 23, 25):
        arrives("help", now + timedelta(hours=hours))
        receive_due(now=now + timedelta(hours=hours))

    assert list(InboundText.objects.values_list("verdict", flat=True)) == ["help"] * 4
    assert len(answers()) == 2


def test_help_that_never_went_does_not_count(now: datetime, site: int) -> None:
    arrives("help", now)
    receive_due(now=now)
    Message.objects.update(state="skipped")
    arrives("info", now + timedelta(hours=1))

    receive_due(now=now + timedelta(hours=1))

    assert len(answers()) == 2


def test_help_without_the_owner_s_words_names_the_sender_and_the_way_out(now: datetime, site: int) -> None:
    arrives("INFO", now)

    receive_due(now=now)

    assert help_answers() == ["Tea House: For help visit https://shop.example. Reply STOP to end."]
