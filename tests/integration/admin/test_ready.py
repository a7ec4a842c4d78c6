"""Are you ready to text customers in …? Each line is read from the site as it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format

from tests.integration.admin.test_previews import EDITOR, staff
from wagtail_drip.admin import opening
from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import State
from wagtail_drip.admin.ready.words import REGISTRATION
from wagtail_drip.compliance import keyword_actions, readiness, time_actions, word_actions
from wagtail_drip.compliance.keyword_actions import KeywordDraft
from wagtail_drip.compliance.models import LegalHours
from wagtail_drip.compliance.time_actions import LegalHoursDraft
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import phone
from wagtail_drip.contacts import querysets as reading
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.gateways.memory import MemoryGateway
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import InboundText, Message, Receipt, SendLedger
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

OK, TO_DO, UNKNOWN = "ok", "to_do", "unknown"
FULL = (
    "Yes, I agree to get recurring automated marketing texts from Teashop. Consent is not a condition of purchase. "
    "Message frequency varies. Message and data rates may apply. Reply STOP to end, HELP for help."
)


@pytest.fixture(autouse=True)
def _outbox(drip_outbox: list[object]) -> None:
    """Nothing of another test's stays."""


@pytest.fixture
def url(site_id: int) -> str:
    return f"/admin/text-messages/settings/{site_id}/ready/"


@pytest.fixture
def look(site_id: int) -> Any:
    """Return what a line says of a country, as it is now: its state and its sentence."""

    def found(place: str, check: str) -> tuple[str, str]:
        row = core.site_settings(site_id)
        (line,) = [each for each in readiness.lines_for(place) if each.check == check]
        people = reading.countries().get(place, 0)
        told = CHECKS[check](Facts(row, place, people, clock.now()), line)
        return told.state.value, told.sentence

    return found


def american(number: int = 0, **known: Any) -> Contact:
    return reachable_contact(phone=f"+120155501{number:02d}", **known)


def agreed(site_id: int, contact: Contact, **fields: Any) -> None:
    given = {"method": ConsentMethod.WEB_FORM, "wording": FULL, **fields}
    consent = Consent(group=PurposeGroup.MARKETING, granted=True, source="/", **given)
    contacts.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent, now=clock.now())


def sent(contact: Contact, site_id: int, *, state: str, ago: int = 1, code: str = "") -> None:
    at = clock.now() - timedelta(days=ago)
    message = Message.objects.create(
        key=f"s:{uuid4().hex}",
        reference=uuid4().hex,
        contact=contact,
        site_id=site_id,
        gateway="default",
        purpose="promotional",
        created_at=at,
        state=state,
    )
    SendLedger.objects.create(
        message=message, contact=contact, site_id=site_id, purpose="promotional", handed_over_at=at
    )
    if code:
        Receipt.objects.create(
            message=message,
            gateway="default",
            reference=message.reference,
            status="undelivered",
            code=code,
            recorded_at=at,
        )


# The lines


def test_whether_customers_are_texted(look: Any, site_id: int, now: datetime) -> None:
    core.close_site(site_id)
    assert look("US", "open")[0] == TO_DO
    row = core.site_settings(site_id)
    core.open_site(site_id, account=opening.account_of(row), now=now)
    assert look("US", "open") == (OK, "This site is open.")

    messaging.stop_everything(by="ada", now=clock.now())

    assert look("US", "open") == (TO_DO, "Everything is stopped: nobody is texted.")


def test_whether_workers_run(look: Any) -> None:
    Lease.objects.filter(name="tick").delete()
    assert look("US", "workers")[0] == TO_DO

    Lease.objects.create(name="tick", started_at=clock.lease_now(), until=clock.lease_now())

    assert look("US", "workers") == (OK, "The workers run.")


def test_a_gateway_that_is_missing_or_pretends_is_told(look: Any, site_id: int, settings: Any) -> None:
    core.change_site_settings(site_id, sender_gateway="gone")
    state, sentence = look("US", "gateway")
    assert state == TO_DO
    assert "gone" in sentence

    console = {"default": {"BACKEND": "wagtail_drip.gateways.console.ConsoleGateway"}}
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "GATEWAYS": console}
    core.change_site_settings(site_id, sender_gateway="default")

    assert look("US", "gateway") == (
        TO_DO,
        "The gateway “default” only pretends to send. Connect a provider and choose it.",
    )


def test_what_arrived_is_the_proof_that_a_gateway_serves_a_country(
    look: Any, site_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryGateway, "reaches_phones", True)
    ada, british = american(), reachable_contact()
    sent(british, site_id, state="delivered")
    sent(ada, site_id, state="delivered", ago=100)
    assert look("US", "gateway")[0] == UNKNOWN

    sent(ada, site_id, state="undelivered")
    assert look("US", "gateway") == (
        TO_DO,
        "Of 1 texts there in 90 days none was delivered. Ask your provider whether it serves it.",
    )

    sent(ada, site_id, state="delivered")
    assert look("US", "gateway") == (OK, "Of 2 texts there in 90 days, 1 were delivered.")


@pytest.mark.parametrize(
    ("place", "address", "state"),
    [
        ("US", "+12015550100", OK),
        ("US", "12345", OK),
        ("US", "Teashop", TO_DO),
        ("CA", "Teashop", TO_DO),
        ("GB", "Teashop", UNKNOWN),
        ("GB", "", UNKNOWN),
        ("AE", "Teashop", TO_DO),
        ("AE", "AD-Teashop", UNKNOWN),
    ],
)
def test_the_sender_is_of_a_kind_that_works_there(
    look: Any, site_id: int, place: str, address: str, state: str
) -> None:
    core.change_site_settings(site_id, sender_address=address)

    assert look(place, "sender")[0] == state


def test_a_registration_is_read_from_what_is_refused_and_what_arrives(look: Any, site_id: int) -> None:
    state, sentence = look("US", "registration")
    assert (state, sentence) == (UNKNOWN, str(REGISTRATION["us"]))
    ada = american()
    sent(ada, site_id, state="delivered")
    assert look("US", "registration")[0] == OK

    sent(ada, site_id, state="undelivered", code="30034")
    sent(ada, site_id, state="undelivered", code="30003")
    sent(ada, site_id, state="undelivered", code="30034", ago=100)

    state, sentence = look("US", "registration")
    assert state == TO_DO
    assert sentence.startswith("1 text was refused in 90 days because this is missing. Register your brand")
    assert look("TR", "registration")[0] == UNKNOWN


def test_legal_hours_are_those_that_hold_and_meet_the_sending_times(look: Any, site_id: int) -> None:
    state, sentence = look("US", "hours")
    assert state == OK
    assert "08:00–21:00" in sentence
    assert look("CA", "hours")[1].startswith("No law is known; custom is")
    assert look("IE", "hours")[0] == UNKNOWN

    nights = {str(day): [["22:00", "23:00"]] for day in range(7)}
    core.change_site_settings(site_id, windows=nights)
    assert look("US", "hours")[0] == TO_DO

    changed = LegalHoursDraft(
        country="US", week={str(day): [["22:00", "23:30"]] for day in range(7)}, source="s",
        read_on=date(2026, 11, 26), reason="r",
    )  # fmt: skip
    time_actions.change_legal_hours(changed, by="ada", now=clock.now())
    assert look("US", "hours")[0] == UNKNOWN


@pytest.mark.parametrize(
    ("place", "read_on", "state", "whose"),
    [
        ("US", date(2026, 11, 26), UNKNOWN, ""),
        ("US", date(2026, 11, 1), TO_DO, ""),
        ("US-TX", date(2026, 11, 26), UNKNOWN, "United States: Texas: "),
    ],
)
def test_looser_hours_of_a_country_or_its_states_are_the_owners_own_word(
    look: Any, place: str, read_on: date, state: str, whose: str
) -> None:
    country, _dash, subdivision = place.partition("-")
    always = {str(day): [["06:00", "23:00"]] for day in range(7)}
    LegalHours.objects.create(
        country=country, subdivision=subdivision, week=always, source="a new act", read_on=read_on,
        edited_at=clock.now(),
    )  # fmt: skip

    found, sentence = look("US", "hours")

    day = date_format(read_on, "SHORT_DATE_FORMAT")
    assert found == state
    assert f"{whose}Looser than what we ship, by your own reading of a new act, {day}." in sentence
    assert ("read it again, or restore what we ship" in sentence) is (state == TO_DO)
    assert look("GB", "hours")[0] == OK


def test_guessed_clocks_are_counted(look: Any) -> None:
    american()
    assert look("US", "zones") == (OK, "The clock of every contact there is known.")

    reachable_contact(phone="+61412345678")
    state, sentence = look("AU", "zones")

    assert state in (UNKNOWN, TO_DO)
    assert sentence.startswith("The clock of 1 contact is guessed")


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
        ("KR", "(광고) Teashop STOP", OK),
        ("KR", "Teashop STOP", TO_DO),
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


def test_what_comes_back_is_the_proof_of_webhooks(look: Any, site_id: int, settings: Any) -> None:
    assert [look("US", "receipts")[0], look("US", "replies")[0]] == [UNKNOWN, UNKNOWN]
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": ""}
    assert look("US", "receipts") == (
        TO_DO,
        "Set PUBLIC_BASE_URL, so that your provider can reach this site.",
    )

    now = clock.now()
    Receipt.objects.create(gateway="default", status="delivered", recorded_at=now)
    InboundText.objects.create(
        gateway="default", provider_id="1", from_number="+12015550100", text="Hi", at=now, recorded_at=now
    )
    assert [look("US", "receipts")[0], look("US", "replies")[0]] == [OK, OK]

    core.change_site_settings(site_id, sender_address="Teashop")
    assert look("US", "replies")[0] == TO_DO


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


# The page


def test_the_page_is_about_the_country_where_most_contacts_are(admin_client: Client, url: str) -> None:
    for number in range(2):
        american(number)
    reachable_contact()

    page = admin_client.get(url)

    assert page.context["place"] == "US"
    words = page.content.decode()
    assert "Are you ready to text customers?" in words
    assert "United States" in words
    assert "2 contacts with a number are there." in words
    assert "United States (2)" in words
    for line in readiness.lines_for("US"):
        assert f'data-check="{line.check}"' in words


@pytest.mark.parametrize("asked", ["cn", "CN"])
def test_any_country_can_be_asked_about(admin_client: Client, url: str, asked: str) -> None:
    assert admin_client.get(url, {"country": asked}).context["place"] == "CN"


@pytest.mark.parametrize("asked", ["", "XX", "<script>", "United States"])
def test_without_a_country_that_there_is_it_is_the_sites_own(
    admin_client: Client, url: str, site_id: int, asked: str
) -> None:
    core.change_site_settings(site_id, region="FR")

    assert admin_client.get(url, {"country": asked}).context["place"] == "FR"


def test_where_no_country_is_known_one_is_to_be_chosen(
    admin_client: Client, url: str, site_id: int, settings: Any
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "DEFAULT_REGION": ""}
    core.change_site_settings(site_id, region="")

    page = admin_client.get(url)

    assert (page.context["place"], page.status_code) == ("", 200)
    assert "Choose the country" in page.content.decode()


def test_every_line_has_a_state_in_every_country_and_every_link_leads_somewhere(
    admin_client: Client, site_id: int
) -> None:
    row, links = core.site_settings(site_id), set()

    for place in phone.regions():
        facts = Facts(row, place, 0, clock.now())
        for line in readiness.lines_for(place):
            told = CHECKS[line.check](facts, line)
            assert told.state in State
            assert told.sentence
            links |= {told.url} if told.url and place in ("US", "CN", "DE", "IE") else set()

    assert len(links) > 8
    assert {url: admin_client.get(url).status_code for url in links} == dict.fromkeys(links, 200)


def test_whoever_may_not_change_the_settings_does_not_see_it(url: str) -> None:
    assert staff("ada", *EDITOR).get(url).status_code == 302
    assert not User.objects.filter(is_superuser=True).exists()


def test_the_queries_do_not_grow_with_people_texts_and_sequences(
    admin_client: Client, url: str, site_id: int
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            admin_client.get(url, {"country": "US"})
        return len(found)

    ada = american()
    sent(ada, site_id, state="delivered")
    live_sequence(name="Tips", steps=[("send_message", {"text": "Tea"})])
    queries()
    few = queries()
    for number in range(1, 6):
        other = american(number)
        agreed(site_id, other)
        sent(other, site_id, state="delivered", code="30034")
        live_sequence(name=f"More {number}", steps=[("send_message", {"text": "Tea"})])

    # One fewer: what is refused for it is asked before what arrived.
    assert queries() <= few
