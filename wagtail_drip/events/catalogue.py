"""Which events exist."""

from __future__ import annotations


def choices() -> list[tuple[str, str]]:
    return [("order_placed", "order_placed")]
