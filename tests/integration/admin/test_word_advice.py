"""Publishing and submitting tell of words that need care, and hold nothing back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Task, Workflow, WorkflowContentType, WorkflowTask

from tests.integration.admin.test_previews import contact, form_of, sequence, step, text
from wagtail_drip.admin import word_advice
from wagtail_drip.compliance import word_actions
from wagtail_drip.compliance.word_actions import OwnWord
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

LIST = "/admin/text-messages/sequences/"
WINE = "Wine for two. Reply STOP to opt out"


def said(of: Any) -> list[str]:
    return [each.sentence for each in word_advice.of(of)]


def press(client: Client, of: Sequence, action: str) -> str:
    """Press a button of the editor, and return all that is told on the next page."""
    response = client.post(f"{LIST}edit/{of.pk}/", {**form_of(of), f"action-{action}": "1"}, follow=True)
    return "".join(str(message) for message in response.context["messages"])


@pytest.fixture
def american(site_id: int) -> Any:
    return contact(first_name="Ada", region="US", phone="+12025550123", active_phone="+12025550123")


def test_each_text_each_list_and_each_country_of_our_contacts_is_named(american: Any) -> None:
    contact(region="CA", phone="+15062345678", active_phone="+15062345678")
    contact(region="US", phone="+12025550124", active_phone="+12025550124")
    made = sequence(
        text("a", "Wine and beer"),
        step("b", "wait_duration", amount=1, unit="days"),
        text("c", "Vape and champagne"),
    )

    found = word_advice.of(made)

    assert [each.sentence for each in found] == [
        "Step 1, Send a text: “beer”, “wine” (alcohol; United States, Canada)",
        "Step 3, Send a text: “champagne” (alcohol; United States, Canada)",
        "Step 3, Send a text: “vape” (tobacco; United States, Canada)",
    ]
    assert found[0].origin.startswith("SHAFT, of the CTIA's rules for short codes")
    assert found[0].origin.endswith("(read 26/11/2026)")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('{{ contact.first_name | default: "wine" }}', ["wine"]),
        ("{{ contact.first_name | default: 'wine' }}", ["wine"]),
        ("{% if contact.first_name %}wine{% else %}beer{% endif %}", ["beer", "wine"]),
        ("{% if contact.first_name == 'wine' %}Hello{% endif %}", []),
        ("{{ wine }} {{ cart.wine }}", []),
        ("wi{{ contact.first_name }}ne", []),
        ("https://shop.example/wine", []),
        ("{{ broken wine", ["wine"]),
    ],
)
def test_what_a_text_says_whoever_reads_it_is_looked_at(
    american: Any, words: str, expected: list[str], settings: Any
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://shop.example"}

    found = word_advice.of(sequence(text("a", words)))

    assert [list(each.words) for each in found] == ([expected] if expected else [])


def test_a_country_in_which_nobody_lives_does_not_matter_and_the_sites_own_does(
    site_id: int, settings: Any
) -> None:
    contact(region="DE", phone="+4915112345678", active_phone="+4915112345678")
    contact(region="US", phone="", active_phone=None)
    made = sequence(text("a", WINE))
    assert said(made) == []

    core.change_site_settings(site_id, region="CA")

    assert said(made) == ["Step 1, Send a text: “wine” (alcohol; Canada)"]


def test_what_the_shop_switched_off_is_not_told_and_its_own_words_are(american: Any, site_id: int) -> None:
    now = clock.now()
    word_actions.change_list(site_id, "alcohol", silent=["wine"], reason="r", by="ada", now=now)
    word_actions.save_own(site_id, OwnWord(word="two", reason="Say a pair"), by="ada", now=now)

    found = word_advice.of(sequence(text("a", WINE)))

    assert [(each.sentence, each.origin) for each in found] == [
        ("Step 1, Send a text: “two” (the shop’s own word; everywhere)", "Say a pair")
    ]


def test_publishing_tells_and_publishes(admin_client: Client, american: Any) -> None:
    made = sequence(text("a", WINE))

    told = press(admin_client, made, "publish")

    made.refresh_from_db()
    assert made.live
    assert "Step 1, Send a text: “wine” (alcohol; United States)" in told
    assert "SHAFT" in told


def test_submitting_for_moderation_tells_and_submits(admin_client: Client, american: Any) -> None:
    workflow = Workflow.objects.create(name="Check")
    WorkflowTask.objects.create(workflow=workflow, task=Task.objects.create(name="Look"), sort_order=1)
    WorkflowContentType.objects.create(
        workflow=workflow, content_type=ContentType.objects.get_for_model(Sequence)
    )
    made = sequence(text("a", WINE))

    told = press(admin_client, made, "submit")

    assert Sequence.objects.get(pk=made.pk).current_workflow_state is not None
    assert "“wine” (alcohol; United States)" in told


def test_nothing_is_told_of_an_ordinary_text(admin_client: Client, american: Any) -> None:
    told = press(admin_client, sequence(text("a", "Tea for two. Reply STOP to opt out")), "publish")

    assert "updated and published" in told
    assert "need care" not in told


def test_a_word_is_told_as_it_was_written_and_not_as_markup(
    admin_client: Client, american: Any, site_id: int
) -> None:
    own = OwnWord(word="<b>two", reason="<script>alert(1)</script>")
    word_actions.save_own(site_id, own, by="ada", now=clock.now())

    told = press(admin_client, sequence(text("a", "For <b>two")), "publish")

    assert "&lt;b&gt;two" in told
    assert "<script>" not in told


def test_a_draft_says_so_in_the_editor_and_where_people_are_inside(
    admin_client: Client, american: Any
) -> None:
    made = live_sequence(name="Tips", steps=[("send_message", {"text": "Hello"})])
    raw = made.steps.get_prep_value()
    made.steps = made.steps.stream_block.to_python([{**raw[0], "value": {**raw[0]["value"], "text": WINE}}])
    made.save_revision()

    for address in (f"{LIST}edit/{made.pk}/", f"{LIST}publish/{made.pk}/"):
        page = admin_client.get(address).content.decode()
        assert "Step 1, Send a text: “wine” (alcohol; United States)" in page, address


def test_a_saved_message_tells_too(admin_client: Client, american: Any) -> None:
    saved = MessageTemplate.objects.create(name="Farewell", text="Bye")

    response = admin_client.post(
        f"/admin/text-messages/saved-messages/edit/{saved.pk}/",
        {"name": "Farewell", "text": WINE, "action-publish": "1"},
        follow=True,
    )

    told = [str(message) for message in response.context["messages"]]
    assert MessageTemplate.objects.get().text == WINE
    assert any("“wine” (alcohol; United States)" in each for each in told)


def test_a_message_tells_of_a_few_and_that_there_are_more(admin_client: Client, american: Any) -> None:
    words = "Wine, vape, casino, gun, cbd, porn, bitcoin"
    made = sequence(text("a", words))
    assert len(word_advice.of(made)) == 7

    told = press(admin_client, made, "publish")

    assert told.count("<li>") == word_advice.SHOWN + 1
    assert "and more, in the editor" in told


def test_the_queries_do_not_grow_with_texts_and_people(american: Any) -> None:
    def queries(texts: int) -> int:
        made = sequence(*(text(str(number), WINE) for number in range(texts)))
        with CaptureQueriesContext(connection) as found:
            assert len(word_advice.of(made)) == texts
        return len(found)

    few = queries(1)
    for _each in range(5):
        reachable_contact()

    assert queries(10) == few
