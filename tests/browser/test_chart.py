"""The chart on a page of its own: Wagtail's own scripts, a strict content security policy, a real browser."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

WEEK = {
    "id": "chart-week",
    "title": "Delivered messages and clicks",
    "description": "Tuesday's text was clicked twice as often as Monday's.",
    "kind": "bar",
    "columns": [
        {"label": "Day"},
        {"label": "Delivered", "series_type": "bar"},
        {"label": "Click rate", "series_type": "line", "unit": "%"},
    ],
    "rows": [["Monday", 1204, 4.1], ["Tuesday", 1310, 8.2], ["Wednesday", 990, None]],
}
STACKED = {
    "id": "chart-outcomes",
    "title": "What became of the messages",
    "description": "",
    "kind": "stacked",
    "columns": [{"label": "Step"}, *({"label": label} for label in ("Delivered", "Undelivered", "Skipped"))],
    "rows": [["Reminder", 900, 40, 12], ["Offer <10 %>", 700, 35, 60], ["Last call", 420, 22, 90]],
}
TREND = {
    "id": "chart-trend",
    "title": "Sent per day",
    "description": "Four months.",
    "kind": "line",
    "columns": [{"label": "Day"}, *({"label": f"Sequence {n}"} for n in range(1, 7))],
    "rows": [[f"Day {day}", *(50 * n + (day * (n + 3)) % 37 for n in range(1, 7))] for day in range(1, 121)],
}
WAGTAIL_SCRIPTS = (
    "vendor/jquery-3.6.0.min",
    "vendor/jquery-ui-1.13.2.min",
    "vendor/tag-it",
    "core",
    "vendor",
)
POLICY = "default-src 'self'; connect-src 'self'; img-src 'self' data:"


def page_of(*charts: dict[str, Any], theme: str, direction: str) -> str:
    figures = "".join(render_to_string("wagtail_drip/admin/chart.html", {"chart": chart}) for chart in charts)
    media = render_to_string("wagtail_drip/admin/chart_media.html")
    scripts = "".join(
        f'<script src="/static/wagtailadmin/js/{name}.js"></script>' for name in WAGTAIL_SCRIPTS
    )
    config = json.dumps(
        {"CSRF_HEADER_NAME": "x-csrftoken", "CSRF_TOKEN": "", "ADMIN_URLS": {}, "STRINGS": {}}
    )
    return f"""<!doctype html><html lang="en" dir="{direction}" class="{theme}"><head><title>Charts</title>
      <link rel="icon" href="/static/wagtailadmin/images/favicon.ico">
      <link rel="stylesheet" href="/static/wagtailadmin/css/core.css">
      <script type="application/json" id="wagtail-config">{config}</script>
      {scripts}{media}</head><body><main>{figures}</main></body></html>"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        theme, _, direction = self.path.strip("/").partition("/")
        kind = "text/html; charset=utf-8"
        if self.path.startswith("/static/"):
            found = finders.find(self.path.removeprefix("/static/"))
            body = Path(str(found)).read_bytes() if found else b""
            kind = {"js": "text/javascript", "css": "text/css"}.get(
                self.path.rpartition(".")[2], "image/x-icon"
            )
        else:
            body = page_of(WEEK, STACKED, TREND, theme=theme, direction=direction or "ltr").encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(reduced_motion="reduce", viewport={"width": 1000, "height": 700})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


def colours(page: Page, chart: str) -> set[str]:
    painted = page.locator(f"#{chart} svg [fill], #{chart} svg [stroke]")
    values = painted.evaluate_all(
        "all => all.flatMap(e => [e.getAttribute('fill'), e.getAttribute('stroke')])"
    )
    return {value.lower() for value in values if value}


def test_a_chart_is_drawn_as_svg_from_the_table_and_the_table_is_folded_away(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light")

    picture = page.locator("#chart-week svg")
    expect(picture).to_be_visible()
    for words in ("Monday", "Wednesday", "Delivered", "Click rate"):
        expect(picture.get_by_text(words, exact=True).first).to_be_visible()
    expect(page.locator("#chart-week table")).to_be_hidden()
    assert page.evaluate("document.querySelectorAll('script[src$=\"echarts.min.js\"]').length") == 1


def test_the_table_opens_with_the_keyboard_and_holds_the_same_numbers(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light")
    expect(page.locator("#chart-week svg")).to_be_visible()

    page.locator("#chart-week summary").focus()
    page.keyboard.press("Enter")

    table = page.get_by_role("table", name="Delivered messages and clicks")
    expect(table.get_by_role("row", name="Wednesday")).to_have_text(re.compile(r"Wednesday\s*990\s*–"))


def test_who_cannot_see_hears_what_the_picture_shows(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light")

    picture = page.locator("#chart-week [role=img]")
    expect(picture).to_have_attribute("aria-label", "Delivered messages and clicks. Delivered, Click rate.")
    expect(page.get_by_role("figure", name="Delivered messages and clicks")).to_be_visible()


def test_pointing_at_a_bar_shows_its_numbers(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light")
    picture = page.locator("#chart-week svg")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(picture.get_by_text("1,310").first).to_be_visible()
    expect(picture.get_by_text("8.2%").first).to_be_visible()


def test_the_colours_follow_the_theme_while_the_page_is_open(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light")
    expect(page.locator("#chart-week svg")).to_be_visible()
    assert "#007d7e" in colours(page, "chart-week")

    page.evaluate("document.documentElement.className = 'w-theme-dark'")

    expect(page.locator("#chart-week svg [fill='#5cc8c9']").first).to_be_attached()
    assert "#007d7e" not in colours(page, "chart-week")


def test_the_system_theme_is_followed_too(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-system")
    expect(page.locator("#chart-trend svg")).to_be_visible()
    assert "#4d7c0f" in colours(page, "chart-trend")

    page.emulate_media(color_scheme="dark")

    expect(page.locator("#chart-trend svg [stroke='#a9cf6a']").first).to_be_attached()


def test_the_picture_takes_the_width_it_is_given(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light")
    expect(page.locator("#chart-week svg")).to_be_visible()

    page.set_viewport_size({"width": 380, "height": 700})

    expect(page.locator("#chart-week svg")).to_have_attribute("width", re.compile(r"^3\d\d$"))
    assert page.evaluate("document.documentElement.scrollWidth <= 380")


def test_paper_shows_the_numbers(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light")
    expect(page.locator("#chart-week table")).to_be_hidden()

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#chart-week table")).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")

    expect(page.locator("#chart-week table")).to_be_hidden()


def test_right_to_left_pages_read_from_the_right(page: Page, site: str) -> None:
    page.goto(f"{site}/w-theme-light/rtl")
    expect(page.locator("#chart-week svg")).to_be_visible()

    first = page.locator("#chart-week svg").get_by_text("Monday").bounding_box()
    last = page.locator("#chart-week svg").get_by_text("Wednesday").bounding_box()

    assert first
    assert last
    assert first["x"] > last["x"]


def test_without_javascript_the_numbers_stand_open(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/w-theme-light")

    expect(page.locator("#chart-outcomes table")).to_be_visible()
    expect(page.locator("#chart-outcomes tbody th").nth(1)).to_have_text("Offer <10 %>")
    context.close()
