"""The screen "Sign-up wording": ours with source and day, the owner's beside it; forms, blocks and checklist read it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from wagtail.blocks.struct_block import StructBlockValidationError
from wagtail.models import ModelLogEntry

from tests.integration.admin.ready_page import FULL, agreed, american
from tests.integration.admin.test_previews import EDITOR, staff
from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import Told
from wagtail_drip.compliance import own_wording, readiness
from wagtail_drip.compliance.models import OptInWording
from wagtail_drip.compliance.opt_in_wording import DRAFTS, RULES
from wagtail_drip.compliance.own_wording import WordingDraft
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.public import sign_up_forms
from wagtail_drip.public.blocks import SignUpBlock

pytestmark = pytest.mark.django_db

URL = "/admin/text-messages/settings/wordings/"
GERMAN = "Ja, {sender} darf mir Angebote senden. Widerruf jederzeit mit STOP."


@pytest.fixture(autouse=True)
def _sender(drip_outbox: list[object], site_id: int) -> None:
    core.change_site_settings(site_id, sender_name="Teashop")


def form(**fields: Any) -> dict[str, Any]:
    return {
        "group": "marketing", "country": "DE", "language": "de", "text": GERMAN, "must_say": "",
        "source": "our lawyer", "url": "", "read_on": "2026-11-20", **fields,
    }  # fmt: skip


def write(**fields: Any) -> None:
    given = {"country": "DE", "text": GERMAN, "source": "our lawyer", "read_on": date(2026, 11, 20), **fields}
    own_wording.save(WordingDraft(**given), by="ada", now=clock.now())


def look(site_id: int, place: str) -> Told:
    (line,) = [each for each in readiness.lines_for(place) if each.check == "wording"]
    return CHECKS["wording"](Facts(core.site_settings(site_id), place, 0, clock.now()), line)


def test_what_we_ship_stands_with_its_source_and_the_day_it_was_read(admin_client: Client) -> None:
    page = admin_client.get(URL).content.decode()

    for each in (*DRAFTS, *RULES):
        assert escape(each.source) in page
    for draft in DRAFTS:
        assert escape(draft.text) in page
    assert "None yet: forms show ours." in page
    assert URL in admin_client.get("/admin/text-messages/settings/").content.decode()


def test_words_are_written_changed_and_removed_and_the_log_keeps_them(admin_client: Client) -> None:
    assert admin_client.post(f"{URL}add/", form()).headers["Location"] == URL
    row = OptInWording.objects.get()
    assert (row.country, row.language, row.text, row.must_say, row.edited_by) == (
        "DE",
        "de",
        GERMAN,
        [],
        "admin",
    )
    page = admin_client.get(URL).content.decode()
    assert GERMAN in page
    assert "It does not say" not in page
    assert "(read 20/11/2026)" in page

    admin_client.post(f"{URL}{row.pk}/", form(must_say="Widerruf\n\n jederzeit "))
    row.refresh_from_db()
    assert row.must_say == ["Widerruf", "jederzeit"]
    assert admin_client.get(f"{URL}{row.pk}/").context["form"]["must_say"].value() == "Widerruf\njederzeit"
    admin_client.post(f"{URL}{row.pk}/delete/")

    assert not OptInWording.objects.exists()
    entries = list(ModelLogEntry.objects.order_by("pk"))
    assert [entry.message for entry in entries] == [
        f"Saved the sign-up wording (Germany, German): {GERMAN}",
        f"Saved the sign-up wording (Germany, German): {GERMAN}",
        "Removed the sign-up wording (Germany, German)",
    ]
    assert entries[1].data["must_say"] == ["Widerruf", "jederzeit"]
    assert {entry.user for entry in entries} == {User.objects.get()}
    assert admin_client.get(f"{URL}{row.pk}/").status_code == 404
    assert admin_client.post(f"{URL}{row.pk}/delete/").status_code == 404
    assert admin_client.get(f"{URL}{row.pk}/delete/").status_code == 405


def test_what_words_leave_out_is_warned_of_and_saved(admin_client: Client) -> None:
    short = form(
        country="US", language="", text="Offers from {sender}. Reply STOP to end.", must_say="18 or older"
    )

    saved = admin_client.post(f"{URL}add/", short, follow=True).content.decode()

    said = (
        "It does not say: that texts are automated and recurring, that agreeing is no condition of purchase, how "
        "often, that message and data rates may apply, how to get help, “18 or older”."
    )
    assert saved.count(said) == 2
    row = OptInWording.objects.get()
    assert said in admin_client.get(f"{URL}{row.pk}/").content.decode()
    # News of an order is asked for less, but for the name and a way to end it.
    admin_client.post(f"{URL}add/", {**short, "group": "transactional", "text": "Offers", "must_say": ""})
    assert "It does not say: who texts, how to stop." in admin_client.get(URL).content.decode()


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"source": ""}, "source", "This field is required."),
        ({"read_on": "2100-01-01"}, "read_on", "This day is still to come."),
        ({"text": " "}, "text", "Write the words, or what has to be said, or both."),
        ({"text": "x" * 1001}, "text", "Ensure this value has at most 1000 characters (it has 1001)."),
        ({"must_say": "x" * 121}, "must_say", "At most 10 phrases of 120 characters."),
        ({"must_say": "x\n" * 11}, "must_say", "At most 10 phrases of 120 characters."),
        ({}, "country", "You have words for this country and language already. Change those."),
    ],
)
def test_what_cannot_be_saved_names_the_field(
    admin_client: Client, given: dict[str, str], field: str, said: str
) -> None:
    write(language="de")

    response = admin_client.post(f"{URL}add/", form(**given))

    assert response.context["form"].errors == {field: [said]}
    assert OptInWording.objects.count() == 1
    assert not ModelLogEntry.objects.exists()


def test_only_who_may_change_the_settings_sees_them(site_id: int) -> None:
    write()
    pk = OptInWording.objects.get().pk
    ada = staff("ada", *EDITOR)

    for url in (URL, f"{URL}add/", f"{URL}{pk}/"):
        assert ada.get(url).status_code == 302
    ada.post(f"{URL}add/", form(country="FR"))
    ada.post(f"{URL}{pk}/delete/")

    assert OptInWording.objects.get().country == "DE"


def test_a_form_without_words_of_its_own_shows_the_owners(site_id: int) -> None:
    before = sign_up_forms.shown(None, region="DE").wording
    write()

    assert sign_up_forms.shown(None, region="DE").wording == GERMAN.replace("{sender}", "Teashop")
    assert sign_up_forms.shown(None, region="FR").wording == before
    assert sign_up_forms.shown(None, region="DE", wording="Own {sender} STOP").wording == "Own Teashop STOP"
    assert sign_up_forms.shown(None, region="DE", group="transactional").wording != GERMAN


def test_what_somebody_agreed_to_does_not_change_with_the_table(site_id: int) -> None:
    write()
    signed = sign_up_forms.shown(None, region="DE").signed()
    agreed(site_id, american(agreed_to=()), wording="What they saw")
    before = list(ConsentRecord.objects.values())

    OptInWording.objects.update(text="Other words")

    # A form that is open in somebody's browser records what it showed.
    read = sign_up_forms.read(signed)
    assert read is not None
    assert read.wording == GERMAN.replace("{sender}", "Teashop")
    assert list(ConsentRecord.objects.values()) == before


def test_a_block_wants_said_what_the_owners_table_wants(site_id: int) -> None:
    write(text="", must_say=["Widerruf"])
    block = SignUpBlock()

    def problems(**fields: str) -> list[str]:
        try:
            block.clean(block.to_python(fields))
        except StructBlockValidationError as error:
            return [message for each in error.block_errors.values() for message in each.messages]
        return []

    words = "Offers from {sender}. STOP ends it."
    assert problems(wording=words, region="DE") == [
        "Say: “Widerruf”. Your own table of sign-up wordings wants it."
    ]
    assert problems(wording=words, region="FR") == []
    assert problems(wording=f"{words} Widerruf.", region="DE") == []


def test_the_checklist_reads_the_table(site_id: int) -> None:
    agreed(site_id, american(agreed_to=()), wording=FULL)
    assert look(site_id, "US").state == "ok"

    write(country="US", text="Offers from {sender}. STOP ends it. HELP for help.", language="fr")

    told = look(site_id, "US")
    assert (told.state, told.url) == ("to_do", URL)
    assert told.sentence == (
        "The words that a form shows there by itself do not say: that texts are automated and recurring, that "
        "agreeing is no condition of purchase, how often, that message and data rates may apply."
    )
    assert look(site_id, "GB").state == "unknown"
    OptInWording.objects.all().delete()

    write(country="US", text="", must_say=["18 or older"])

    # Ours do not say it either.
    assert look(site_id, "US").sentence.endswith("do not say: “18 or older”.")
    OptInWording.objects.update(text=f"{FULL} {{sender}}: 18 or older.")
    told = look(site_id, "US")
    assert told.state == "to_do"
    assert told.sentence.startswith("The words that somebody there agreed to last do not say: “18 or older”.")
    agreed(site_id, american(1, agreed_to=()), wording=f"{FULL} I am 18 or older.")
    assert look(site_id, "US").state == "ok"


def test_the_queries_do_not_grow_with_the_table(admin_client: Client, site_id: int) -> None:
    def counts() -> list[int]:
        found = []
        for url in (URL, f"/admin/text-messages/settings/{site_id}/ready/?country=US"):
            with CaptureQueriesContext(connection) as queries:
                assert admin_client.get(url).status_code == 200
            found.append(len(queries))
        return found

    counts()
    for number in range(4):
        write(country="US", language=f"x{number}")
    four = counts()
    for number in range(4, 40):
        write(country="US", language=f"x{number}")

    assert counts() == four
