from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.paper_shop import PaperShop


@pytest.fixture(autouse=True)
def _a_shop_on_paper(settings: Any) -> Iterator[None]:
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "STORES": {
            "paper": {"BACKEND": "tests.paper_shop.PaperShop"},
            "far": {"BACKEND": "tests.paper_shop.FarShop"},
        },
    }
    yield
    PaperShop.forget()
