"""What people do in the sandbox, whatever the story."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

PATIENCE_SECONDS = 60


def wait_for(what: Callable[[], Any], *, words: str) -> Any:
    """Return the first true answer; workers take a second or two."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.3)
    raise AssertionError(f"Waited {PATIENCE_SECONDS} s in vain: {words}")


@dataclass(frozen=True, kw_only=True)
class Phone:
    """What the telephone shows, by its page's JSON twin."""

    address: str
    number: str

    def texts(self) -> list[dict[str, str]]:
        url = f"{self.address}/phone/messages.json?number=%2B{self.number[1:]}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
            found: list[dict[str, str]] = json.load(answer)
        return found

    def delivered(self, count: int) -> list[str]:
        """Return the words once so many texts have been delivered."""

        def arrived() -> list[str]:
            found = [text["text"] for text in self.texts() if text["status"] == "delivered"]
            return found if len(found) >= count else []

        found = wait_for(arrived, words=f"{count} delivered texts")
        assert len(found) == count
        return found


def log_in(page: Page) -> None:
    page.goto("/admin/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill("admin")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/admin/$"))


def preview(page: Page) -> FrameLocator:
    """Open the panel beside the editor and return the phone in it."""
    toggle = page.get_by_role("button", name="Toggle preview")
    if toggle.get_attribute("aria-expanded") != "true":
        toggle.click()
    return page.frame_locator("#w-preview-iframe")


# Wagtail's pages scroll smoothly: on a busy machine still while the mouse is down, and the button has gone from under it.
SCROLLS_AT_ONCE = """
document.addEventListener('DOMContentLoaded', () => {
  const style = document.createElement('style');
  style.textContent = '* { scroll-behavior: auto !important; }';
  document.head.append(style);
});
"""


@contextmanager
def desk(chromium: Browser, address: str, user: User) -> Iterator[Page]:
    """Open the admin of a live server for *user*, who is logged in; an error in a page fails the test."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    context = _office(chromium, address)
    context.clear_cookies()
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])
    page = context.new_page()
    expect.set_options(timeout=45_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    # Away from the editor, so that no request of its own outlives the test's database.
    page.goto("about:blank")
    tools = context.new_cdp_session(page)
    tools.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
    page.close()
    for left in context.pages:
        left.close()
    assert not errors


def _office(chromium: Browser, address: str) -> BrowserContext:
    """
    Return the one context of all desks of a browser: it keeps the scripts and styles of the admin.

    Without that, each test asks for fifty of them, and reads them anew. What a visit leaves in it besides, cookies and
    what pages store, is gone before the next.
    """
    for context in chromium.contexts:
        if getattr(context, "is_office", False):
            return context
    context = chromium.new_context(viewport={"width": 1500, "height": 950}, base_url=address)
    # Wagtail takes what stands in the form two seconds after loading for what was there; then it watches.
    context.add_init_script(
        "document.addEventListener('w-unsaved:watch-edits', () => { window.isWatching = true; })"
    )
    context.add_init_script(SCROLLS_AT_ONCE)
    context.is_office = True  # type: ignore[attr-defined]
    return context
