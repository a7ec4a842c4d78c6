"""What the words beside a sign-up have to say, and the words that we ship."""

from __future__ import annotations

from datetime import date

import pytest

from wagtail_drip.compliance import opt_in_wording
from wagtail_drip.compliance.opt_in_wording import COSTS, DRAFTS, NEEDS_LINKS, RULES


def codes(region: str) -> list[str]:
    return [rule.code for rule in opt_in_wording.rules_for(region)]


def test_each_country_wants_its_own_said_in_one_order() -> None:
    full = ["stop", "recurring", "condition", "frequency", "rates", "help"]

    assert {region: codes(region) for region in ("US", "PR", "CA", "GB", "")} == {
        "US": full,
        "PR": full,
        "CA": ["stop", "rates", "help"],
        "GB": ["stop"],
        "": ["stop"],
    }
    assert {"US", "PR"} == NEEDS_LINKS
    assert {"US", "CA", "PR"} == COSTS


def test_every_row_says_what_it_rests_on_and_when_it_was_read() -> None:
    for row in (*RULES, *DRAFTS):
        assert row.source
        assert date(2026, 1, 1) < date.fromisoformat(row.read) <= date(2026, 12, 31)


@pytest.mark.parametrize("region", ["US", "CA", "PR", "GB", "CN", ""])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_our_own_words_say_all_that_we_look_for(region: str, language: str) -> None:
    draft = opt_in_wording.draft(region=region, group="marketing", language=language)

    assert draft.language == language
    assert draft.text.count("{sender}") == 1
    words = draft.text.replace("{sender}", "Teashop")
    assert opt_in_wording.missing(words, region=region, senders=("Teashop",)) == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en-gb", "en"),
        ("zh-hans", "zh-hans"),
        ("ZH-Hans", "zh-hans"),
        ("zh-hant", "en"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_a_page_in_a_language_that_we_lack_has_english_words(language: str, expected: str) -> None:
    assert opt_in_wording.draft(region="GB", group="marketing", language=language).language == expected


def test_an_owners_phrases_are_found_however_they_are_written() -> None:
    words = "Yes, Teashop may text me.\n  You may\u00a0 object at any time; ＳＴＯＰ ends it."

    assert opt_in_wording.unsaid(words, ["you may object", "STOP ends", "Widerruf", "Widerruf"]) == [
        "Widerruf"
    ]
    assert opt_in_wording.unsaid(words, []) == []
