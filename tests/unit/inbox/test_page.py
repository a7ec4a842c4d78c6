"""The page on stop and help words lists what the code understands."""

from __future__ import annotations

import re

import pytest

from tests.architecture.house import ROOT
from wagtail_drip.compliance import keywords

PAGE = (ROOT / "docs" / "how_to" / "stop_and_help_words.md").read_text()


@pytest.mark.parametrize(
    ("title", "tables"),
    [
        ("Stop", (keywords.STOP, keywords.STOP_IN)),
        ("Start", (keywords.START, keywords.START_IN)),
        ("Help", (keywords.HELP, keywords.HELP_IN)),
    ],
)
def test_every_word_is_on_the_page_and_no_other(
    title: str, tables: tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]
) -> None:
    section = re.search(rf"^### {title}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    rows = dict(re.findall(r"^\| ([^|`]+) \| (`.*`) \|$", section[1], re.MULTILINE))

    everywhere, only = tables
    expected = {
        **{
            "everywhere" if language == "global" else language: words
            for language, words in everywhere.items()
        },
        **{f"only numbers of {region}": words for region, words in only.items()},
    }

    assert {name: tuple(re.findall(r"`([^`]+)`", words)) for name, words in rows.items()} == expected
