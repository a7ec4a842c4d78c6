from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils import translation

from wagtail_drip.core.listed import listed


@pytest.mark.parametrize(
    ("language", "parts", "read"),
    [
        ("en", ["tea", "milk", 3], "tea, milk, 3"),
        ("zh-hans", ["茶", "奶", 3], "茶、奶、3"),
        ("en", [], ""),
        ("en", (each for each in ["one"]), "one"),
    ],
)
def test_parts_are_read_one_after_another(language: str, parts: list[object], read: str) -> None:
    with translation.override(language):
        assert listed(parts) == read


def test_a_template_shows_what_somebody_wrote_as_they_wrote_it() -> None:
    told = Template("{% load drip_words %}{{ tags|listed }}").render(Context({"tags": ["<b>", "M&M"]}))

    assert told == "&lt;b&gt;, M&amp;M"
