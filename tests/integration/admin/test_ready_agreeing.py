"""Whether people of a country have agreed, can stop and are told by whom: each line is read from the site as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.admin.ready_page import OK, TO_DO, UNKNOWN, _outbox, agreed, american, look
from wagtail_drip.compliance import keyword_actions, word_actions
from wagtail_drip.compliance.keyword_actions import KeywordDraft
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

__all__ = ["_outbox", "look"]

pytestmark = pytest.mark.django_db


def test_consents_of_the_country_are_counted_with_their_proof(look: Any, site_id: int) -> None:
    ada, bea, cyd = (american(number, agreed_to=()) for number in range(3))
    reachable_contact()
    assert look("US", "consent") == (
        TO_DO,
        "0 agreed to marketing, 0 refused or stopped, 3 never said. Nobody there can be sent marketing yet.",
    )

    agreed(site_id, ada)
    refusal = Consent(
        group=PurposeGroup.MARKETING, granted=False, source="/", method=ConsentMethod.STAFF, wording=""
    )
    contacts.record_consent(contact_id=bea.pk, site_id=site_id, consent=refusal, now=clock.now())
    state, sentence = look("US", "consent")
    assert state == OK
    assert sentence.startswith("1 agreed to marketing, 1 refused or stopped, 1 never said.")

    agreed(site_id, cyd, method=ConsentMethod.IMPORT)
    state, sentence = look("US", "consent")
    assert (state, "1 consent was imported" in sentence) == (UNKNOWN, True)

    agreed(site_id, bea, method=ConsentMethod.API, wording="")
    state, sentence = look("US", "consent")
    assert (state, "Of 1 of them the words are not kept" in sentence) == (TO_DO, True)


def test_the_words_that_were_agreed_to_last_are_read(look: Any, site_id: int) -> None:
    core.change_site_settings(site_id, sender_name="Teashop")
    assert look("US", "wording")[0] == UNKNOWN
    agreed(site_id, american(1, agreed_to=()), wording="Text me. Reply STOP to end.")

    state, sentence = look("US", "wording")

    assert state == TO_DO
    assert "who texts, that texts are automated and recurring" in sentence
    agreed(site_id, american(2, agreed_to=()))
    assert look("US", "wording")[0] == OK
    assert look("GB", "wording")[0] == UNKNOWN


def test_a_double_opt_in_is_asked_for_where_it_is_needed_and_advised_elsewhere(
    look: Any, site_id: int
) -> None:
    german = reachable_contact(phone="+4915112345678", agreed_to=())
    assert look("DE", "double_opt_in")[0] == UNKNOWN
    for contact in (german, american(agreed_to=())):
        agreed(site_id, contact)
    assert look("DE", "double_opt_in")[0] == TO_DO
    assert look("US", "double_opt_in")[0] == UNKNOWN

    agreed(site_id, german, method=ConsentMethod.DOUBLE_OPT_IN)

    assert look("DE", "double_opt_in") == (OK, "1 of 1 who agreed by a form confirmed it by their phone.")


def test_stop_words_are_of_the_countrys_languages(look: Any) -> None:
    state, sentence = look("CN", "stop_words")
    assert state == OK
    assert "退订" in sentence
    assert look("DE", "stop_words")[0] == OK
    assert look("GR", "stop_words")[0] == UNKNOWN


def test_stop_words_of_the_shops_own_count(look: Any) -> None:
    for text, country in (("ΔΙΑΚΟΠΗ", "GR"), ("NEE BEDANKT", "NL")):
        draft = KeywordDraft(kind="stop", text=text, country=country)
        keyword_actions.save_keyword(draft, by="ada", now=clock.now())

    assert look("GR", "stop_words") == (OK, "Besides STOP: ΔΙΑΚΟΠΗ.")
    assert "ΔΙΑΚΟΠΗ" not in look("DE", "stop_words")[1]


@pytest.mark.parametrize(
    ("place", "text", "state"),
    [
        ("GB", "Tea today. Reply STOP to end", OK),
        ("GB", "Tea today. {{ link.stop }}", OK),
        ("GB", "Tea today", TO_DO),
        ("US", "Teashop: tea today. Reply STOP to end", OK),
        ("US", "{{ shop.name }}: tea today. STOP to end", OK),
        ("US", "Tea today. Reply STOP to end", TO_DO),
        ("CN", "Teashop: 今日上新，拒收请回复R", OK),
        ("CN", "Teashop: 今日上新，退订回T", TO_DO),
        ("KR", "(광고) Teashop 무료수신거부 080", OK),
        ("KR", "(광고) Teashop STOP", TO_DO),
        ("KR", "Teashop 무료수신거부 080", TO_DO),
    ],
)
def test_the_first_text_of_each_running_sequence_says_how_to_stop(
    look: Any, site_id: int, place: str, text: str, state: str
) -> None:
    core.change_site_settings(site_id, sender_name="Teashop")
    assert look(place, "stop_text")[0] == UNKNOWN
    live_sequence(name="Receipt", purpose="transactional", steps=[("send_message", {"text": "Thanks"})])
    assert look(place, "stop_text")[0] == UNKNOWN

    live_sequence(
        name="Tips", steps=[("send_message", {"text": text}), ("send_message", {"text": "Nothing of it"})]
    )

    found, sentence = look(place, "stop_text")
    assert found == state
    assert state == OK or "1 of 1 running sequences do not: “Tips”." in sentence


def test_help_is_answered_and_texts_have_a_name(look: Any, site_id: int) -> None:
    core.change_site_settings(site_id, help_text="", sender_name="")
    assert [look("US", "help")[0], look("GB", "help")[0], look("US", "name")[0]] == [TO_DO, OK, TO_DO]

    core.change_site_settings(site_id, help_text="Teashop, 020 7946 0000", sender_name="Teashop")

    assert look("US", "help") == (OK, "Somebody who texts HELP gets: Teashop, 020 7946 0000")
    assert look("US", "name") == (OK, "Texts of ours begin with “Teashop”.")


def test_lists_of_words_that_are_switched_off_are_told(look: Any, site_id: int) -> None:
    assert look("US", "words")[0] == OK
    assert look("IE", "words")[0] == UNKNOWN
    now = clock.now()

    word_actions.change_list(site_id, "alcohol", silent=["", "wine"], reason="r", by="ada", now=now)

    assert look("US", "words") == (
        UNKNOWN,
        "Switched off: alcohol, “wine”. Whether that is right, your provider knows.",
    )
    assert look("CN", "words")[0] == OK
