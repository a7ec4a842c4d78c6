"""An owner's own words beside sign-ups: for which forms they stand, and who may not be displaced by them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.compliance import opt_in_wording, own_wording
from wagtail_drip.compliance.models import OptInWording
from wagtail_drip.compliance.own_wording import WordingDraft, WordingIsThere

pytestmark = pytest.mark.django_db


def write(now: datetime, **fields: Any) -> OptInWording:
    given = {"text": "Own words", "source": "our lawyer", "read_on": date(2026, 11, 20), **fields}
    row = own_wording.save(WordingDraft(**given), by="ada", now=now)
    assert row is not None
    return row


def ours(region: str, language: str = "en") -> str:
    return opt_in_wording.draft(region=region, group="marketing", language=language).text


def shown(region: str, language: str = "en", group: str = "marketing") -> str:
    return own_wording.default_words(region, group, language)


def test_without_words_of_an_owners_forms_show_ours() -> None:
    assert [shown("US"), shown("GB"), shown("GB", "zh-hans")] == [
        ours("US"),
        ours("GB"),
        ours("GB", "zh-hans"),
    ]
    assert shown("GB", group="transactional").startswith("Yes, {sender} may text me about my orders")


def test_words_stand_for_their_country_and_the_language_of_the_page(now: datetime) -> None:
    write(now, country="DE", language="de", text="Ja")
    write(now, country="DE", text="Yes, any language")
    write(now, country="AT", language="de", text="Jo")

    assert shown("DE", "de") == "Ja"
    assert shown("DE", "de-at") == "Ja"
    assert shown("DE", "fr") == "Yes, any language"
    assert shown("AT", "de") == "Jo"
    assert shown("AT", "en") == ours("AT")
    assert shown("GB", "de") == ours("GB")


def test_words_for_a_kind_of_language_are_not_for_its_sisters(now: datetime) -> None:
    write(now, country="HK", language="zh-hant", text="好")

    assert shown("HK", "zh-hant") == "好"
    assert shown("HK", "zh-hans") == ours("HK", "zh-hans")


def test_words_for_everywhere_else_stand_behind_ours_for_a_country(now: datetime) -> None:
    write(now, text="Everywhere {sender}")

    assert shown("GB") == "Everywhere {sender}"
    assert shown("") == "Everywhere {sender}"
    # Else they would leave out what the law there wants said.
    assert shown("US") == ours("US")

    write(now, country="US", text="Our lawyer's words for America")

    assert shown("US") == "Our lawyer's words for America"


def test_words_are_for_one_purpose(now: datetime) -> None:
    write(now, country="GB", group="transactional", text="About your orders")

    assert shown("GB", group="transactional") == "About your orders"
    assert shown("GB") == ours("GB")


def test_what_has_to_be_said_is_of_the_country_and_of_everywhere(now: datetime) -> None:
    write(now, country="DE", language="de", text="", must_say=["Widerruf", " Datenschutz ", ""])
    write(now, country="DE", language="en", text="", must_say=["Widerruf"])
    write(now, text="", must_say=["18"])
    write(now, country="FR", text="", must_say=["RGPD"])

    rows = own_wording.rows_of("DE", "marketing")

    assert own_wording.phrases_of(rows) == ["Widerruf", "Datenschutz", "18"]
    assert own_wording.rows_of("DE", "transactional") == []
    # What only has to be said changes nothing of what is shown.
    assert shown("DE", "de") == ours("DE")


def test_words_are_changed_and_removed(now: datetime) -> None:
    row = write(now, country="DE")

    changed = own_wording.save(
        WordingDraft(country="DE", language="DE", text=" Ja ", source="s", read_on=date(2026, 11, 21)),
        by="bob", now=now, pk=row.pk,
    )  # fmt: skip

    assert changed is not None
    row.refresh_from_db()
    assert (row.language, row.text, row.edited_by) == ("de", "Ja", "bob")
    assert own_wording.delete(row.pk) is True
    assert own_wording.delete(row.pk) is False
    assert (
        own_wording.save(WordingDraft(text="x", source="s", read_on=now.date()), by="ada", now=now, pk=row.pk)
        is None
    )


def test_one_country_and_language_has_one_wording(now: datetime) -> None:
    row = write(now, country="DE", language="de")

    with pytest.raises(WordingIsThere):
        write(now, country="DE", language="DE", text="Other words")

    assert OptInWording.objects.get() == row
    assert write(now, country="DE", language="de", group="transactional").pk != row.pk


def test_words_that_say_nothing_are_refused(now: datetime) -> None:
    with pytest.raises(ValueError, match="must_say"):
        write(now, text="  ", must_say=[" "])

    assert not OptInWording.objects.exists()


def test_they_are_read_in_one_query_however_many_there_are(now: datetime) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            shown("DE", "de")
        return len(found)

    for number in range(4):
        write(now, country="DE", language=f"x{number}")
    four = queries()
    for number in range(4, 40):
        write(now, country="DE", language=f"x{number}")

    assert (four, queries()) == (1, 1)
