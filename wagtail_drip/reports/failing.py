"""Do too many of a sequence's messages fail? Pure."""

from __future__ import annotations


def is_failing(*, failed: int, went: int, share: float, least: int) -> bool:
    """
    Tell whether failures pass the share that is borne.

    :param share: of all that were tried, above 0 and at most 1; 0 bears everything.
    :param least: so many must have failed, whatever the share: two of two say nothing.
    """
    return share > 0 and failed >= max(least, 1) and failed >= share * (failed + went)
