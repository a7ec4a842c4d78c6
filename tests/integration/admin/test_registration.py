"""An owner notes a registration: the checklist shows it as their word, the log keeps it, nothing opens by it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format
from wagtail.models import ModelLogEntry

from tests.integration.admin.ready_page import american, sent
from tests.integration.admin.test_previews import EDITOR, staff
from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import Told
from wagtail_drip.admin.ready.words import REGISTRATION
from wagtail_drip.compliance import readiness, registrations
from wagtail_drip.compliance.models import Registration
from wagtail_drip.compliance.registrations import RegistrationDraft
from wagtail_drip.contacts import phone
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import SiteSettings

pytestmark = pytest.mark.django_db

WORD = "We take your word for it: nothing here was checked."


@pytest.fixture(autouse=True)
def _sender(drip_outbox: list[object], site_id: int) -> None:
    """A number, so that only registrations are asked for."""
    core.change_site_settings(site_id, sender_gateway="default", sender_address="+12015550100")


@pytest.fixture
def url(site_id: int) -> str:
    return f"/admin/text-messages/settings/{site_id}/ready/US/registration/"


def today() -> date:
    return clock.now().date()


def form(**fields: Any) -> dict[str, Any]:
    return {"reference": "B-123", "registered_on": today().isoformat(), "registered_by": "Twilio", **fields}


def look(site_id: int, place: str, check: str = "registration") -> Told:
    (line,) = [each for each in readiness.lines_for(place) if each.check == check]
    return CHECKS[check](Facts(core.site_settings(site_id), place, 0, clock.now()), line)


def note(site_id: int, place: str, *, days_ago: int = 0) -> Registration:
    draft = RegistrationDraft(
        reference="B-123", registered_on=today() - timedelta(days=days_ago), registered_by="Twilio"
    )
    return registrations.note(site_id, place, draft, by="ada", now=clock.now())


def test_the_checklist_leads_to_the_note_and_tells_it_afterwards(
    admin_client: Client, site_id: int, url: str
) -> None:
    before = look(site_id, "US")
    assert (before.state, before.note_url) == ("unknown", url)
    page = admin_client.get(url).content.decode()
    assert str(REGISTRATION["us"]) in page
    assert "for the sender of now, “+12015550100”" in page

    response = admin_client.post(url, form())

    assert response.headers["Location"] == f"/admin/text-messages/settings/{site_id}/ready/?country=US"
    day = date_format(today(), "SHORT_DATE_FORMAT")
    told = look(site_id, "US")
    assert told.state == "ok"
    assert told.sentence == (
        f"Registered on {day} by Twilio, reference no. B-123. Noted by admin on {day}. {WORD}"
    )
    assert WORD in admin_client.get(response.headers["Location"]).content.decode()
    assert look(site_id, "CN").state == "unknown"


def test_the_log_tells_who_noted_what_and_who_took_it_back(admin_client: Client, url: str) -> None:
    day = date_format(today(), "SHORT_DATE_FORMAT")
    admin_client.post(url, form())
    admin_client.post(url, form(reference="B-124"))
    response = admin_client.post(f"{url}take_back/")

    assert response.headers["Location"] == url
    told = [entry.message for entry in ModelLogEntry.objects.order_by("pk")]
    assert told == [
        f"Noted for United States that “+12015550100” was registered on {day} by Twilio, reference no. B-123",
        f"Noted for United States that “+12015550100” was registered on {day} by Twilio, reference no. B-124",
        "Took back for United States the registration with reference no. B-124",
    ]
    assert {entry.user.get_username() for entry in ModelLogEntry.objects.all()} == {"admin"}
    page = admin_client.get(url).content.decode()
    for each in told:
        assert each in page
    assert told[2] in admin_client.get("/admin/reports/site-history/").content.decode()


def test_what_is_taken_back_is_asked_for_again_and_noted_again_with_a_press(
    admin_client: Client, site_id: int, url: str
) -> None:
    admin_client.post(url, form())
    admin_client.post(f"{url}take_back/")

    assert look(site_id, "US").state == "unknown"
    page = admin_client.get(url)
    assert "Taken back by admin on" in page.content.decode()
    assert "Note it again" in page.content.decode()
    assert page.context["form"]["reference"].value() == "B-123"
    assert admin_client.post(f"{url}take_back/").status_code == 404
    assert admin_client.get(f"{url}take_back/").status_code == 405

    admin_client.post(url, form())

    assert look(site_id, "US").state == "ok"


@pytest.mark.parametrize("place", ["CN", "IN", "TR"])
def test_every_country_that_asks_for_one_can_be_noted(site_id: int, place: str) -> None:
    note(site_id, place)

    told = look(site_id, place)

    assert (told.state, WORD in told.sentence) == ("ok", True)


def test_a_name_that_may_have_to_be_registered_can_be_noted_too(site_id: int) -> None:
    core.change_site_settings(site_id, sender_address="Teashop")
    before = look(site_id, "GB", "sender")
    assert (before.state, before.note_url.endswith("/ready/GB/registration/")) == ("unknown", True)

    note(site_id, "GB")
    note(site_id, "US")

    told = look(site_id, "GB", "sender")
    assert told.state == "ok"
    assert told.sentence.startswith("“Teashop” is a name. Registered on")
    assert WORD in told.sentence
    # No note makes networks carry what they do not carry.
    assert look(site_id, "US", "sender").state == "to_do"


def test_a_note_is_of_the_sender_that_it_was_made_for(site_id: int) -> None:
    note(site_id, "US")
    core.change_site_settings(site_id, sender_address="+12015550199")

    told = look(site_id, "US")

    assert told.state == "unknown"
    assert told.sentence.startswith("Reference no. B-123 was noted while texts went from “+12015550100”.")
    assert str(REGISTRATION["us"]) in told.sentence


def test_what_networks_refuse_speaks_louder_than_a_note(site_id: int) -> None:
    ada = american()
    sent(ada, site_id, state="undelivered", code="30034", ago=5)
    note(site_id, "US", days_ago=5)
    # On the day itself it may have been refused before.
    assert look(site_id, "US").state == "ok"

    sent(ada, site_id, state="undelivered", code="30034", ago=1)

    told = look(site_id, "US")
    assert told.state == "to_do"
    assert told.sentence.startswith(
        "1 text was refused for want of this after the day that you noted. Ask your provider. Registered on"
    )
    assert str(REGISTRATION["us"]) in told.sentence


def test_what_arrives_is_told_beside_the_note(site_id: int) -> None:
    note(site_id, "US")
    sent(american(), site_id, state="delivered")

    told = look(site_id, "US")

    assert (told.state, WORD in told.sentence) == ("ok", True)
    assert "Texts arrive there, and none was refused for it in 90 days." in told.sentence


def test_a_note_opens_nothing(admin_client: Client, site_id: int, url: str) -> None:
    core.close_site(site_id)
    before = SiteSettings.objects.filter(site_id=site_id).values().get()

    admin_client.post(url, form())

    assert SiteSettings.objects.filter(site_id=site_id).values().get() == before
    assert look(site_id, "US", "open").state == "to_do"


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"reference": " "}, "reference", "This field is required."),
        ({"registered_by": ""}, "registered_by", "This field is required."),
        ({"registered_on": ""}, "registered_on", "This field is required."),
        (
            {"registered_on": "2100-01-01"},
            "registered_on",
            "This day is still to come. Note it when you are registered.",
        ),
    ],
)
def test_half_a_note_is_refused(
    admin_client: Client, url: str, given: dict[str, str], field: str, said: str
) -> None:
    response = admin_client.post(url, form(**given))

    assert response.context["form"].errors == {field: [said]}
    assert not Registration.objects.exists()
    assert not ModelLogEntry.objects.exists()


def test_only_who_may_change_the_settings_notes_and_only_of_countries_that_there_are(
    admin_client: Client, site_id: int, url: str
) -> None:
    ada = staff("ada", *EDITOR)
    assert ada.get(url).status_code == 302
    assert ada.post(url, form()).status_code == 302
    assert not Registration.objects.exists()
    note(site_id, "US")

    ada.post(f"{url}take_back/")

    assert Registration.objects.get().holds
    assert admin_client.get(url.replace("US", "XX")).status_code == 404
    assert {admin_client.get(url.replace("US", place)).status_code for place in ("GB", "CN")} == {200}
    assert admin_client.get(url.replace(f"/{site_id}/", "/99999/")).status_code == 404


def test_the_queries_do_not_grow_with_notes_and_their_history(
    admin_client: Client, site_id: int, url: str
) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert admin_client.get(address).status_code == 200
        return len(found)

    def counts() -> list[int]:
        return [queries(url), queries(f"/admin/text-messages/settings/{site_id}/ready/?country=US")]

    places = ["US", *sorted(phone.regions() - {"US"})]
    counts()
    for place in places[:4]:
        note(site_id, place)
        admin_client.post(url, form())
    four = counts()
    for place in places[4:40]:
        note(site_id, place)
        admin_client.post(url, form())

    assert counts() == four
