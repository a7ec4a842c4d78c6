"""What rules rest on is read in the reader's language where we said it in our words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import resources

import pytest
from django.utils import translation

from wagtail_drip.admin import sources

TABLES = ("legal_hours", "opt_in_wording", "readiness", "sensitive_words")
# These say nothing but where it stands.
CITATIONS = {
    "47 CFR 64.1200(c)(1)",
    "CTIA, Messaging Principles and Best Practices, May 2023",
    "Consumer Protection Act, regulation of 2011",
    "TRAI TCCCPR; smsgatewayhub.com",
}


def sources_in(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(found := part.get("source"), str):
            yield found
        for each in part.values():
            yield from sources_in(each)
    elif isinstance(part, list):
        for each in part:
            yield from sources_in(each)


def shipped() -> set[str]:
    tables = resources.files("wagtail_drip.compliance")
    texts = [tables.joinpath(f"{name}.toml").read_text("utf-8") for name in TABLES]
    return {source for text in texts for source in sources_in(tomllib.loads(text))}


def test_each_source_that_says_something_in_our_words_can_be_translated() -> None:
    of_china = {each for each in shipped() if re.match(r"[\u4e00-\u9fff《]", each)}

    assert of_china
    assert shipped() - of_china - CITATIONS == sources.OURS


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("no rule of hours found", "未找到关于时段的规定"),
        ("47 CFR 64.1200(c)(1)", "47 CFR 64.1200(c)(1)"),
        ("sale", "sale"),  # an owner's own word that happens to be in the catalogue of some app
        ("", ""),
    ],
)
def test_a_source_is_read_in_the_readers_language(source: str, read: str) -> None:
    with translation.override("zh-hans"):
        assert sources.in_words(source) == read
