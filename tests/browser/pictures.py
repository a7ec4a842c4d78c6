"""Pictures of what a test sees, where DRIP_SHOTS names a folder for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

FOLDER = os.environ.get("DRIP_SHOTS", "")


def shoot(page: Page, name: str, **options: Any) -> None:
    """Keep what is on the page once it is drawn. *options* are Playwright's; the whole page if none are given."""
    if FOLDER:
        Path(FOLDER).mkdir(parents=True, exist_ok=True)
        page.wait_for_load_state("load")
        # Wagtail shows a page only when its scripts have begun: before, the picture is white.
        page.wait_for_timeout(300)
        page.screenshot(path=f"{FOLDER}/{name}.png", **(options or {"full_page": True}))
