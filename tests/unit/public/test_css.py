"""The styles of our public pages can be read by whoever sees badly, by day and by night, and come from us alone."""

from __future__ import annotations

import re

import pytest

from tests.architecture.house import PACKAGE

CSS = (PACKAGE / "static" / "wagtail_drip" / "css" / "public.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--drip-([a-z-]+): (#[0-9a-f]+);", part)) for part in CSS.split(":root {")[1:]
)


def luminance(colour: str) -> float:
    """As WCAG 2.1 defines relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("text", "back", 4.5),
        ("quiet", "back", 4.5),
        ("action", "back", 4.5),
        ("on-action", "action", 4.5),
        ("stop", "back", 4.5),
        ("good-text", "good-back", 4.5),
        ("bad-text", "bad-back", 4.5),
        ("line", "back", 3),  # the edge of a field
    ],
)
def test_what_is_written_stands_out(theme: dict[str, str], ink: str, paper: str, least: float) -> None:
    assert contrast(theme[ink], theme[paper]) >= least


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
