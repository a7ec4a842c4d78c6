"""Parts one after another, as one reads them."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import pgettext


def listed(parts: Iterable[object]) -> str:
    """Return *parts* with what stands between them in the reader's language: "a, b" or "甲、乙"."""
    return pgettext("between the parts of a list", ", ").join(map(str, parts))
