"""Sensitive words in the settings: switched off with a reason, the shop's own, and both obeyed by the preview."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from wagtail.models import ModelLogEntry, Site

from tests.integration.admin.test_previews import (
    EDITOR,
    contact,
    form_of,
    post,
    preview,
    sequence,
    staff,
    text,
)
from wagtail_drip.compliance import word_actions
from wagtail_drip.compliance.models import SensitiveWord
from wagtail_drip.compliance.sensitive_words import LISTS
from wagtail_drip.compliance.word_actions import OwnWord
from wagtail_drip.core import clock

pytestmark = pytest.mark.django_db

ALCOHOL = next(each for each in LISTS if each.kind == "alcohol")


@pytest.fixture
def url(site_id: int) -> str:
    return f"/admin/text-messages/settings/{site_id}/words/"


def boxes(*off: str, is_on: bool = True, reason: str = "") -> dict[str, Any]:
    words = [word for word in ALCOHOL.words if word not in off]
    return {"words": words, "reason": reason, **({"is_on": "on"} if is_on else {})}


def messages_of_the_log(client: Client) -> str:
    return client.get("/admin/reports/site-history/").content.decode()


def test_every_list_stands_with_its_source_and_the_day_it_was_read(admin_client: Client, url: str) -> None:
    page = admin_client.get(url).content.decode()

    for each in LISTS:
        assert f"{url}lists/{each.kind}/" in page
        assert escape(each.source) in page
        for word in each.words:
            assert escape(word) in page
    assert "None yet" in page


def test_a_word_is_switched_off_with_a_reason_and_on_again_and_the_log_tells(
    admin_client: Client, url: str
) -> None:
    admin_client.post(f"{url}lists/alcohol/", boxes("wine", reason="Approved for wine"))

    page = admin_client.get(url).content.decode()
    assert "1 word off" in page
    one = admin_client.get(f"{url}lists/alcohol/").content.decode()
    assert "Approved for wine" in one
    assert "Switched off “wine” (alcohol): Approved for wine" in messages_of_the_log(admin_client)
    entry = ModelLogEntry.objects.get()
    assert entry.user == User.objects.get()
    assert entry.data == {"list": "alcohol", "word": "wine", "country": "", "reason": "Approved for wine"}

    admin_client.post(f"{url}lists/alcohol/", boxes())

    assert not SensitiveWord.objects.exists()
    assert "Switched on “wine” (alcohol) again" in messages_of_the_log(admin_client)


def test_a_whole_list_is_switched_off_and_its_single_words_are_kept(admin_client: Client, url: str) -> None:
    admin_client.post(f"{url}lists/alcohol/", boxes("wine", is_on=False, reason="A wine shop"))

    assert set(SensitiveWord.objects.values_list("word", flat=True)) == {"", "wine"}
    assert "switched off" in admin_client.get(url).content.decode()
    assert "Switched off the sensitive words about alcohol: A wine shop" in messages_of_the_log(admin_client)
    form = admin_client.get(f"{url}lists/alcohol/").context["form"]
    assert form["is_on"].value() is False
    assert set(form["words"].value()) == {*ALCOHOL.words} - {"wine"}


def test_nothing_is_switched_off_without_saying_why(admin_client: Client, url: str) -> None:
    response = admin_client.post(f"{url}lists/alcohol/", boxes("wine"))

    assert response.context["form"].errors == {"reason": ["Say why these are not to be warned of."]}
    assert not SensitiveWord.objects.exists()
    assert not ModelLogEntry.objects.exists()


def test_a_word_that_is_in_no_list_is_refused_by_name(admin_client: Client, url: str) -> None:
    response = admin_client.post(f"{url}lists/alcohol/", {**boxes(), "words": ["prosecco"]})

    assert response.context["form"].errors["words"] == [
        "“prosecco” is not in this list any more. Load the page again."
    ]
    assert admin_client.get(f"{url}lists/wines/").status_code == 404


def test_an_own_word_is_added_changed_and_removed_and_the_log_tells(admin_client: Client, url: str) -> None:
    new = {"word": "cheap", "country": "", "reason": "Off brand", "instead": "good value"}
    admin_client.post(f"{url}own/", new)
    row = SensitiveWord.objects.get()

    assert "say “good value” instead" in admin_client.get(url).content.decode()
    admin_client.post(f"{url}own/{row.pk}/", {**new, "country": "US", "reason": "Never"})
    row.refresh_from_db()
    assert (row.country, row.reason) == ("US", "Never")
    admin_client.post(f"{url}own/{row.pk}/delete/")

    assert not SensitiveWord.objects.exists()
    said = messages_of_the_log(admin_client)
    assert "Saved the sensitive word “cheap”: Off brand" in said
    assert "Saved the sensitive word “cheap”: Never" in said
    assert "Removed the sensitive word “cheap”" in said
    assert admin_client.get(f"{url}own/{row.pk}/").status_code == 404
    assert admin_client.post(f"{url}own/{row.pk}/delete/").status_code == 404


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"word": "\u200b"}, "word", "Write a word: letters, digits or signs that show."),
        ({"word": "CHEAP"}, "word", "You have this word for this country already. Change that one."),
        ({"word": "x" * 81}, "word", "Ensure this value has at most 80 characters (it has 81)."),
        ({"reason": ""}, "reason", "This field is required."),
        ({"country": "XX"}, "country", "Select a valid choice. XX is not one of the available choices."),
    ],
)
def test_an_own_word_that_cannot_be_kept_is_refused_by_its_field(
    admin_client: Client, url: str, site_id: int, given: dict[str, str], field: str, said: str
) -> None:
    word_actions.save_own(site_id, OwnWord(word="cheap", reason="r"), by="ada", now=clock.now())

    response = admin_client.post(f"{url}own/", {"word": "new", "country": "", "reason": "r", **given})

    assert response.context["form"].errors == {field: [said]}
    assert SensitiveWord.objects.count() == 1


def test_one_site_cannot_reach_the_words_of_another(admin_client: Client, site_id: int, url: str) -> None:
    other = Site.objects.create(hostname="b.example", root_page=Site.objects.get(pk=site_id).root_page)
    row = word_actions.save_own(other.pk, OwnWord(word="cheap", reason="r"), by="ada", now=clock.now())
    assert row is not None

    assert admin_client.get(f"{url}own/{row.pk}/").status_code == 404
    assert admin_client.post(f"{url}own/{row.pk}/delete/").status_code == 404
    assert SensitiveWord.objects.get() == row


def test_whoever_may_not_change_the_settings_sees_nothing(url: str, site_id: int) -> None:
    client = staff("ada", *EDITOR)

    for address in (url, f"{url}lists/alcohol/", f"{url}own/"):
        assert client.get(address).status_code == 302
        assert client.post(address, boxes("wine", reason="r")).status_code == 302
    assert not SensitiveWord.objects.exists()


# The preview obeys


def test_the_preview_is_silent_about_what_is_switched_off_and_tells_of_own_words(
    admin_client: Client, site_id: int
) -> None:
    made = sequence(text("a", "Cheap wine and beer. Reply STOP to opt out"))
    there = contact(first_name="Ada", region="US", phone="+12025550123")
    now = clock.now()
    word_actions.change_list(site_id, "alcohol", silent=["wine"], reason="r", by="ada", now=now)
    own = OwnWord(word="cheap", reason="Off brand.", instead="good value")
    word_actions.save_own(site_id, own, by="ada", now=now)

    post(admin_client, made)
    page = preview(admin_client, made, there.pk)

    assert "“cheap”: Off brand. Say “good value” instead." in page
    assert "“beer”: United States: carriers filter" in page
    assert 'data-sensitive="2"' in page


def test_the_words_are_read_once_however_many_texts_there_are(admin_client: Client) -> None:
    made = sequence(text("a", "Wine. Reply STOP to opt out"))
    one = form_of(made)

    def queries(texts: int) -> int:
        of_steps = {
            name.replace("steps-0", f"steps-{number}"): str(number) if name == "steps-0-order" else value
            for number in range(texts)
            for name, value in one.items()
            if name.startswith("steps-0")
        }
        form = {**one, **of_steps, "steps-count": str(texts)}
        admin_client.post(f"/admin/text-messages/sequences/preview/{made.pk}/", form)
        with CaptureQueriesContext(connection) as found:
            page = preview(admin_client, made)
        assert page.count("data-sensitive") == texts
        return sum("sensitiveword" in each["sql"] for each in found)

    assert [queries(1), queries(8)] == [1, 1]
