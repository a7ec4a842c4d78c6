"""A shop's own words are written once, and obeyed from the next text on."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.inbox.test_stop import SENDER, may_be_texted, subscriber, suppressions, text
from tests.integration.inbox.test_stop import site as site
from wagtail_drip.compliance import keyword_actions, querysets
from wagtail_drip.compliance.keyword_actions import KeywordDraft, KeywordRefused
from wagtail_drip.compliance.models import Keyword
from wagtail_drip.inbox import actions
from wagtail_drip.inbox.receive import receive_due
from wagtail_drip.messaging.models import InboundText

pytestmark = pytest.mark.django_db


def add(now: datetime, text: str, kind: str = "stop", **more: str) -> Keyword:
    return keyword_actions.save_keyword(KeywordDraft(kind=kind, text=text, **more), by="ada", now=now)


def arrive(words: str, now: datetime) -> None:
    InboundText.objects.create(
        gateway="default",
        provider_id=f"in-{InboundText.objects.count()}",
        from_number="+447700900123",
        to_number=SENDER,
        text=words,
        at=now,
        recorded_at=now,
        due_at=now,
    )


@pytest.mark.parametrize(("kind", "words"), [("stop", "Genug!"), ("phrase", "Hello, genug davon, thanks")])
def test_a_stop_of_the_shop_s_own_is_obeyed_at_once(now: datetime, site: int, kind: str, words: str) -> None:
    contact = subscriber(now, site)
    assert actions.apply_stop_at_once(gateway="default", inbound=text(words), now=now) is False
    add(now, "genug" if kind == "stop" else "genug davon", kind)

    assert actions.apply_stop_at_once(gateway="default", inbound=text(words), now=now) is True

    reason = "stop_keyword" if kind == "stop" else "stop_phrase"
    assert suppressions() == {("sender", f"default:{SENDER}", reason)}
    assert not may_be_texted(contact, site)


def test_a_help_word_and_a_start_word_are_read_as_such(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    add(now, "Telefon", "help")
    add(now, "Wieder", "start")
    for words in ("telefon", "STOP", "wieder"):
        arrive(words, now)
        receive_due(now=now)

    assert list(InboundText.objects.order_by("pk").values_list("verdict", flat=True)) == [
        "help",
        "stop",
        "start",
    ]
    assert may_be_texted(contact, site)


def test_it_is_kept_with_who_and_why(now: datetime) -> None:
    row = add(now, "Genug", language="de", country="DE", source="a customer", note="often")

    row.refresh_from_db()
    assert (row.bare, row.edited_by, row.edited_at) == ("genug", "ada", now)
    assert (row.language, row.country, row.source, row.note) == ("de", "DE", "a customer", "often")


def test_what_is_refused_is_not_written(now: datetime) -> None:
    add(now, "Genug")

    for words in ("yes", "genug!", "STOP"):
        with pytest.raises(KeywordRefused):
            add(now, words)

    assert Keyword.objects.count() == 1


def test_the_same_word_added_by_two_at_once_is_written_once(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second has looked before the first has written.
    looked = querysets.own_keywords()
    add(now, "Genug")
    with monkeypatch.context() as patch:
        patch.setattr(querysets, "own_keywords", lambda: looked)
        with pytest.raises(KeywordRefused):
            add(now, "genug")

    assert Keyword.objects.count() == 1


def test_a_change_is_of_the_same_row_and_deleting_ends_it(now: datetime) -> None:
    row = add(now, "Genug")

    keyword_actions.save_keyword(
        KeywordDraft(kind="phrase", text="genug davon"), by="bob", now=now, pk=row.pk
    )
    assert list(Keyword.objects.values_list("text", "kind", "edited_by")) == [
        ("genug davon", "phrase", "bob")
    ]
    assert keyword_actions.delete_keyword(row.pk) is True
    assert keyword_actions.delete_keyword(row.pk) is False


def test_ours_cost_no_query_and_a_pass_reads_the_shop_s_words_once(now: datetime, site: int) -> None:
    add(now, "Genug")
    once = querysets.keywords_once()
    with CaptureQueriesContext(connection) as found:
        for _ in range(3):
            once()
    assert len(found) == 1

    def keyword_queries(*words: str) -> int:
        for each in words:
            arrive(each, now)
        with CaptureQueriesContext(connection) as queries:
            receive_due(now=now)
        return sum("wagtail_drip_keyword" in each["sql"] for each in queries)

    assert keyword_queries("STOP", "START", "HELP") == 0
    assert keyword_queries("hello", "where is it?", "genug") == 1
    assert keyword_queries() == 0
