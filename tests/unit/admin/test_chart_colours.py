"""The colours of charts, held against the page's own in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path("wagtail_drip/static/wagtail_drip/css/chart.css")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def series_colours(selector: str) -> list[str]:
    block = re.search(rf"^\s*{re.escape(selector)} {{(.*?)}}", CSS.read_text(), re.DOTALL | re.MULTILINE)
    assert block, selector
    return re.findall(r"--drip-series-\d: (#[0-9a-f]{6});", block[1])


@pytest.mark.parametrize(
    ("selector", "page"),
    [
        pytest.param(":root", "#ffffff", id="light"),
        pytest.param(".w-theme-dark", "#262626", id="dark, on Wagtail's grey-600"),
    ],
)
def test_every_series_stands_out_from_the_page(selector: str, page: str) -> None:
    colours = series_colours(selector)

    assert len(colours) == 6
    assert {colour: contrast(colour, page) >= 3 for colour in colours} == dict.fromkeys(colours, True)


def test_the_system_theme_in_the_dark_has_the_dark_colours() -> None:
    assert series_colours(".w-theme-system") == series_colours(".w-theme-dark")
