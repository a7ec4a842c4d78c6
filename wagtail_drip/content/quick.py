"""
The short way for texts that only show values: no interpreter, a list of parts put together. Pure.

Most texts are words and ``{{ contact.first_name | default: "friend" }}``. For these, and only while their values
are ordinary, this gives what the interpreter would have given, at a twentieth of the cost. Whatever is out of
the ordinary (a value that is missing, no text and no number, too long) is left to the interpreter, which alone knows what to
do then: the two can differ in speed only, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from liquid.ast import Node
from liquid.builtin import content, output
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.arguments import PositionalArgument
from liquid.builtin.expressions.primitive import StringLiteral

# These ask a dictionary or a list about itself where it has no such key.
_ASKS = frozenset({"size", "first", "last"})
_LARGEST = 10**18

Quick = Callable[[Mapping[str, Any]], str | None]


class _Shown(NamedTuple):
    root: str
    name: str
    instead: str | None  # the default's words; None where there is no default


def compiled(nodes: Sequence[Node], *, longest_value: int, longest_text: int) -> Quick | None:
    """
    Return what makes the text from its values, or None if the text has anything but words and plain outputs.

    :param longest_value: in characters, as ``plain`` cuts them; *longest_text* in bytes.
    :return: a function that returns None where the interpreter has to be asked.
    """
    parts: list[str | _Shown] = []
    for node in nodes:
        if type(node) is content.ContentNode:
            parts.append(node.text)
            continue
        shown = _shown(node)
        if shown is None:
            return None
        parts.append(shown)
    places = [(place, part) for place, part in enumerate(parts) if isinstance(part, _Shown)]
    words = [part if isinstance(part, str) else "" for part in parts]

    def render(variables: Mapping[str, Any]) -> str | None:
        made = words.copy()
        for place, (root, name, instead) in places:
            holder = variables.get(root)
            if type(holder) is not dict:
                return None
            value: Any = holder.get(name)
            kind = type(value)
            if kind is int:
                if not -_LARGEST < value < _LARGEST:
                    return None
                made[place] = str(value)
            elif kind is str and value:
                if len(value) > longest_value or (instead is None and value.isspace()):
                    return None
                made[place] = value
            elif instead is not None and (value is None or kind is str):
                made[place] = instead
            else:
                return None
        text = "".join(made)
        return text if _is_ordinary(text, longest_text) else None

    return render


def _is_ordinary(text: str, longest: int) -> bool:
    if "\r" in text:  # The interpreter makes a new line of it.
        return False
    if text.isascii():
        return len(text) <= longest
    try:
        return len(text.encode()) <= longest
    except UnicodeEncodeError:
        return False


def _shown(node: Node) -> _Shown | None:
    if not isinstance(node, output.OutputNode) or type(node.expression) is not FilteredExpression:
        return None
    left, filters = node.expression.left, node.expression.filters or []
    if type(left) is not Path or len(left.path) != 2:
        return None
    root, name = left.path
    if not isinstance(root, str) or not isinstance(name, str) or name in _ASKS:
        return None
    if not filters:
        return _Shown(root, name, None)
    if len(filters) > 1 or filters[0].name != "default" or len(filters[0].args) != 1:
        return None
    (given,) = filters[0].args
    if type(given) is not PositionalArgument or type(given.value) is not StringLiteral:
        return None
    return _Shown(root, name, given.value.value)
