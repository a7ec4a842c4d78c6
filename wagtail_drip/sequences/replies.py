"""What somebody wrote back, compared with the words an editor waits for. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANYTHING, CONTAINS, IS = "anything", "contains", "is"

_BETWEEN = re.compile(r"[,;\n，、；]")
# What people put around a one-word answer: "Yes!", "“ok”", " 好。"
_AROUND = " \t\r\n.,;:!?\"'“”‘’()。，！？；：、"


def words_of(written: str) -> list[str]:
    """Return the words or phrases of a list as an editor types it, with commas of either script between them."""
    return [word for part in _BETWEEN.split(written) if (word := part.strip(_AROUND))]


def says(text: str, *, how: str, words: Sequence[str]) -> bool:
    """
    Tell whether a reply is, or contains, one of *words*, without regard to case or what stands around them.

    :param how: ``anything``, ``contains`` or ``is``.
    """
    if how == ANYTHING:
        return True
    said = text.strip(_AROUND).casefold()
    if how == IS:
        return any(said == word.casefold() for word in words)
    return any(word.casefold() in said for word in words)
