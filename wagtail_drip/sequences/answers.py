"""The answers of other systems that a step reads, and which of them no step of the sequence asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from wagtail_drip.sequences.blocks import tree

_ANSWER = re.compile(r"\bwebhook\.([A-Za-z0-9_]+)\.")
ASKS = "call_webhook"


def unasked_in(child: Any, places: Iterable[tree.Place]) -> list[str]:
    """Return the names of answers that the step *child* reads and that none of *places* asks for, in order."""
    read = _read_by(child)
    if not read:
        return []
    asked = {
        (place.child.value.get("name") or "").strip() for place in places if place.child.block.name == ASKS
    }
    return sorted(set(read) - asked)


def _read_by(child: Any) -> list[str]:
    block, value = child.block, child.value
    # Texts, and what the compiled step carries: the same that the engine will read, paths left out.
    sources = [*block.texts(value).values(), *_texts_in(block.settings_of(value))]
    return [name for source in sources for name in _ANSWER.findall(source)]


def _texts_in(settings: Any) -> Iterator[str]:
    if isinstance(settings, str):
        yield settings
    elif isinstance(settings, dict):
        for each in settings.values():
            yield from _texts_in(each)
    elif isinstance(settings, list | tuple):
        for each in settings:
            yield from _texts_in(each)
