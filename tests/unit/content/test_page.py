"""The page on variables tells what the code does."""

from __future__ import annotations

import re

import pytest

from tests.architecture.house import ROOT
from wagtail_drip.content import variables
from wagtail_drip.content.filters import FILTERS
from wagtail_drip.content.language import parse

PAGE = (ROOT / "docs" / "reference" / "variables.md").read_text()
EXAMPLES = re.findall(r"^\| `(\w+)` \| `(.+)` \| (.*) \|$", PAGE, re.MULTILINE)


def test_every_variable_is_on_the_page_with_its_words_and_its_sample() -> None:
    for variable in variables.known():
        assert f"| `{variable.name}` | {variable.label} | {variable.sample} |" in PAGE


def test_every_filter_is_on_the_page_and_no_other() -> None:
    assert {name for name, _example, _prints in EXAMPLES} == set(FILTERS)


@pytest.mark.parametrize(("name", "example", "prints"), EXAMPLES)
def test_every_example_prints_what_the_page_says(name: str, example: str, prints: str) -> None:
    source = example.replace("\\|", "|")

    assert f"| {name}" in source
    assert parse(source).render({"event": {"sizes": ["S", "M", "L"]}}).text == prints
