"""Whether texts can go to a country and come back: each line is read from the site as it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.utils.formats import date_format

from tests.integration.admin.ready_page import OK, TO_DO, UNKNOWN, _outbox, american, look, sent
from wagtail_drip.admin import opening
from wagtail_drip.admin.ready.words import REGISTRATION
from wagtail_drip.compliance import time_actions
from wagtail_drip.compliance.models import LegalHours
from wagtail_drip.compliance.time_actions import LegalHoursDraft
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.gateways.memory import MemoryGateway
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import InboundText, Receipt
from wagtail_drip.test.people import reachable_contact

__all__ = ["_outbox", "look"]

pytestmark = pytest.mark.django_db


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
