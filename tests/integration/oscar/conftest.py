from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from tests import shop


@pytest.fixture
def product(db: None) -> Any:
    cache.clear()
    return shop.stock()
