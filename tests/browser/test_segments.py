"""What the counter says while one types is what the text will cost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

import wagtail_drip
from wagtail_drip.gateways import encoding

pytestmark = pytest.mark.browser

SCRIPT = Path(wagtail_drip.__file__).parent / "static/wagtail_drip/js/segments.js"


def test_the_browser_counts_as_the_server_does() -> None:
    some = random.Random(7)
    pool = encoding.GSM_BASIC + encoding.GSM_EXTENSION + "你好ç“”…🎉👩‍👩‍👧é\u0301 \t"
    corpus = [
        "",
        "x" * 160,
        "x" * 161,
        "x" * 306,
        "x" * 307,
        "€" * 80,
        "€" * 81,
        "[" * 77 + "x",
        "你" * 70,
        "你" * 71,
    ]
    corpus += ["你" * 66 + "🎉" + "你" * 66, "x" * 152 + "€" + "x" * 10]
    corpus += ["".join(some.choices(pool, k=some.randrange(1, 400))) for _ in range(200)]
    corpus += [
        "".join(some.choices(encoding.GSM_BASIC + "€[]", k=some.randrange(1, 700))) for _ in range(200)
    ]

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(path=SCRIPT)
        counted = page.evaluate("texts => texts.map((text) => window.drip.segments.count(text))", corpus)
        browser.close()

    for words, found in zip(corpus, counted, strict=True):
        expected = encoding.count(words)
        assert found == {
            "encoding": expected.encoding,
            "units": expected.units,
            "segments": expected.segments,
            "left": expected.units_left,
            "costly": list(expected.costly),
        }
