"""The sandbox as demo.py runs it, and browsers for those who visit it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from wagtail.users.models import UserProfile

from sandbox import running
from sandbox.bootstrap import Environment
from sandbox.processes import Keeper
from tests.browser import pictures
from tests.browser.stage import SCROLLS_AT_ONCE, desk

# A headless browser names itself a machine, and a machine's click is not counted.
PERSON = (
    "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
)


class Here(Environment):
    """Not an environment of the sandbox's own, but the Python that runs these tests."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The running sandbox with web server, worker and phone, on a database of its own, gone when this is over."""
    folder = tmp_path_factory.mktemp("sandbox")
    here = Here(folder=folder, log=folder / "setup.log")
    port = running._free_port(18_000)
    keeper = Keeper()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "DATA", folder)
        patch.setattr(running, "LOGS", folder)
        running._manage(here, port, "migrate", "--no-input")
        running._manage(here, port, "seed_demo")
        keeper.begin()
        try:
            variables = here.variables(SANDBOX_PORT=str(port), SANDBOX_DATA=str(folder))
            for service in running._services(here, port, variables):
                keeper.start(service)
            running._wait_until_ready(keeper, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            keeper.stop()
    assert all(service.process and service.process.poll() is not None for service in keeper.services)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Playwright's loop runs in this thread, and so do the fixtures that write to the database.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, live_server: Any) -> Iterator[Page]:
    """The admin of a live server, as its owner sees it."""
    user = User.objects.create_superuser("ada", "ada@shop.example", "pass")
    with desk(chromium, live_server.url, user) as opened:
        yield opened


@pytest.fixture(params=["en", "zh-hans"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def owner(chromium: Browser, live_server: Any, language: str) -> Iterator[Page]:
    """The admin, as an owner sees it who reads English, and once more as one who reads Chinese."""
    user = User.objects.create_superuser("owner", "owner@shop.example", "pass")
    UserProfile.objects.create(user=user, preferred_language=language)
    with desk(chromium, live_server.url, user) as opened:
        yield opened


@pytest.fixture
def look(owner: Page, language: str) -> Callable[[str], None]:
    """Keep a picture of the page where DRIP_SHOTS names a folder: wide, narrow and dark."""

    def keep(name: str) -> None:
        if not pictures.FOLDER:
            return
        pictures.shoot(owner, f"{name}.{language}", full_page=False)
        owner.emulate_media(color_scheme="dark")
        pictures.shoot(owner, f"{name}.{language}.dark", full_page=False)
        owner.emulate_media(color_scheme="light")
        owner.set_viewport_size({"width": 390, "height": 1300})
        pictures.shoot(owner, f"{name}.{language}.phone", full_page=False)
        owner.set_viewport_size({"width": 1500, "height": 950})

    return keep


@pytest.fixture
def phone(chromium: Browser, live_server: Any) -> Iterator[Page]:
    """A small phone without JavaScript, whose browser takes nothing from anywhere but the site."""
    context = chromium.new_context(
        base_url=live_server.url,
        viewport={"width": 390, "height": 844},
        java_script_enabled=False,
        is_mobile=True,
        has_touch=True,
    )
    elsewhere: list[str] = []
    context.on(
        "request",
        lambda request: (
            elsewhere.append(request.url) if not request.url.startswith(live_server.url) else None
        ),
    )
    yield context.new_page()
    context.close()
    assert elsewhere == []


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser of its own for somebody; what fails in their pages fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def begin(**options: Any) -> BrowserContext:
        context = chromium.new_context(base_url=address, user_agent=PERSON, **options)
        context.add_init_script(SCROLLS_AT_ONCE)
        context.set_default_timeout(60_000)
        context.set_default_navigation_timeout(60_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield begin
    for context in contexts:
        context.close()
    assert not errors
