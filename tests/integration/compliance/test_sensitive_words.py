"""What a shop says over the shipped lists of sensitive words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from wagtail_drip.compliance import word_actions
from wagtail_drip.compliance.models import SensitiveWord
from wagtail_drip.compliance.sensitive_words import LISTS, find
from wagtail_drip.compliance.word_actions import OwnWord

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_site_id(site_id: int) -> int:
    root = Site.objects.get(pk=site_id).root_page
    return Site.objects.create(hostname="second.example", root_page=root).pk


def found(text: str, place: str, site_id: int) -> list[str]:
    return [each.word for each in find(text, word_actions.lists_of(site_id), place=place)]


def silence(site_id: int, kind: str, *words: str, now: datetime, reason: str = "Approved") -> Any:
    return word_actions.change_list(site_id, kind, silent=words, reason=reason, by="ada", now=now)


def test_without_a_change_a_shop_is_warned_by_what_we_ship(site_id: int) -> None:
    assert word_actions.lists_of(site_id) == LISTS


def test_a_word_that_is_switched_off_is_not_warned_of_and_its_sisters_are(
    site_id: int, now: datetime
) -> None:
    new, again = silence(site_id, "alcohol", "wine", now=now)

    assert ([row.word for row in new], again) == (["wine"], [])
    assert found("Wine and beer", "US", site_id) == ["beer"]
    row = SensitiveWord.objects.get()
    assert (row.reason, row.edited_by, row.edited_at) == ("Approved", "ada", now)


def test_a_list_that_is_switched_off_is_not_warned_of_and_the_others_are(site_id: int, now: datetime) -> None:
    silence(site_id, "alcohol", "", now=now)

    assert found("Wine, beer and vape", "US", site_id) == ["vape"]


def test_another_site_is_warned_as_before(site_id: int, other_site_id: int, now: datetime) -> None:
    silence(site_id, "alcohol", "", now=now)

    assert found("Wine", "US", other_site_id) == ["wine"]


def test_switching_on_again_needs_no_reason_and_keeps_what_stays_off(site_id: int, now: datetime) -> None:
    silence(site_id, "alcohol", "wine", "beer", now=now, reason="First")

    new, again = silence(site_id, "alcohol", "beer", now=now, reason="")

    assert (new, [row.word for row in again]) == ([], ["wine"])
    assert SensitiveWord.objects.values_list("word", "reason").get() == ("beer", "First")


def test_nothing_is_switched_off_without_a_reason(site_id: int, now: datetime) -> None:
    with pytest.raises(word_actions.NeedsReason):
        silence(site_id, "alcohol", "wine", now=now, reason=" ")

    assert not SensitiveWord.objects.exists()


@pytest.mark.parametrize(("kind", "word"), [("alcohol", "prosecco"), ("wines", "wine")])
def test_only_what_is_shipped_can_be_switched_off(site_id: int, now: datetime, kind: str, word: str) -> None:
    with pytest.raises(word_actions.NoSuchWord):
        silence(site_id, kind, word, now=now)

    assert not SensitiveWord.objects.exists()


def test_a_change_about_a_word_that_is_no_longer_shipped_says_nothing(site_id: int, now: datetime) -> None:
    SensitiveWord.objects.create(
        site_id=site_id, kind="gone", word="x", digest="d", reason="r", edited_at=now
    )

    assert word_actions.lists_of(site_id) == LISTS


@pytest.mark.parametrize(
    ("country", "place", "expected"),
    [("", "", ["Cheap"]), ("", "FR", ["Cheap"]), ("FR", "FR", ["Cheap"]), ("FR", "US", [])],
)
def test_an_own_word_is_found_where_it_needs_care(
    site_id: int, now: datetime, country: str, place: str, expected: list[str]
) -> None:
    draft = OwnWord(word="Cheap", reason="Off brand", country=country, instead="good value")

    word_actions.save_own(site_id, draft, by="ada", now=now)

    assert found("Not CHEAP at all", place, site_id) == expected


def test_an_own_word_stands_before_the_same_one_of_ours(site_id: int, now: datetime) -> None:
    word_actions.save_own(site_id, OwnWord(word="wine", reason="Ask Eve"), by="ada", now=now)

    (only,) = find("wine", word_actions.lists_of(site_id), place="US")

    assert (only.list.kind, only.list.why, only.list.read) == ("own", "Ask Eve", now.date().isoformat())


@pytest.mark.parametrize("again", ["CAFÉ", "cafe", " ｃａｆｅ "])
def test_an_own_word_is_kept_once_however_it_is_written(site_id: int, now: datetime, again: str) -> None:
    first = word_actions.save_own(site_id, OwnWord(word="café", reason="r"), by="ada", now=now)

    with pytest.raises(word_actions.WordIsThere):
        word_actions.save_own(site_id, OwnWord(word=again, reason="r"), by="ada", now=now)

    assert list(SensitiveWord.objects.all()) == [first]
    assert word_actions.save_own(site_id, OwnWord(word=again, reason="r", country="FR"), by="ada", now=now)


@pytest.mark.parametrize("pair", [("最佳", "最好"), ("😀", "🍷"), ("R", "₽")])
def test_words_that_a_database_might_take_for_one_are_two(
    site_id: int, now: datetime, pair: tuple[str, str]
) -> None:
    for word in pair:
        assert word_actions.save_own(site_id, OwnWord(word=word, reason="r"), by="ada", now=now)


def test_an_own_word_is_changed_in_its_place_and_taken_away(site_id: int, now: datetime) -> None:
    row = word_actions.save_own(site_id, OwnWord(word="cheap", reason="r"), by="ada", now=now)
    assert row is not None

    changed = word_actions.save_own(
        site_id, OwnWord(word="Cheap", reason="Better"), by="bea", now=now, pk=row.pk
    )

    assert changed is not None
    assert (changed.pk, changed.word, changed.reason, changed.edited_by) == (row.pk, "Cheap", "Better", "bea")
    assert word_actions.delete_own(site_id, row.pk)
    assert not word_actions.delete_own(site_id, row.pk)
    assert word_actions.save_own(site_id, OwnWord(word="x", reason="r"), by="a", now=now, pk=row.pk) is None
    assert not SensitiveWord.objects.exists()


def test_a_word_that_does_not_show_is_refused(site_id: int, now: datetime) -> None:
    with pytest.raises(ValueError, match="nothing to be found by"):
        word_actions.save_own(site_id, OwnWord(word="\u200b ", reason="r"), by="ada", now=now)

    assert not SensitiveWord.objects.exists()


def test_a_shop_keeps_a_bounded_number(site_id: int, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_actions, "MOST_OWN", 1)
    row = word_actions.save_own(site_id, OwnWord(word="a", reason="r"), by="ada", now=now)

    with pytest.raises(word_actions.TooManyWords, match=r"\(1\)"):
        word_actions.save_own(site_id, OwnWord(word="b", reason="r"), by="ada", now=now)

    assert list(SensitiveWord.objects.all()) == [row]


def test_reading_is_one_query_however_many_there_are(site_id: int, now: datetime) -> None:
    silence(site_id, "extremes", *next(each for each in LISTS if each.kind == "extremes").words, now=now)
    for number in range(20):
        word_actions.save_own(site_id, OwnWord(word=f"w{number}", reason="r"), by="ada", now=now)

    with CaptureQueriesContext(connection) as queries:
        word_actions.lists_of(site_id)

    assert len(queries) == 1
