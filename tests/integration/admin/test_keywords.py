"""Stop and help words: the shop's own, ours beside them, and a reply to try."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from wagtail.models import ModelLogEntry

from tests.integration.admin.test_bad_numbers import staff
from wagtail_drip.compliance import keyword_actions
from wagtail_drip.compliance.keyword_actions import KeywordDraft
from wagtail_drip.compliance.models import Keyword
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

LIST = "wagtail_drip_settings:keywords"
ADD = "wagtail_drip_settings:add_keyword"
HELLO: list[Any] = [("send_message", {"text": "Hello"})]


def fields(**given: str) -> dict[str, str]:
    return {
        "kind": "stop",
        "text": "Genug",
        "language": "de",
        "country": "",
        "source": "",
        "note": "",
        **given,
    }


def add(text: str, kind: str = "stop", **more: str) -> Keyword:
    now = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
    return keyword_actions.save_keyword(KeywordDraft(kind=kind, text=text, **more), by="ada", now=now)


def test_a_word_is_added_and_logged_with_who(site_id: int) -> None:
    client = staff("change_sitesettings")

    page = client.post(
        reverse(ADD), fields(country="de", source="A customer", note="Twice"), follow=True
    ).content.decode()

    row = Keyword.objects.get()
    assert (row.kind, row.text, row.language, row.country, row.edited_by) == (
        "stop",
        "Genug",
        "de",
        "DE",
        "staff",
    )
    for shown in (
        "“Genug” is obeyed from now on.",
        "A customer",
        "Twice",
        "German",
        "only numbers of Germany",
    ):
        assert shown in page
    entry = ModelLogEntry.objects.get(action="wagtail_drip.add_keyword")
    assert (entry.user.get_username(), entry.data) == (  # type: ignore[union-attr]
        "staff",
        {"kind": "stop", "text": "Genug", "country": "DE"},
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param({"text": "yes"}, "People answer any question like that", id="an answer"),
        pytest.param({"text": "🛑"}, "Nothing is left of it", id="nothing"),
        pytest.param({"text": "Q"}, "One letter is an answer in many surveys", id="a letter"),
        pytest.param({"kind": "phrase", "text": "deals"}, "A single word stands in too many", id="one word"),
        pytest.param(
            {"text": "退订"}, "It is understood already: stop word “退订” of ours, Chinese.", id="one of ours"
        ),
        pytest.param(
            {"kind": "start", "text": "TD"},
            "It means something else already: stop word “TD” of ours, only numbers of China.",
            id="one of ours elsewhere",
        ),
        pytest.param(
            {"kind": "phrase", "text": "please stop texting me"},
            "our list of ways to ask for it, by “stop texting”",
            id="a way to ask that we know",
        ),
        pytest.param(
            {"text": "basta!"}, "It is understood already: your own stop word “Basta”.", id="one of theirs"
        ),
        pytest.param({"text": "Coffee"}, "The sequence “Beans” starts by it.", id="a sequence's"),
        pytest.param({"country": "Germany"}, "at most 2 characters", id="no code of a country"),
        pytest.param({"country": "4D"}, "Write two letters", id="no letters"),
    ],
)
def test_a_word_that_is_refused_says_why_and_is_not_written(
    site_id: int, given: dict[str, str], why: str
) -> None:
    add("Basta")
    live_sequence(name="Beans", trigger=None, trigger_kind="keyword", trigger_keyword="coffee", steps=HELLO)
    page = staff("change_sitesettings").post(reverse(ADD), fields(**given)).content.decode()

    assert escape(why) in page
    assert (Keyword.objects.count(), ModelLogEntry.objects.filter(action__contains="keyword").count()) == (
        1,
        0,
    )


def test_a_word_is_changed_and_deleted_and_both_are_logged(site_id: int) -> None:
    row, client = add("Genug"), staff("change_sitesettings")
    edit = reverse("wagtail_drip_settings:edit_keyword", args=[row.pk])
    assert 'value="Genug"' in client.get(edit).content.decode()

    client.post(edit, fields(text="Schluss"))
    assert Keyword.objects.get().text == "Schluss"
    delete = reverse("wagtail_drip_settings:delete_keyword", args=[row.pk])
    question = client.get(delete).content.decode()
    assert escape("From then on your own stop word “Schluss” means nothing any more.") in question
    assert f'href="{edit}">Keep it' in question
    client.post(delete)

    assert Keyword.objects.count() == 0
    assert list(ModelLogEntry.objects.order_by("pk").values_list("action", "data__text")) == [
        ("wagtail_drip.change_keyword", "Schluss"),
        ("wagtail_drip.delete_keyword", "Schluss"),
    ]


def test_ours_are_shown_with_their_source_and_without_a_way_to_change_them(site_id: int) -> None:
    page = staff("change_sitesettings").get(reverse(LIST)).content.decode()

    for shown in ("UNSUBSCRIBE", "退订", "47 CFR 64.1200(a)(10)", "only numbers of China", "拒收请回复R"):
        assert shown in page
    assert "keywords/1/" not in page


@pytest.mark.parametrize(
    ("reply", "country", "meaning", "why"),
    [
        ("Stop!", "", "A stop.", "Stop word “STOP” of ours, everywhere"),
        ("td", "cn", "A stop.", "Stop word “TD” of ours, only numbers of China"),
        ("td", "US", "A reply.", "None of the words below"),
        ("please stop texting me", "", "A wish to stop", "by “stop texting”"),
        ("Genug.", "", "A stop.", "Your own stop word “Genug”"),
        ("so, no more deals", "", "A wish to stop", "Your own stop phrase “no more deals”"),
        ("help", "", "They ask for help", "Help word “HELP” of ours, everywhere"),
        ("start", "", "A start.", "Start word “START” of ours, everywhere"),
        ("好的", "", "A yes, to whoever", "Yes to a sign-up “好的” of ours, Chinese"),
        ("bus stop", "", "A reply.", "None of the words below"),
    ],
)
def test_a_reply_is_tried_and_changes_nothing(
    site_id: int, reply: str, country: str, meaning: str, why: str
) -> None:
    add("Genug")
    add("no more deals", "phrase")
    page = (
        staff("change_sitesettings")
        .post(reverse(LIST), {"reply": reply, "number_of": country})
        .content.decode()
    )

    assert escape(meaning) in page
    assert escape(why) in page
    assert ModelLogEntry.objects.count() == 0


@pytest.mark.parametrize("name", [LIST, ADD])
def test_who_may_not_change_the_settings_is_refused(site_id: int, name: str) -> None:
    client = staff("view_contact", "change_consent")

    assert client.get(reverse(name)).status_code == 302
    client.post(reverse(ADD), fields())

    assert Keyword.objects.count() == 0


def test_the_list_takes_as_many_queries_for_twenty_words_as_for_one(site_id: int) -> None:
    client = staff("change_sitesettings")
    counts: list[int] = []
    for number in range(20):
        add(f"genug {number:04d}")
        if number in (0, 19):
            client.get(reverse(LIST))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse(LIST))
            counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_settings_lead_there(site_id: int, admin_client: Any) -> None:
    page = admin_client.get(reverse("wagtail_drip_settings:index")).content.decode()

    assert reverse(LIST) in page
