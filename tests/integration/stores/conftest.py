from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.stores.shop import PaperShop


@pytest.fixture(autouse=True)
def _a_shop_on_paper(settings: Any) -> Iterator[None]:
    settings.WAGTAIL_DRIP = {
        **settings.WAGTAIL_DRIP,
        "STORES": {
            "paper": {"BACKEND": "tests.integration.stores.shop.PaperShop"},
            "far": {"BACKEND": "tests.integration.stores.shop.FarShop"},
        },
    }
    yield
    PaperShop.forget()
