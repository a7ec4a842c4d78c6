"""Reading a value out of an answer, and writing values into a template. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def find(document: object, path: str) -> object:
    """
    Return what stands at a dotted path such as ``messages.0.id``, or None.

    A name that itself holds dots is tried whole first; '' is the document.
    """
    if not path:
        return document
    if isinstance(document, Mapping) and path in document:
        found: object = document[path]
        return found
    step, _, rest = path.partition(".")
    if isinstance(document, Mapping):
        return find(document[step], rest) if step in document else None
    if isinstance(document, Sequence) and not isinstance(document, str) and step.isdecimal():
        return find(document[int(step)], rest) if int(step) < len(document) else None
    return None


def find_text(document: object, path: str | None) -> str:
    """Return the text, number or truth value at *path* as text, and '' for everything else."""
    value = None if path is None else find(document, path)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def placeholders(template: object) -> Iterator[str]:
    """Yield the name of every placeholder in *template*."""
    if isinstance(template, str):
        yield from _PLACEHOLDER.findall(template)
    elif isinstance(template, Mapping):
        for item in template.values():
            yield from placeholders(item)
    elif isinstance(template, Sequence):
        for item in template:
            yield from placeholders(item)


def fill(template: object, values: Mapping[str, str | int | None]) -> object:
    """
    Return *template* with its placeholders replaced.

    A text that is nothing but a placeholder keeps the value's type, and its name is left out where the value
    is None or ''. Values are never read as templates again.
    """
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole:
            return values[whole[1]]
        return _PLACEHOLDER.sub(
            lambda match: "" if values[match[1]] is None else str(values[match[1]]), template
        )
    if isinstance(template, Mapping):
        filled = {name: fill(item, values) for name, item in template.items()}
        return {
            name: item
            for name, item in filled.items()
            if item not in (None, "") or template[name] in (None, "")
        }
    if isinstance(template, Sequence):
        return [fill(item, values) for item in template]
    return template
